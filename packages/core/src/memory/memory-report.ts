import type { Account } from './account.ts'
import type { Ledger } from './ledger.ts'

/** Milliseconds between two reports. */
const REPORT_EVERY = 60_000

/** Tells a person when memory was refused, once in a while and not each time. */
export class MemoryReport {
  readonly #ledger: Ledger
  #told = 0
  #at = Number.NEGATIVE_INFINITY

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** What there is to tell at `now`, in ms; nothing for most of the time. */
  next(now: number): string | undefined {
    const { refusals, refused, held, ceiling, owners } = this.#ledger
    if (refusals === this.#told || refused === undefined || now - this.#at < REPORT_EVERY) return undefined
    const times = refusals - this.#told
    this.#told = refusals
    this.#at = now
    const last = `the last time for ${nameOf(refused)}, which holds ${refused.held} bytes`
    return `memory was refused ${times} times, ${last}; ${owners} owners hold ${held} of ${ceiling} bytes`
  }
}

/** An identity is whatever users may be called: it must not forge log lines. */
function nameOf({ owner }: Account): string {
  return owner === '' ? 'what has no owner' : JSON.stringify(owner)
}
