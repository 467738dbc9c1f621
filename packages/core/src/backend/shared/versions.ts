import { StackError } from '../../errors/index.ts'
import type { Clock } from '../../time/index.ts'
import type { Peers } from './peers.ts'

/** Who waits until all nodes know the routes of a version. */
interface Waiter {
  readonly version: number
  readonly settled: Promise<void>
  readonly end: (error?: StackError) => void
}

/** Which version of this node's routes each other node is known to know, and who waits for that. */
export class Versions {
  readonly #peers: Peers
  readonly #clock: Clock
  readonly #patience: number
  /** Filters that not all nodes are known to know, and the version that they came with. */
  readonly #unmarked = new Map<string, number>()
  /** The version that each node has marked. */
  readonly #marked = new Map<string, number>()
  #waiters: Waiter[] = []
  #last = 0

  /** @param patience How long somebody waits at the most, in ms. */
  constructor(peers: Peers, clock: Clock, patience: number) {
    this.#peers = peers
    this.#clock = clock
    this.#patience = patience
  }

  /** The version of the last change that was told. */
  get last(): number {
    return this.#last
  }

  /** What is told now. */
  next(): number {
    return ++this.#last
  }

  /** A filter comes with what is told next. */
  begin(topic: string): void {
    this.#unmarked.delete(topic)
    this.#unmarked.set(topic, this.#last + 1)
  }

  /** It is not there any more. */
  end(topic: string): void {
    this.#unmarked.delete(topic)
  }

  /** Whether not all nodes are known to know a filter. */
  isOpen(topic: string): boolean {
    const version = this.#unmarked.get(topic)
    return version !== undefined && !this.#isMarked(version)
  }

  /** Fulfils when all nodes know a filter; nothing where they do already. */
  settled(topic: string): Promise<void> | undefined {
    if (this.#unmarked.size === 0) return undefined
    if (this.#peers.live.size === 0) {
      this.#unmarked.clear()
      return undefined
    }
    const version = this.#unmarked.get(topic)
    return version === undefined ? undefined : this.wait(version)
  }

  /** Fulfils when all live nodes have marked a version; rejects with `STORE_FAILED` where that takes too long. */
  wait(version: number): Promise<void> {
    if (this.#isMarked(version)) return Promise.resolve()
    // The filters of a packet come with one version.
    const last = this.#waiters.at(-1)
    if (last?.version === version) return last.settled
    let end!: Waiter['end']
    const settled = new Promise<void>((resolve, reject) => {
      end = (error) => {
        timer.cancel()
        if (error === undefined) resolve()
        else reject(error)
      }
    })
    const one: Waiter = { version, settled, end }
    const timer = this.#clock.after(this.#patience, () => {
      this.#waiters = this.#waiters.filter((waiter) => waiter !== one)
      end(new StackError('STORE_FAILED', 'other nodes have not heard of a subscription in time'))
    })
    this.#waiters.push(one)
    return settled
  }

  /** A node knows the routes up to a version. */
  mark(node: string, version: number): void {
    if (version <= (this.#marked.get(node) ?? 0)) return
    this.#marked.set(node, version)
    this.judge()
  }

  /** A node gets all that there is before it does anything else. */
  begun(node: string): void {
    this.#marked.set(node, this.#last)
  }

  /** A node is no more. */
  forget(node: string): void {
    this.#marked.delete(node)
  }

  /** Something was told, or somebody is not waited for any more. */
  judge(): void {
    for (const [topic, version] of this.#unmarked) {
      if (!this.#isMarked(version)) break
      this.#unmarked.delete(topic)
    }
    if (this.#waiters.length === 0) return
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) {
      if (this.#isMarked(waiter.version)) waiter.end()
      else this.#waiters.push(waiter)
    }
  }

  /** This node stops: whoever waits is told. */
  close(): void {
    for (const { end } of this.#waiters) end(new StackError('STORE_FAILED', 'this node stops'))
    this.#waiters = []
  }

  #isMarked(version: number): boolean {
    if (version > this.#last) return false
    for (const node of this.#peers.live) if ((this.#marked.get(node) ?? 0) < version) return false
    return true
  }
}
