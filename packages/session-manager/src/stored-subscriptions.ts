/** Subscriptions that are kept with a session that outlives its connection. */
import type { Context, Stack, Steps, Store } from '@mqtt-stack/core'
import { grantedQoS } from '@mqtt-stack/core'

export function* storeSubscription(
  stack: Stack,
  ctx: Context<'subscribeTopic'>,
  store: Store<'subscribeTopic'>,
): Steps {
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
  yield stack.run('storeSubscription', record, stored)
  store.existed = stored.existed
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
