import assert from 'node:assert/strict'
import type { CallbackName } from '@mqtt-stack/core'
import { RelayContext, RelayStore } from '@mqtt-stack/core'
import type { Bench } from '../bench.ts'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'
import { makeMessage } from '../message.ts'
import type { Session } from '../session.ts'

/** The callbacks of a backend, each with a context, and a store where it is no plain object. */
const CALLS: Readonly<Partial<Record<CallbackName, (session: Session) => readonly [object, object?]>>> = {
  openSession: ({ client }) => [
    {
      client,
      packet: { cmd: 'connect' },
      clientId: 'late',
      identity: undefined,
      cleanStart: false,
      expiryInterval: 60,
    },
  ],
  closeSession: ({ address }) => [{ ...address, expiryInterval: 60 }],
  lookupExpiredSessions: () => [{ now: 0, limit: 1 }, []],
  lookupDueWills: () => [{ now: 0, limit: 1 }, []],
  removeWill: () => [{ id: 1 }],
  storeSubscription: ({ address, client }) => [
    { ...address, client, topic: 't', qos: 0, options: { topic: 't', qos: 0 }, identifier: undefined },
  ],
  removeSubscription: ({ address, client }) => [{ ...address, client, topic: 't' }],
  clearSubscriptions: ({ address, client }) => [{ ...address, client, packet: undefined }],
  lookupSubscriptions: ({ clientId, client }) => [{ client, clientId, packet: { cmd: 'connect' } }, []],
  subscribeTopic: ({ client }) => [
    {
      client,
      packet: { cmd: 'subscribe', subscriptions: [] },
      topic: 't',
      qos: 0,
      options: { topic: 't', qos: 0 },
      identifier: undefined,
      share: undefined,
      restored: false,
    },
  ],
  unsubscribeTopic: ({ client }) => [{ client, packet: { cmd: 'unsubscribe' }, topic: 't' }],
  relayMessage: () => [
    new RelayContext(undefined, makeMessage(), { clientId: '', identity: undefined }, undefined),
    new RelayStore(),
  ],
  handOnMessage: () => [
    { clientId: 'alice', share: { group: 'g', filter: 't' }, packet: makeMessage(), qos: 1, expiresAt: 0 },
  ],
  storeOfflineMessage: ({ address }) => [
    {
      ...address,
      client: undefined,
      packet: makeMessage(),
      messageId: 1,
      qos: 1,
      retain: false,
      identifiers: undefined,
      expiresAt: 0,
      share: undefined,
    },
  ],
  lookupOfflineMessages: ({ client, clientId }) => [{ client, clientId }, []],
  releaseOfflineMessages: ({ address }) => [{ ...address, messageIds: [1], sequences: [1] }],
  removeOfflineMessages: ({ address }) => [{ ...address, messageIds: [1], sequences: [1] }],
  clearOfflineMessages: ({ address }) => [address],
  storeInboundMessage: ({ address }) => [{ ...address, packetId: 1 }],
  releaseInboundMessages: ({ address }) => [{ ...address, packetIds: [1] }],
  storeRetainedMessage: () => [
    { client: undefined, topic: 't', packet: makeMessage(), messageId: 1, expiresAt: 0 },
  ],
  lookupSessions: () => [{ limit: 1 }, []],
  purgeMessages: () => [{ filter: '#' }, { waiting: 0, retained: 0, wills: 0 }],
  lookupRetainedMessages: () => [{ topic: '#' }, []],
}

export const stopped: Chapter = chapter('after stop', undefined, (check) => {
  for (const [name, argumentsOf] of Object.entries(CALLS)) {
    check(`${name} fails with BACKEND_STOPPED`, async (bench) => {
      const session = await bench.open('alice')
      await session.subscribe('t')
      await bench.stop()
      const [ctx, store = {}] = argumentsOf(session)
      await assert.rejects(call(bench, name, ctx, store), { code: 'BACKEND_STOPPED' })
    })
  }
})

async function call(bench: Bench, name: string, ctx: object, store: object): Promise<void> {
  const { backend } = bench
  const handler = backend[name as 'relayMessage'] as unknown
  await (handler as (this: object, ctx: object, store: object) => void | Promise<void>).call(
    backend,
    ctx,
    store,
  )
}
