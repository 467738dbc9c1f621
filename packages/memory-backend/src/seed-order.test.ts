/** The seed's own example puts the backend first: the stack works as well in any order. */
import { Authentication } from '@mqtt-stack/authentication'
import { Authorize } from '@mqtt-stack/authorize'
import { Connection } from '@mqtt-stack/connection'
import type { MiddlewareLike } from '@mqtt-stack/core'
import { InboundManager } from '@mqtt-stack/inbound-manager'
import { KeepAlive } from '@mqtt-stack/keepalive'
import { LastWill } from '@mqtt-stack/lastwill'
import { OutboundManager } from '@mqtt-stack/outbound-manager'
import { RetainManager } from '@mqtt-stack/retain-manager'
import { SessionManager } from '@mqtt-stack/session-manager'
import { SubscriptionManager } from '@mqtt-stack/subscription-manager'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { everybody } from '../../../test/rig/everybody.ts'
import { stopAtEnd } from '../../../test/rig/stop-at-end.ts'
import { MemoryBackend } from './index.ts'

/** The order in which the seed lists its middlewares, after the backend of its example. */
const seedOrder = (): MiddlewareLike[] => [
  new MemoryBackend(),
  everybody,
  new Authentication(),
  new Authorize(),
  new Connection(),
  new InboundManager(),
  new KeepAlive(),
  new LastWill(),
  new OutboundManager(),
  new RetainManager(),
  new SessionManager(),
  new SubscriptionManager({ subscriptions: 3 }),
]

describe('a stack with its backend first', () => {
  it('relays, retains, keeps sessions and publishes wills', async () => {
    const test = await testStack(...seedOrder())
    stopAtEnd(test)
    const { client } = test
    const will = { topic: 'will', payload: Buffer.from('gone'), qos: 1, retain: false } as const
    const alice = await client({ clientId: 'alice', will })
    const bob = await client({ clientId: 'bob', clean: false })
    await alice.publish('kept', 'hello', { retain: true })
    await bob.subscribe(['t', 'kept', 'will'], { qos: 2 })
    expect(await bob.message()).toMatchObject({ topic: 'kept', payload: 'hello', retain: true })
    for (const qos of [0, 1, 2] as const) {
      await alice.publish('t', String(qos), { qos })
      expect(await bob.message()).toMatchObject({ payload: String(qos), qos })
    }
    await bob.disconnect()
    await alice.publish('t', 'missed', { qos: 2 })
    await alice.drop()
    const back = await client({ clientId: 'bob', clean: false })
    expect(await back.message()).toMatchObject({ payload: 'missed', qos: 2 })
    expect(await back.message()).toMatchObject({ topic: 'will', payload: 'gone' })
    expect(test.logger.errors).toEqual([])
  })

  it('subscribes nobody to what is refused behind it', async () => {
    const rule: MiddlewareLike = {
      name: 'Rule',
      subscribeTopic({ topic }, store) {
        if (topic === 'secret') store.grant = false
      },
    }
    const test = await testStack(...seedOrder(), rule)
    stopAtEnd(test)
    const bob = await test.client({ clientId: 'bob', clean: false })
    expect(await bob.subscribe(['secret', 'a', 'b', 'c', 'd'])).toMatchObject({
      granted: [0x80, 0, 0, 0, 0x80],
    })
    const alice = await test.client()
    for (const topic of ['secret', 'd', 'a']) await alice.publish(topic, 'x')
    expect(await bob.message()).toMatchObject({ topic: 'a' })
    await bob.expectNothing('publish')
  })
})

describe('a stack of few', () => {
  it('relays QoS 0, 1 and 2 with nothing but a backend and the three managers', async () => {
    const test = await testStack(
      new MemoryBackend(),
      new SubscriptionManager(),
      new InboundManager(),
      new OutboundManager(),
      acceptAll(),
    )
    stopAtEnd(test)
    const bob = await test.client()
    const alice = await test.client()
    await bob.subscribe('t', { qos: 2 })
    for (const qos of [0, 1, 2] as const) {
      await alice.publish('t', String(qos), { qos })
      expect(await bob.message()).toMatchObject({ payload: String(qos), qos })
    }
    await bob.unsubscribe('t')
    await alice.publish('t', 'x', { qos: 1 })
    await bob.expectNothing('publish')
    expect(test.logger.errors).toEqual([])
  })

  it('relays without an outbound manager to whoever answers forwardMessage in its place', async () => {
    const sender: MiddlewareLike = {
      name: 'Sender',
      forwardMessage({ client, packet }) {
        client.publish(packet, 0, false, false, 0)
      },
    }
    const backend = new MemoryBackend()
    const test = await testStack(
      sender,
      new SubscriptionManager(),
      new InboundManager(),
      backend,
      acceptAll(),
    )
    stopAtEnd(test)
    const bob = await test.client()
    await bob.subscribe('t')
    await (await test.client()).publish('t', 'hello', { qos: 1 })
    expect(await bob.message()).toMatchObject({ payload: 'hello' })
  })
})
