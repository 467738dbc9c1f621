/** What a session holds when its client comes: its subscriptions again, or nothing. */
import type { Client, ConnectPacket, Stack, Steps, Store, SubscriptionRecord } from '@mqtt-stack/core'
import { shareOf } from '@mqtt-stack/core'
import { opening } from './opening.ts'

/** Brings back what the session holds, or makes sure that it holds nothing. */
export function* restore(
  stack: Stack,
  client: Client,
  packet: ConnectPacket,
  opened: Store<'openSession'>,
): Steps {
  // A store that knows nothing but subscriptions, as the seed's, tells by them whether there is a session.
  const unknown = packet.clean === false && !stack.answers('openSession')
  if (opened.present !== true && !unknown) yield* clear(stack, client, packet)
  else if ((yield* resubscribe(stack, client, packet)) > 0) opened.present = true
}

/** Subscribes again to what was stored; what is not allowed any more is given up. Answers how many there were. */
function* resubscribe(stack: Stack, client: Client, packet: ConnectPacket): Steps<number> {
  const { clientId } = client.session
  const records: SubscriptionRecord[] = []
  const state = opening.of(client)
  yield stack.run('lookupSubscriptions', { client, packet, clientId }, records)
  const { pace } = stack
  /** Filters that are waited for at once. */
  const waiting = new Map<string, Store<'subscribeTopic'>>()
  for (const { topic, options, identifier } of records) {
    if (pace.spent) yield pace.rest()
    if (state.isRevoked(topic)) continue
    // As it was asked for: who allowed less then may allow more now, and is asked again.
    const { qos } = options
    const ctx = { client, packet, topic, qos, options, identifier, share: shareOf(topic), restored: true }
    const store: Store<'subscribeTopic'> = {}
    yield stack.run('subscribeTopic', ctx, store)
    if (store.settled !== undefined && !isRefused(store)) waiting.set(topic, store)
    else if (isRefused(store) || state.isRevoked(topic)) yield giveUp(stack, client, packet, topic)
  }
  for (const [topic, store] of waiting) {
    yield store.settled
    if (isRefused(store) || state.isRevoked(topic)) yield giveUp(stack, client, packet, topic)
  }
  return records.length
}

function isRefused({ grant }: Store<'subscribeTopic'>): boolean {
  return grant === false || (grant ?? 0) >= 0x80
}

function giveUp(stack: Stack, client: Client, packet: ConnectPacket, topic: string): void | Promise<void> {
  const { epoch, session } = client
  const { clientId } = session
  return stack.run('unsubscribeTopic', { client, clientId, epoch, session, packet, topic }, {})
}

/** Whatever an earlier session of this client left goes. */
function* clear(stack: Stack, client: Client, packet: ConnectPacket): Steps {
  const { id: clientId, epoch } = client
  yield stack.run('clearSubscriptions', { client, packet, clientId, epoch }, {})
  yield stack.run('clearOfflineMessages', { clientId, epoch }, {})
}
