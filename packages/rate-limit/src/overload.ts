import type { Log, Resolved } from '@mqtt-stack/core'
import { ReasonCode } from '@mqtt-stack/core'
import type { Measures } from './measures.ts'
import type { RateLimitOptions } from './options.ts'
import type { Refusal } from './refusal.ts'

/** It is over when there is so much less than the limit: clients are not refused and let in by turns. */
const OVER = 0.9

/** Refuses new clients while memory is short or the event loop is late, so that those who are there do not suffer. */
export class Overload {
  readonly #limits: Pick<Resolved<RateLimitOptions>, 'memory' | 'loopDelay'>
  readonly #measure: () => Measures
  readonly #log: Log
  /** Why new clients are refused now. */
  refusal: Refusal | undefined = undefined

  constructor(
    limits: Pick<Resolved<RateLimitOptions>, 'memory' | 'loopDelay'>,
    measure: () => Measures,
    log: Log,
  ) {
    this.#limits = limits
    this.#measure = measure
    this.#log = log
  }

  /** Measures, and decides until the next time; tells a person of what changed. */
  look(): void {
    const was = this.refusal
    this.refusal = this.#judge(this.#measure(), was)
    if (this.refusal?.reasonCode === was?.reasonCode) return
    if (this.refusal === undefined) this.#log.event('overload.ended', {})
    else this.#log.event('overload.began', { cause: this.refusal.reason })
  }

  #judge({ memory, loopDelay }: Measures, was: Refusal | undefined): Refusal | undefined {
    const limits = this.#limits
    const isAbove = (value: number, limit: number, { reasonCode }: Refusal): boolean =>
      limit > 0 && value > (was?.reasonCode === reasonCode ? limit * OVER : limit)
    if (isAbove(memory, limits.memory, SHORT)) return SHORT
    if (isAbove(loopDelay, limits.loopDelay, BUSY)) return BUSY
    return undefined
  }
}

const SHORT: Refusal = { reasonCode: ReasonCode.QUOTA_EXCEEDED, reason: 'memory is short (memory)' }
const BUSY: Refusal = { reasonCode: ReasonCode.SERVER_BUSY, reason: 'the event loop is late (loopDelay)' }
