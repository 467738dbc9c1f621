/** Fair turns: work that may be long goes on in pieces, so that everybody else is read in between. */

import type { Clock } from './clock.ts'
import type { EndOfTurn, Turn } from './turn.ts'

/**
 * Milliseconds that one piece of work may take before it rests, while others rest. Alone it has the whole turn: a burst of
 * 16 messages to 500 subscribers would otherwise go out in many small writes.
 */
const PIECE = 3
/** Clients that read on in a turn in the middle of a large packet: what they read is read behind their piece. */
const READERS = 6
/** Bytes of large packets that are read in a turn before those who read them rest. */
const READ = 524_288
/** Milliseconds that all pieces together may take in one turn of the event loop. */
const TURN = 10

/**
 * Shares out the turns of the event loop. Work whose length a client chooses looks at {@link spent} between its steps,
 * and rests when it is true: `if (pace.spent) yield pace.rest()` in steps, `await pace.rest()` elsewhere. Between two
 * turns every socket is read, so nobody waits longer than a turn and the longest single step.
 *
 * A turn begins when the first work of it asks, and ends after the poll phase, behind the writes.
 */
export class Pace implements EndOfTurn {
  /**
   * Steps done since somebody looked at the clock, told by {@link count}. A step is some work of about a microsecond: a
   * level of a topic tree, a receiver of a message.
   */
  steps = 0
  readonly #clock: Clock
  readonly #turn: Turn
  /** Who rests, in the order of asking. */
  readonly #resting: (() => void)[] = []
  /** Who rests in the middle of a large packet. */
  readonly #readers: (() => void)[] = []
  /** How many of them rested when this turn began: nobody goes on twice in a turn. */
  #due = 0
  #open = false
  /** Bytes of large packets that were read in this turn. */
  #read = 0
  #turnBegan = 0
  #pieceBegan = 0

  constructor(clock: Clock, turn: Turn) {
    this.#clock = clock
    this.#turn = turn
  }

  /** Whether the time of this piece of work, or of this turn, is used up. Looks at the clock: not for every message. */
  get spent(): boolean {
    this.steps = 0
    const now = this.#clock.now()
    if (!this.#open) {
      this.enter(now)
      return false
    }
    return now - this.#turnBegan >= TURN || (this.crowded && now - this.#pieceBegan >= PIECE)
  }

  /** Whether somebody rests. */
  get crowded(): boolean {
    return this.#resting.length > 0
  }

  /** Begins a piece of work, for those who know the time anyway. Without it a piece begins with the turn. */
  enter(now: number): void {
    this.steps = 0
    this.#pieceBegan = now
    if (!this.#open) this.#begin(now)
  }

  /** Tells of steps whose number a client chose, so that {@link steps} says when a look at the clock is due. */
  count(steps: number): void {
    this.steps += steps
  }

  /**
   * Tells of bytes that came of a large packet, and answers whether its client is to rest by {@link restReading}: the
   * runtime would read up to 2 MiB of each socket in a turn. While others rest everyone reads one chunk when it is its turn.
   */
  haveRead(bytes: number): boolean {
    if (!this.#open) this.enter(this.#clock.now())
    this.#read += bytes
    return this.#readers.length > 0 || this.#read >= READ || this.spent
  }

  /** Resolves in a later turn, behind those who asked before. Never rejects. */
  rest(): Promise<void> {
    if (!this.#open) this.enter(this.#clock.now())
    return new Promise((resolve) => this.#resting.push(resolve))
  }

  /** As {@link rest}, for who goes on by reading from its socket: a few of them in a turn. */
  restReading(): Promise<void> {
    if (!this.#open) this.enter(this.#clock.now())
    return new Promise((resolve) => this.#readers.push(resolve))
  }

  /** For the turn: the sockets were read and the outboxes emptied. */
  endTurn(): void {
    this.#open = false
    this.#resting.push(...this.#readers.splice(0, READERS))
    this.#due = this.#resting.length
    if (this.#due === 0) return
    this.#begin(this.#clock.now())
    this.#next()
  }

  #begin(now: number): void {
    this.#open = true
    this.#turnBegan = now
    this.#read = 0
    this.#turn.behind(this)
  }

  /** Lets one more go on, as long as there is time. */
  readonly #next = (): void => {
    const now = this.#clock.now()
    if (this.#due === 0 || now - this.#turnBegan >= TURN) return
    this.#due--
    this.#pieceBegan = now
    this.#resting.shift()?.()
    // Its piece is done in microtasks: all of them run before the tick.
    queueMicrotask(this.#afterPiece)
  }

  readonly #afterPiece = (): void => process.nextTick(this.#next)
}
