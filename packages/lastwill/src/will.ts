import type { Account, Publish, Will } from '@mqtt-stack/core'

/** What a will costs to keep besides its message, in bytes. */
const WILL_COST = 1_024

/** The will of a connection, which is counted until it is published, dropped or left to the session's backend. */
export class CountedWill implements Will {
  readonly packet: Publish
  readonly delay: number
  dueAt: number | undefined = undefined
  /** Where it is counted. */
  readonly account: Account
  #kept = true

  private constructor(packet: Publish, delay: number, account: Account) {
    this.packet = packet
    this.delay = delay
    this.account = account
  }

  /** A will that is counted; nothing where there is no memory for it. */
  static keep(packet: Publish, delay: number, account: Account): CountedWill | undefined {
    return account.keep(packet, WILL_COST, delay > 0) ? new CountedWill(packet, delay, account) : undefined
  }

  /** It is not counted here any more. */
  giveUp(): void {
    if (!this.#kept) return
    this.#kept = false
    this.account.giveUp(this.packet, WILL_COST)
  }
}
