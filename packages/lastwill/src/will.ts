import type { Account, Publish } from '@mqtt-stack/core'

/** What a will costs to keep besides its message, in bytes. */
const WILL_COST = 1_024

/** The will of a connection, which is counted until it was published or is dropped. */
export class Will {
  readonly message: Publish
  /** Seconds between the connection's end and its publication (5.0). */
  readonly delay: number
  /** Where it is counted. */
  readonly account: Account
  #kept = true

  private constructor(message: Publish, delay: number, account: Account) {
    this.message = message
    this.delay = delay
    this.account = account
  }

  /** A will that is counted; nothing where there is no memory for it. */
  static keep(message: Publish, delay: number, account: Account): Will | undefined {
    return account.keep(message, WILL_COST, delay > 0) ? new Will(message, delay, account) : undefined
  }

  /** It is not kept any more. */
  giveUp(): void {
    if (!this.#kept) return
    this.#kept = false
    this.account.giveUp(this.message, WILL_COST)
  }
}
