/** What the stack says of the handlers in it. */

import type { Client } from '../client.ts'
import type { RulesOf } from './rule.ts'

/** Context and store of each. */
export interface HandlerCallbacks {
  /**
   * A handler has not answered for the stall timeout.
   * @executedBy core
   * @answeredBy anyone
   */
  handlerStalled: {
    ctx: {
      /** Its name. */
      middleware: string
      /** The callback, or `handle publish` and the like. */
      callback: string
      client: Client | undefined
      /** When it was called, by the stack's clock (ms). */
      since: number
    }
    store: object
  }
}

/** Their rules. */
export const HANDLERS: RulesOf<HandlerCallbacks> = {
  handlerStalled: { merge: 'told' },
}
