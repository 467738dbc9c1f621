/** Places in a session's log, and the packet identifiers that follow from them. */

/** How many packet identifiers there are: 1 to 65,535. */
const IDENTIFIERS = 65_535

/** The packet identifier of a place in a session: it survives a crash with the place. */
export function packetIdOf(sequence: number): number {
  return 1 + ((sequence - 1) % IDENTIFIERS)
}

/** What {@link Sequences} asks about a log; a Map by sequence answers it too. */
export interface LogEntries {
  readonly size: number
  has(sequence: number): boolean
  /** All sequences, in any order. */
  keys(): Iterable<number>
}

/**
 * Hands out the sequences of one log: each is higher than the last. A sequence whose packet identifier belongs to a
 * message that is still in the log is passed over, so that one message that is never acknowledged holds back no other.
 */
export class Sequences {
  #last: number
  /** First sequence behind the round of identifiers that we are in; 0 before the first. */
  #roundEnd = 0
  /** By packet identifier: what an earlier round left in the log. */
  #late: Map<number, number> | undefined

  /** @param last The highest sequence that was handed out before; 0 for a new log. */
  constructor(last = 0) {
    this.#last = last
  }

  /** The highest that was handed out; 0 for none. */
  get last(): number {
    return this.#last
  }

  /** The sequence for a message that is put into the log now. */
  next(log: LogEntries): number {
    let sequence = this.#last + 1
    // A log that holds as many messages as there are identifiers cannot give each its own: then a message waits for one.
    while (log.size < IDENTIFIERS && this.#isInUse(sequence, log)) sequence++
    this.#last = sequence
    return sequence
  }

  #isInUse(sequence: number, log: LogEntries): boolean {
    if (sequence >= this.#roundEnd) this.#beginRound(sequence, log)
    // A backend that commits later may have put it there since the round began.
    if (sequence > IDENTIFIERS && log.has(sequence - IDENTIFIERS)) return true
    const late = this.#late?.get(packetIdOf(sequence))
    return late !== undefined && log.has(late)
  }

  /** Once in 65,535 messages, and after a restart: within a round no identifier comes twice. */
  #beginRound(sequence: number, log: LogEntries): void {
    const start = sequence - packetIdOf(sequence) + 1
    this.#roundEnd = start + IDENTIFIERS
    this.#late = undefined
    if (start === 1) return
    for (const earlier of log.keys()) {
      if (earlier >= start) continue
      this.#late ??= new Map()
      this.#late.set(packetIdOf(earlier), earlier)
    }
  }
}
