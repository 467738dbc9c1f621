/** Subscriptions in the whole stack: which messages come, how often, and at which QoS. */
import type { Context, MiddlewareLike, Store } from '@mqtt-stack/core'
import { Publish, RelayContext, RelayStore } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { settle } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'

async function topicsOf(client: TestClient): Promise<string[]> {
  await settle()
  return client.received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.topic] : []))
}

describe.each(BACKENDS)('a subscription on a backend %s', (_name, backend) => {
  it('[MQTT-3.8.4-5] [MQTT-3.9.3-1] is granted the QoS that was asked for, and delivers at the lower one', async () => {
    const { client } = await defaultStack({ backend })
    const alice = await client()
    for (const granted of [0, 1, 2] as const) {
      const bob = await client()
      expect(await bob.subscribe('t', { qos: granted })).toMatchObject({ granted: [granted] })
      for (const qos of [0, 1, 2] as const) {
        await alice.publish('t', 'x', { qos })
        expect(await bob.message()).toMatchObject({ qos: Math.min(qos, granted), retain: false, dup: false })
      }
    }
  })

  it('[MQTT-3.3.5-1] [MQTT-3.8.4-6] that overlaps others delivers once, at the highest QoS granted', async () => {
    const { client } = await defaultStack({ backend })
    const alice = await client()
    for (const clean of [true, false]) {
      const bob = await client({ clean, clientId: `bob ${clean}` })
      await bob.subscribe([
        { topic: 'a/b', qos: 0 },
        { topic: 'a/+', qos: 2 },
        { topic: '#', qos: 1 },
        { topic: 'a/b/#', qos: 0 },
      ])
      await alice.publish('a/b', 'both', { qos: 2 })
      await alice.publish('a', 'one', { qos: 2 })
      expect(await bob.message()).toMatchObject({ payload: 'both', qos: 2 })
      expect(await bob.message()).toMatchObject({ payload: 'one', qos: 1 })
      await bob.expectNothing('publish')
      await bob.unsubscribe(['a/+', '#', 'a/b', 'a/b/#'])
    }
  })

  it('[MQTT-3.8.4-3] replaces the one before it with the same filter', async () => {
    const { client, memory } = await defaultStack({ backend })
    const alice = await client()
    for (const clean of [true, false]) {
      const bob = await client({ clean, clientId: 'bob' })
      await bob.subscribe('t', { qos: 2 })
      expect(await bob.subscribe('t', { qos: 0 })).toMatchObject({ granted: [0] })
      await alice.publish('t', 'x', { qos: 2 })
      expect(await bob.message()).toMatchObject({ qos: 0 })
      await bob.expectNothing('publish')
      expect(memory.stats.subscriptions).toBe(1)
      await bob.unsubscribe('t')
      await bob.disconnect()
      expect(memory.stats.subscriptions).toBe(0)
    }
  })

  it('[MQTT-3.10.4-1] [MQTT-3.10.4-2] ends with UNSUBSCRIBE of the very same filter', async () => {
    const { client } = await defaultStack({ backend })
    const alice = await client()
    for (const clean of [true, false]) {
      const bob = await client({ clean, clientId: 'bob' })
      await bob.subscribe(['a/+', 'a/b'], { qos: 1 })
      await bob.unsubscribe(['a/#', 'A/b', 'a/b/'])
      await alice.publish('a/b', 'still', { qos: 1 })
      expect(await bob.message()).toMatchObject({ payload: 'still' })
      await bob.unsubscribe(['a/b', 'a/+'])
      await alice.publish('a/b', 'no more', { qos: 1 })
      await bob.expectNothing('publish')
      await bob.drop()
    }
    const back = await client({ clean: false, clientId: 'bob' })
    await alice.publish('a/b', 'no more', { qos: 1 })
    await back.expectNothing('publish')
  })

  it('[MQTT-3.10.4-3] that ends lets what is on its way be completed', async () => {
    const { client, memory } = await defaultStack({ backend, outboundManager: { inflight: 1 } })
    const alice = await client()
    for (const clean of [true, false]) {
      const bob = await client({ clean, clientId: 'bob', autoAck: false })
      await bob.subscribe('t', { qos: 2 })
      for (const payload of ['1', '2']) await alice.publish('t', payload, { qos: 2 })
      await bob.unsubscribe('t')
      for (const payload of ['1', '2']) {
        const packet = await bob.next('publish')
        expect(packet.payload.toString()).toBe(payload)
        bob.send({ cmd: 'pubrec', messageId: packet.messageId })
        const { messageId } = await bob.next('pubrel')
        bob.send({ cmd: 'pubcomp', messageId })
      }
      await bob.expectNothing('publish')
      await bob.drop()
    }
    expect(memory.stats.messages).toBe(0)
  })

  it('[MQTT-4.5.0-1] of a session that is away collects QoS 1 and 2, and no QoS 0', async () => {
    const { client } = await defaultStack({ backend })
    const bob = await client({ clean: false, clientId: 'bob' })
    await bob.subscribe('t', { qos: 1 })
    await bob.disconnect()
    const alice = await client()
    for (const qos of [0, 1, 2] as const) await alice.publish('t', String(qos), { qos })
    const back = await client({ clean: false, clientId: 'bob' })
    expect(await back.message()).toMatchObject({ payload: '1', qos: 1, dup: false })
    expect(await back.message()).toMatchObject({ payload: '2', qos: 1, dup: false })
    await back.expectNothing('publish')
  })

  it('ends with a clean session, and is nobody else’s', async () => {
    const { client, memory } = await defaultStack({ backend })
    const bob = await client({ clientId: 'bob' })
    await bob.subscribe(['a', 'b/#'])
    await bob.drop()
    const other = await client({ clientId: 'bob' })
    await (await client()).publish('a', 'x')
    await other.expectNothing('publish')
    expect(memory.stats.subscriptions).toBe(0)
  })

  it('may be limited; stored ones count when the session is resumed', async () => {
    const { client } = await defaultStack({ backend, subscriptionManager: { subscriptions: 2 } })
    const bob = await client({ clean: false, clientId: 'bob' })
    expect(await bob.subscribe(['a', 'b', 'c'])).toMatchObject({ granted: [0, 0, 0x80] })
    await bob.drop()
    const back = await client({ clean: false, clientId: 'bob' })
    expect(await back.subscribe(['c', 'a'])).toMatchObject({ granted: [0x80, 0] })
    await back.unsubscribe('b')
    expect(await back.subscribe('c')).toMatchObject({ granted: [0] })
    await (await client()).publish('b', 'x')
    await back.expectNothing('publish')
  })

  it('may be granted less, or be refused, by a rule of a user', async () => {
    const rule: MiddlewareLike = {
      name: 'Rule',
      subscribeTopic({ topic }: Context<'subscribeTopic'>, store: Store<'subscribeTopic'>) {
        if (topic === 'less') store.grant = 1
        if (topic === 'secret') store.grant = false
      },
    }
    const { client, memory } = await defaultStack({ backend, use: [rule] })
    const bob = await client({ clean: false, clientId: 'bob' })
    expect(await bob.subscribe(['less', 'secret', 'free'], { qos: 2 })).toMatchObject({
      granted: [1, 0x80, 2],
    })
    const alice = await client()
    for (const topic of ['less', 'secret', 'free']) await alice.publish(topic, 'x', { qos: 2 })
    expect(await bob.message()).toMatchObject({ topic: 'less', qos: 1 })
    expect(await bob.message()).toMatchObject({ topic: 'free', qos: 2 })
    expect(memory.stats.subscriptions).toBe(2)
    await bob.drop()
    const back = await client({ clean: false, clientId: 'bob' })
    await alice.publish('secret', 'x', { qos: 2 })
    await back.expectNothing('publish')
  })
})

