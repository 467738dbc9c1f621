/** What a filter is granted on its way through subscribeTopic. */

import type { QoS } from '../packets/index.ts'
import { ReasonCode } from '../packets/index.ts'
import type { SubscribeContext, SubscribeStore } from './callbacks/index.ts'
import type { Stack } from './stack.ts'

/** The QoS granted so far: what was asked for, unless somebody before allowed less. Not for a refusal. */
export function grantedQoS({ qos }: Pick<SubscribeContext, 'qos'>, { grant }: SubscribeStore): QoS {
  return typeof grant === 'number' ? (Math.min(qos, grant) as QoS) : qos
}

/**
 * Has a filter wait for work together with all others of its packet (`settled`). Where the work fails that is told, and the filter is refused.
 */
export function settleWith(
  stack: Pick<Stack, 'fail'>,
  { packet }: Pick<SubscribeContext, 'packet'>,
  store: SubscribeStore,
  work: Promise<void>,
): void {
  const settled = work.catch((error: Error) => {
    stack.fail(error, undefined, packet)
    store.grant = ReasonCode.UNSPECIFIED_ERROR
  })
  store.settled = store.settled === undefined ? settled : Promise.all([store.settled, settled]).then(() => {})
}
