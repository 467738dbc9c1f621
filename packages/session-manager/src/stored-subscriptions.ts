/** Subscriptions that are kept with a session that outlives its connection. */
import type { Context, Stack, Steps, Store } from '@mqtt-stack/core'
import { grantedQoS, settleWith } from '@mqtt-stack/core'

/** Keeps a subscription. Where that takes time it is waited for with the other filters of the packet; where it fails the filter is refused. */
export function storeSubscription(
  stack: Stack,
  ctx: Context<'subscribeTopic'>,
  store: Store<'subscribeTopic'>,
): void {
  const { client, packet, topic, options, identifier } = ctx
  const { id: clientId, epoch } = client
  const record = {
    client,
    packet,
    clientId,
    epoch,
    topic,
    qos: grantedQoS(ctx, store),
    options,
    identifier,
  }
  const stored: Store<'storeSubscription'> = {}
  const later = stack.run('storeSubscription', record, stored)
  store.existed = stored.existed
  if (later === undefined) return
  const known = (): void => {
    store.existed = stored.existed
  }
  settleWith(stack, ctx, store, later.finally(known))
}

export function* removeSubscription(
  stack: Stack,
  ctx: Context<'unsubscribeTopic'>,
  store: Store<'unsubscribeTopic'>,
): Steps {
  const { client, clientId, epoch, topic } = ctx
  const removed: Store<'removeSubscription'> = {}
  yield stack.run('removeSubscription', { client, clientId, epoch, topic }, removed)
  store.existed = removed.existed
}
