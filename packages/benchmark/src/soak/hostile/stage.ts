import type { Ports } from './broker.ts'
import { Peer } from './peer.ts'

/** How often what became of the doings of one kind, in words: `refused 0x86`. */
export type Outcomes = Record<string, number>

/** One kind of hostile clients. */
export interface Act {
  readonly name: string
  readonly about: string
  /** How many do it at a time. */
  readonly actors: number
  /** Outcomes that must be there after a while: that a limit or a rule held. */
  readonly must: readonly RegExp[]
  /** Outcomes that must never be there. */
  readonly never?: readonly RegExp[]
  /** One round of one of them: it must end soon when the stage is over. */
  play(stage: Stage, actor: number, round: number): Promise<void>
  /** Takes away what would otherwise stay for good. */
  tidy?(stage: Stage): Promise<void>
}

/** What a kind of hostile clients acts on: opens connections, which end with it, and counts what became of them. */
export class Stage {
  readonly ports: Ports
  readonly outcomes: Outcomes = {}
  readonly #peers = new Set<Peer>()
  /** Of those who pause. */
  readonly #wakers = new Set<() => void>()
  #isOver = false

  constructor(ports: Ports) {
    this.ports = ports
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** @param from The address that it seems to come from. */
  open(from: string = address()): Peer {
    const peer = new Peer(this.ports.world, from)
    this.#peers.add(peer)
    void peer.ended.then(() => this.#peers.delete(peer))
    return peer
  }

  /** What was cut short because it is over is no outcome. */
  note(outcome: string, count = 1): void {
    if (this.#isOver && outcome === 'left') return
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + count
  }

  /** So many ms, or until it is over. */
  pause(ms: number): Promise<void> {
    if (this.#isOver) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#wakers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      this.#wakers.add(wake)
    })
  }

  /** How a connection ends within so many ms; `still open` where it does not. */
  async end(peer: Peer, within: number): Promise<string> {
    return await Promise.race([peer.ended, this.pause(within).then(() => 'still open')])
  }

  /** Nobody begins another round; connections that are open end. */
  close(): void {
    this.#isOver = true
    for (const wake of this.#wakers) wake()
    for (const peer of this.#peers) peer.break()
  }
}

let last = 0

/** One of 200 addresses that nobody has (TEST-NET-2). */
export function address(): string {
  last = (last + 1) % 200
  return `198.51.100.${last + 1}`
}
