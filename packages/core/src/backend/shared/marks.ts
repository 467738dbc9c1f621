import type { Clock, Timer } from '../../time/index.ts'
import type { Sender } from './sender.ts'
import { UntilRoom } from './until-room.ts'

/** The marks that this node gives: what it sends behind one it sends in knowledge of the routes that it is of. */
export class Marks {
  readonly #sender: Sender
  readonly #clock: Clock
  readonly #patience: number
  #held: Promise<void> | undefined
  /** Of nodes with too much waiting: the last version of each owner, for a mark is of all before it too. */
  readonly #late: UntilRoom<Map<string, number>>

  /** @param patience How long marks are held up at the most, in ms. */
  constructor(sender: Sender, clock: Clock, patience: number) {
    this.#sender = sender
    this.#clock = clock
    this.#patience = patience
    this.#late = new UntilRoom(sender, clock, (marker, versions) => {
      for (const [owner, version] of versions) this.giveNow(marker, owner, version, 0)
    })
  }

  /**
   * Work sends something in the name of another node: marks that are asked for by a tag come behind it, so that who gets one has all that
   * was sent before. Those of mere subscriptions do not wait.
   */
  holdUntil(work: Promise<unknown>): void {
    let timer: Timer | undefined
    const late = new Promise<void>((resolve) => {
      timer = this.#clock.after(this.#patience, resolve)
    })
    const before = this.#held
    const done = work.then(
      () => {},
      () => {},
    )
    const held: Promise<void> = Promise.all([before, Promise.race([done, late])]).then(() => {
      timer?.cancel()
      if (this.#held === held) this.#held = undefined
    })
    this.#held = held
  }

  /** @param owner Whose routes it is of. */
  give(marker: string, owner: string, version: number, tag: number): void {
    if (tag === 0 && this.#late.delays(marker))
      this.#late.set(marker, this.#lastOf(marker).set(owner, version))
    else if (this.#held === undefined || tag === 0) this.giveNow(marker, owner, version, tag)
    else void this.#held.then(() => this.give(marker, owner, version, tag))
  }

  /** Without a wait: what is sent behind this call is behind the mark. */
  giveNow(marker: string, owner: string, version: number, tag: number): void {
    this.#sender.send(marker, { kind: 'mark', owner, version, tag })
  }

  /** A node is not there any more. */
  drop(marker: string): void {
    this.#late.drop(marker)
  }

  /** Nothing is put off any more. */
  close(): void {
    this.#late.tellAll()
  }

  #lastOf(marker: string): Map<string, number> {
    return this.#late.of(marker) ?? new Map<string, number>()
  }
}
