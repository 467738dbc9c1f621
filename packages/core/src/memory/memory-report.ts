import type { Account } from './account.ts'
import type { Ledger } from './ledger.ts'

/** Milliseconds between two reports. */
const REPORT_EVERY = 60_000

/** What a person is told. */
export interface Refused {
  readonly count: number
  /** The last that was refused something, and the bytes that it holds. */
  readonly owner: string
  readonly held: number
  /** How many hold how many bytes, of how many. */
  readonly owners: number
  readonly total: number
  readonly ceiling: number
}

/** Tells a person when memory was refused, once in a while and not each time. */
export class MemoryReport {
  readonly #ledger: Ledger
  #told = 0
  #at = Number.NEGATIVE_INFINITY

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** What there is to tell at `now`, in ms; nothing for most of the time. */
  next(now: number): Refused | undefined {
    const { refusals, refused, held, ceiling, owners } = this.#ledger
    if (refusals === this.#told || refused === undefined || now - this.#at < REPORT_EVERY) return undefined
    const count = refusals - this.#told
    this.#told = refusals
    this.#at = now
    return { count, owner: nameOf(refused), held: refused.held, owners, total: held, ceiling }
  }
}

/** An identity is whatever users may be called: it must not forge log lines. */
function nameOf({ owner }: Account): string {
  return owner === '' ? 'what has no owner' : JSON.stringify(owner)
}
