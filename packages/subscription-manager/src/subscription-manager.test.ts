/** SubscriptionManager alone: subscribeTopic and unsubscribeTopic are answered by plain objects. */
import type { Client, Context, MiddlewareLike, Store } from '@mqtt-stack/core'
import type { TestClient, TestStack } from '@mqtt-stack/testing'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { stopAtEnd } from '../../../test/rig/stop-at-end.ts'
import type { SubscriptionManagerOptions } from './index.ts'
import { SubscriptionManager } from './index.ts'

interface Alone extends TestStack {
  device: TestClient
  peer: Client
  /** What was executed, in order: `subscribe a/b at 1`. */
  calls: string[]
}

/** The middleware, a table of subscriptions that grants what `grants` says, or what was asked for. */
async function alone(
  options: SubscriptionManagerOptions = {},
  grants: Record<string, Store<'subscribeTopic'>['grant'] | Error> = {},
): Promise<Alone> {
  const calls: string[] = []
  const known = new Set<string>()
  const table: MiddlewareLike = {
    name: 'Table',
    async subscribeTopic(ctx: Context<'subscribeTopic'>, store: Store<'subscribeTopic'>) {
      await null
      const { topic, qos } = ctx
      calls.push(`subscribe ${topic} at ${qos}`)
      const grant = topic in grants ? grants[topic] : qos
      if (grant instanceof Error) throw grant
      store.existed = known.has(topic)
      known.add(topic)
      store.grant = grant
    },
    async unsubscribeTopic({ topic }: Context<'unsubscribeTopic'>, store: Store<'unsubscribeTopic'>) {
      await null
      calls.push(`unsubscribe ${topic}`)
      store.existed = known.delete(topic)
    },
    topicSubscribed: ({ topic, qos, existed }: Context<'topicSubscribed'>) =>
      void calls.push(`subscribed ${topic} at ${qos}${existed ? ' again' : ''}`),
  }
  const test = await testStack(new SubscriptionManager(options), table, acceptAll())
  stopAtEnd(test)
  const device = await test.client()
  const [peer] = test.stack.clients
  return Object.assign(test, { device, peer, calls })
}

describe('SUBSCRIBE', () => {
  it('[MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-2.3.1-7] is answered by SUBACK with its identifier', async () => {
    const { device } = await alone()
    expect(await device.subscribe('a', { messageId: 65_535 })).toMatchObject({
      cmd: 'suback',
      messageId: 65_535,
    })
  })

  it('[MQTT-3.8.4-4] [MQTT-3.8.4-5] [MQTT-3.9.3-1] is handled filter by filter, and answered in one, in order', async () => {
    const { device, calls } = await alone({}, { c: 1 })
    const filters = [
      { topic: 'a', qos: 0 },
      { topic: 'b', qos: 1 },
      { topic: 'c', qos: 2 },
      { topic: 'a', qos: 2 },
    ] as const
    expect(await device.subscribe(filters)).toMatchObject({ granted: [0, 1, 1, 2] })
    expect(calls).toEqual([
      'subscribe a at 0',
      'subscribe b at 1',
      'subscribe c at 2',
      'subscribe a at 2',
      'subscribed a at 0',
      'subscribed b at 1',
      'subscribed c at 1',
      'subscribed a at 2 again',
    ])
  })

  it('[MQTT-3.9.3-2] says 0x80 for what is refused, however it is refused, and goes on with the others', async () => {
    const grants = { a: false, b: 0x87, c: undefined, d: new Error('no room') } as const
    const { device, calls, logger } = await alone({}, grants)
    expect(await device.subscribe(['a', 'b', 'c', 'd', 'e'])).toMatchObject({
      granted: [0x80, 0x80, 0x80, 0x80, 0],
    })
    expect(calls.filter((call) => call.startsWith('subscribed'))).toEqual(['subscribed e at 0'])
    expect(logger.errors).toEqual(['Table (subscribeTopic): no room'])
    expect(await device.subscribe('f')).toMatchObject({ granted: [0] })
  })

  it('takes back what was stored before it was refused, but nothing that was there before', async () => {
    const { device, calls } = await alone({}, { new: 0x87 })
    await device.subscribe('new')
    expect(calls).toEqual(['subscribe new at 0', 'unsubscribe new'])
    calls.length = 0
    const grants: Record<string, number> = {}
    const other = await alone({}, grants)
    await other.device.subscribe('old')
    grants.old = 0x87
    await other.device.subscribe('old')
    expect(other.calls).toEqual(['subscribe old at 0', 'subscribed old at 0', 'subscribe old at 0'])
  })

  it('is asked with client, packet, topic and qos, as in the seed', async () => {
    let seen: Context<'subscribeTopic'> | undefined
    const table: MiddlewareLike = {
      name: 'Table',
      subscribeTopic(ctx: Context<'subscribeTopic'>, store: Store<'subscribeTopic'>) {
        seen = ctx
        store.grant = ctx.qos
      },
      unsubscribeTopic() {},
    }
    const test = await testStack(new SubscriptionManager(), table, acceptAll())
    stopAtEnd(test)
    const device = await test.client()
    const [client] = test.stack.clients
    await device.subscribe('a/+', { qos: 1 })
    expect(seen).toMatchObject({
      client,
      topic: 'a/+',
      qos: 1,
      restored: false,
      packet: { cmd: 'subscribe' },
    })
  })
})

