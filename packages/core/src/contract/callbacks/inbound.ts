/** The packet identifiers of QoS 2 messages that a client is not done with. */

import type { RulesOf } from './rule.ts'
import type { SessionContext } from './sessions.ts'

/** Context and store of each. */
export interface InboundCallbacks {
  /**
   * Keeps the identifier of a QoS 2 message that is not relayed.
   * @executedBy inbound-manager
   * @answeredBy backend
   */
  storeInboundMessage: { ctx: SessionContext & { packetId: number }; store: object }

  /**
   * These QoS 2 identifiers are free again.
   * @executedBy inbound-manager on PUBREL
   * @answeredBy backend
   */
  releaseInboundMessages: { ctx: SessionContext & { packetIds: readonly number[] }; store: object }
}

/** Their rules. */
export const INBOUND: RulesOf<InboundCallbacks> = {
  storeInboundMessage: { merge: 'one' },
  releaseInboundMessages: { merge: 'one' },
}