describe('clients of every version', () => {
  it('get each other’s messages at every QoS, live, retained and kept', async () => {
    const { client } = await defaultStack()
    for (const from of [3, 4, 5] as const) {
      const alice = await client({ protocolVersion: from })
      for (const to of [3, 4, 5] as const) {
        const clientId = `bob of ${to} for ${from}`
        const bob = await client({ protocolVersion: to, clientId })
        const properties = to === 5 ? { sessionExpiryInterval: 60 } : undefined
        const session = { protocolVersion: to, clientId: `away ${clientId}`, clean: false, properties }
        const away = await client(session)
        for (const one of [bob, away]) await one.subscribe('t', { qos: 2 })
        await away.disconnect()
        for (const qos of [0, 1, 2] as const)
          await alice.publish('t', `${from} ${qos}`, { qos, retain: true })
        const back = await client(session)
        for (const qos of [0, 1, 2] as const) {
          expect(await bob.message()).toMatchObject({ payload: `${from} ${qos}`, qos, retain: false })
          if (qos > 0)
            expect(await back.message()).toMatchObject({ payload: `${from} ${qos}`, qos, dup: false })
        }
        const late = await client({ protocolVersion: to })
        await late.subscribe('t', { qos: 2 })
        expect(await late.message()).toMatchObject({ payload: `${from} 2`, qos: 2, retain: true })
        await alice.publish('t', '', { retain: true })
        for (const one of [bob, back, late]) await one.disconnect()
      }
    }
  })
})