describe('the limit of subscriptions', () => {
  it('refuses what passes it; to subscribe again needs no room', async () => {
    const { device, calls } = await alone({ subscriptions: 2 })
    expect(await device.subscribe(['a', 'b', 'c'])).toMatchObject({ granted: [0, 0, 0x80] })
    expect(await device.subscribe('a', { qos: 1 })).toMatchObject({ granted: [1] })
    expect(calls).not.toContain('subscribe c at 0')
  })

  it('has room again after UNSUBSCRIBE, once a filter', async () => {
    const { device } = await alone({ subscriptions: 2 })
    await device.subscribe(['a', 'b'])
    await device.unsubscribe(['a', 'a', 'nothing'])
    expect(await device.subscribe(['c', 'd'])).toMatchObject({ granted: [0, 0x80] })
  })

  it('is not used up by refused filters', async () => {
    const { device } = await alone({ subscriptions: 1 }, { a: 0x87, b: new Error('no room') })
    expect(await device.subscribe(['a', 'b', 'c'])).toMatchObject({ granted: [0x80, 0x80, 0] })
  })

  it('counts what a resumed session brings along, and each client by itself', async () => {
    const { device, peer: client, stack, client: connect } = await alone({ subscriptions: 2 })
    const packet = { cmd: 'connect', clientId: client.id } as Context<'subscribeTopic'>['packet']
    const options = { topic: 'old', qos: 1 } as const
    const ctx = {
      client,
      packet,
      ...options,
      options,
      identifier: undefined,
      share: undefined,
      restored: true,
    }
    await stack.call('subscribeTopic', ctx)
    await stack.call('subscribeTopic', { ...ctx, topic: 'older' })
    const { id: clientId, epoch, session } = client
    await stack.call('unsubscribeTopic', {
      client,
      clientId,
      epoch,
      session,
      topic: 'older',
      packet: packet as never,
    })
    expect(await device.subscribe(['a', 'b'])).toMatchObject({ granted: [0, 0x80] })
    const other = await connect()
    expect(await other.subscribe(['a', 'b'])).toMatchObject({ granted: [0, 0] })
  })
})

describe('UNSUBSCRIBE', () => {
  it('[MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.10.4-6] is answered once for all filters, known or not', async () => {
    const { device, calls } = await alone()
    await device.subscribe('a')
    calls.length = 0
    expect(await device.unsubscribe(['a', 'b'], { messageId: 9 })).toMatchObject({
      cmd: 'unsuback',
      messageId: 9,
    })
    expect(calls).toEqual(['unsubscribe a', 'unsubscribe b'])
    expect(await device.unsubscribe('c')).toMatchObject({ cmd: 'unsuback' })
  })
})

describe('the stack around it', () => {
  it('must have somebody who subscribes', async () => {
    await expect(testStack(new SubscriptionManager(), acceptAll())).rejects.toMatchObject({
      code: 'CALLBACK_UNANSWERED',
    })
  })
})
