/** What a filter is granted on its way through subscribeTopic. */

import type { QoS } from '../packets/index.ts'
import type { SubscribeContext, SubscribeStore } from './callbacks/index.ts'

/** The QoS granted so far: what was asked for, unless somebody before allowed less. Not for a refusal. */
export function grantedQoS({ qos }: Pick<SubscribeContext, 'qos'>, { grant }: SubscribeStore): QoS {
  return typeof grant === 'number' ? (Math.min(qos, grant) as QoS) : qos
}