describe('topic filters', () => {
  const TOPICS = ['a', 'a/b', 'a/b/c', '/', '/a', 'a/', 'a//b', 'b', 'é', '$SYS/a', '$a', 'A']
  const MATCHES: Record<string, readonly string[]> = {
    '#': ['a', 'a/b', 'a/b/c', '/', '/a', 'a/', 'a//b', 'b', 'é', 'A'],
    '+': ['a', 'b', 'é', 'A'],
    'a/#': ['a', 'a/b', 'a/b/c', 'a/', 'a//b'],
    'a/+': ['a/b', 'a/'],
    'a/+/#': ['a/b', 'a/b/c', 'a/', 'a//b'],
    'a/+/b': ['a//b'],
    '+/+': ['a/b', '/', '/a', 'a/'],
    '/+': ['/', '/a'],
    '+/b/c': ['a/b/c'],
    '+/b/#': ['a/b', 'a/b/c'],
    'a/b/c/#': ['a/b/c'],
    '$SYS/#': ['$SYS/a'],
    '$SYS/+': ['$SYS/a'],
    '+/a': ['/a'],
    é: ['é'],
    'e\u0301': [],
  }

  it('[MQTT-4.7.1-2] [MQTT-4.7.1-3] [MQTT-4.7.2-1] [MQTT-4.7.3-4] match by level, $ apart, characters as they are', async () => {
    // The broker's own messages, because clients may not publish to $ topics.
    const { client, stack } = await defaultStack()
    const readers = new Map<string, TestClient>()
    for (const filter of Object.keys(MATCHES)) {
      const reader = await client()
      await reader.subscribe(filter)
      readers.set(filter, reader)
    }
    const self = { clientId: '', identity: undefined }
    // Twice: the second time answers are remembered.
    for (const topic of [...TOPICS, ...TOPICS]) {
      const packet = Publish.from({ topic, payload: 'x' })
      await stack.call('relayMessage', new RelayContext(undefined, packet, self, undefined), new RelayStore())
    }
    await settle()
    for (const [filter, reader] of readers) {
      expect([filter, await topicsOf(reader)]).toEqual([filter, [...MATCHES[filter], ...MATCHES[filter]]])
    }
  })

  it('[MQTT-3.3.2-3] deliver with the topic of the message, not the filter', async () => {
    const { client } = await defaultStack()
    const bob = await client()
    await bob.subscribe('+/#')
    await (await client()).publish('x/y/z', 'hello')
    expect(await bob.message()).toMatchObject({ topic: 'x/y/z' })
  })

  it('that come and go do not disturb others, nor their remembered answers', async () => {
    const { client } = await defaultStack()
    const bob = await client()
    const carol = await client()
    const alice = await client()
    await bob.subscribe('a/+')
    for (let i = 0; i < 5; i++) {
      await carol.subscribe(['a/b', '#', 'a/+'])
      await alice.publish('a/b', 'x')
      await carol.unsubscribe(['a/b', '#', 'a/+'])
      await alice.publish('a/b', 'x')
    }
    expect(await topicsOf(bob)).toHaveLength(10)
    expect(await topicsOf(carol)).toHaveLength(5)
  })
})
