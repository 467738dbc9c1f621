import type { Clock, Timer } from '../../time/index.ts'
import { Pause } from './pause.ts'
import type { Posted, SharedMap } from './shared-store.ts'

/** Entries that are asked for at a time. */
const PAGE = 500
/** Ms between two attempts where the store does not answer. */
const AGAIN = 1_000
/** Whoever waits for the feed waits so long at most, in ms. */
const PATIENCE = 10_000

interface Waiting {
  readonly position: string
  done(): void
}

/** Who takes what the feed brings. */
export interface FeedReceiver {
  /** All of the map is read anew: answers the position up to which that has all. */
  reload(): Promise<string>
  apply(entry: Posted): void
}

/** Follows the feed of retained messages, entry by entry, and says how far it has come. */
export class RetainedFeed {
  readonly #map: SharedMap
  readonly #clock: Clock
  readonly #receiver: FeedReceiver
  readonly #waiting = new Set<Waiting>()
  /** The question for the newest position that is under way, and the one that is asked behind it. */
  #asking: Promise<string> | undefined
  #asked: Promise<string> | undefined
  #applied = ''
  #stopped = false
  readonly #pause: Pause

  constructor(map: SharedMap, clock: Clock, receiver: FeedReceiver) {
    this.#map = map
    this.#clock = clock
    this.#pause = new Pause(clock)
    this.#receiver = receiver
  }

  /** Reads the map, and follows the feed from then on. */
  async start(): Promise<void> {
    this.#applied = await this.#receiver.reload()
    void this.#follow()
    await this.current()
  }

  stop(): void {
    this.#stopped = true
    this.#pause.end()
    for (const { done } of [...this.#waiting]) done()
  }

  /**
   * Fulfils when all is applied that any node had written before this call. Rejects where the store does not say how far that is;
   * fulfils after 10 s where the feed does not come so far.
   */
  async current(): Promise<void> {
    await this.reached(await this.#newest())
  }

  /** Fulfils when the entry at this position is applied, or after 10 s. */
  reached(position: string): Promise<void> | undefined {
    if (this.#applied >= position || this.#stopped) return undefined
    return new Promise((resolve) => {
      let timer: Timer | undefined
      const waiting: Waiting = {
        position,
        done: () => {
          timer?.cancel()
          this.#waiting.delete(waiting)
          resolve()
        },
      }
      this.#waiting.add(waiting)
      timer = this.#clock.after(PATIENCE, waiting.done)
    })
  }

  /** One question is under way, and all who ask meanwhile share the next: its answer is of a moment behind their call. */
  #newest(): Promise<string> {
    if (this.#asking === undefined) return this.#ask()
    this.#asked ??= this.#asking
      .catch(() => {})
      .then(() => {
        this.#asked = undefined
        return this.#ask()
      })
    return this.#asked
  }

  #ask(): Promise<string> {
    const asking = this.#map.position().finally(() => {
      if (this.#asking === asking) this.#asking = undefined
    })
    this.#asking = asking
    return asking
  }

  async #follow(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#next()
      } catch {
        // The store tells that it is out of reach.
        if (!this.#stopped) await this.#pause.wait(AGAIN)
      }
    }
  }

  async #next(): Promise<void> {
    const entries = await this.#map.changes(this.#applied, PAGE)
    if (this.#stopped) return
    if (entries === undefined) {
      this.#pass(await this.#receiver.reload())
      return
    }
    for (const entry of entries) {
      this.#receiver.apply(entry)
      this.#applied = entry.position
    }
    this.#pass(this.#applied)
  }

  #pass(position: string): void {
    this.#applied = position
    for (const waiting of [...this.#waiting]) if (waiting.position <= position) waiting.done()
  }
}
