/** On whose account the memory is that a connection holds of packets that are not complete or not handled. */
import type { Client } from '../contract/index.ts'
import type { Account } from '../memory/index.ts'
import { addressOf } from '../memory/index.ts'

export class InboxAccount {
  readonly #client: Client
  #account: Account | undefined
  #bytes = 0

  constructor(client: Client) {
    this.#client = client
  }

  /** Something is counted. */
  get holds(): boolean {
    return this.#bytes > 0
  }

  /**
   * Counts what is held now; false where there is no memory for it.
   * @param unfinished A part of it is of a packet that is not complete. What is complete waits for us, who read no
   * further: it is counted in any case.
   */
  count(bytes: number, unfinished: boolean): boolean {
    const more = bytes - this.#bytes
    if (more < 0) this.#account?.release(-more)
    else if (more > 0) {
      if (this.#bytes === 0) this.#account = this.#owner()
      if (this.#account?.charge(more, false) !== true) {
        if (unfinished) return false
        this.#account?.add(more)
      }
    }
    this.#bytes = bytes
    return true
  }

  /** Before the client is accepted nobody knows who it is: its address has the account. */
  #owner(): Account {
    const { stack, connected, listener } = this.#client
    return connected ? stack.ledger.accountOf(this.#client) : stack.ledger.account(addressOf(listener.remote))
  }
}
