/** Time that passes when a test says so. */
import type { Clock, Timer } from '@mqtt-stack/core'
import { settle } from './settle.ts'

interface Entry {
  due: number
  readonly task: () => void
  /** 0 for a timer that fires once. */
  readonly period: number
}

/** Where a virtual clock begins. */
export interface VirtualClockOptions {
  /** What `now()` says at first, in ms; 0 by default. */
  now?: number
  /** What `wall()` says at first, in ms since 1970; the first second of 2026 by default. */
  wall?: number
}

/**
 * A clock that stands still until {@link advance} or {@link leap} moves it. Timers fire in the order in which they are due, each at its
 * own time; those that are due together fire in the order in which they were set.
 */
export class VirtualClock implements Clock {
  #now: number
  #wall: number
  /** By time due; equal ones in the order of their coming. */
  readonly #entries: Entry[] = []
  #advancing: Promise<void> = Promise.resolve()

  constructor(options: VirtualClockOptions = {}) {
    this.#now = options.now ?? 0
    this.#wall = (options.wall ?? Date.UTC(2026, 0, 1)) - this.#now
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#entries.length
  }

  now(): number {
    return this.#now
  }

  wall(): number {
    return this.#wall + this.#now
  }

  /** Sets the wall clock, as an administrator does: no timer fires, and `now()` stays. */
  set(wall: number): void {
    this.#wall = wall - this.#now
  }

  /**
   * Says that the work under way takes `ms` milliseconds: for handlers of tests, which take no time otherwise. What
   * becomes due meanwhile fires at the next {@link advance}.
   */
  spend(ms: number): void {
    this.#now += ms
  }

  after(ms: number, task: () => void): Timer {
    return this.#add({ due: this.#now + Math.max(0, ms), task, period: 0 })
  }

  every(ms: number, task: () => void): Timer {
    const period = Math.max(1, ms)
    return this.#add({ due: this.#now + period, task, period })
  }

  /**
   * Lets `ms` milliseconds pass and fires what becomes due. Before the first timer, and after each moment at which
   * timers fired, everything that follows settles; no real time passes. Rejects with what a timer's task threw.
   */
  advance(ms: number): Promise<void> {
    const turn = this.#advancing.then(() => this.#advance(this.#now + ms))
    this.#advancing = turn.catch(() => {})
    return turn
  }

  /**
   * Lets `ms` milliseconds pass in one step, as while the event loop is held: what came due meanwhile fires once, then.
   * Also the quick way over days. Rejects with what a timer's task threw.
   */
  leap(ms: number): Promise<void> {
    const turn = this.#advancing.then(async () => {
      await settle()
      this.#now += ms
      await this.#advance(this.#now)
    })
    this.#advancing = turn.catch(() => {})
    return turn
  }

  async #advance(until: number): Promise<void> {
    await settle()
    while (this.#entries.length > 0 && this.#entries[0].due <= until) {
      this.#now = Math.max(this.#now, this.#entries[0].due)
      this.#fire()
      await settle()
    }
    this.#now = Math.max(this.#now, until)
  }

  /** Fires what is due at this very moment. */
  #fire(): void {
    const due = this.#entries.filter((entry) => entry.due <= this.#now)
    for (const entry of due) {
      // A task that fired just before may have cancelled it.
      if (!this.#remove(entry)) continue
      if (entry.period > 0) {
        entry.due = this.#now + entry.period
        this.#add(entry)
      }
      entry.task()
    }
  }

  #add(entry: Entry): Timer {
    let at = this.#entries.length
    while (at > 0 && this.#entries[at - 1].due > entry.due) at--
    this.#entries.splice(at, 0, entry)
    return { cancel: () => void this.#remove(entry) }
  }

  #remove(entry: Entry): boolean {
    const at = this.#entries.indexOf(entry)
    if (at >= 0) this.#entries.splice(at, 1)
    return at >= 0
  }
}
