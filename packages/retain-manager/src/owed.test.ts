/** Retained messages that a session is owed: over a lost connection, and where the subscription changes meanwhile. */
import type { DueRetained, MiddlewareLike } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { messagesOf } from '../../../test/rig/bytes.ts'
import { due } from './due.ts'

/** Retained QoS 1 messages `r/000`, `r/001`, … */
async function keep(test: Broker5, count: number, qos: 1 | 2 = 1): Promise<void> {
  const publisher = await test.client({ clientId: 'publisher' })
  for (let i = 0; i < count; i++)
    await publisher.publish(`r/${String(i).padStart(3, '0')}`, `${i}`, { qos, retain: true })
}

const payloads = (client: TestClient): string[] =>
  client.received.flatMap((packet) => (packet.cmd === 'publish' ? [String(packet.payload)] : []))

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`)

describe('retained messages that are owed when the connection is lost', () => {
  it.each([0, 1, 2] as const)(
    'come when the session is resumed, with retain handling %i or none',
    async (rh) => {
      const test = broker5()
      await keep(test, 5)
      const given = {
        clientId: 'slow',
        clean: false,
        properties: { sessionExpiryInterval: 300, receiveMaximum: 1 },
      }
      const first = await test.client({ ...given, autoAck: false })
      await first.subscribe('r/#', { qos: 1 })
      await test.seconds(0)
      expect(payloads(first)).toEqual(['0'])
      await first.drop()
      const second = await test.client(given)
      await test.seconds(0)
      // To subscribe again with retain handling 1 or 2 asks for nothing more, and loses nothing.
      if (rh > 0) await second.subscribe('r/#', { qos: 1, rh })
      await test.seconds(0)
      expect(new Set(payloads(second))).toEqual(new Set(numbers(5)))
    },
  )

  it('come in full, 3,000 of them in 3.1.1', async () => {
    const test = broker5({ backend: { sessionMessages: 5_000 } })
    await keep(test, 3_000)
    const given = { clientId: 'slow', clean: false, protocolVersion: 4 } as const
    const first = await test.client({ ...given, autoAck: false })
    await first.subscribe('r/#', { qos: 1 })
    await test.seconds(0)
    await first.drop()
    const second = await test.client(given)
    await test.seconds(1)
    expect(new Set([...payloads(first), ...payloads(second)]).size).toBe(3_000)
  })

  it('are owed no more when the session ends, or when the filter is given up', async () => {
    const test = broker5()
    await keep(test, 5)
    const given = { clientId: 'slow', properties: { sessionExpiryInterval: 300, receiveMaximum: 1 } }
    const first = await test.client({ ...given, clean: false, autoAck: false })
    await first.subscribe('r/#', { qos: 1 })
    await test.seconds(0)
    await first.unsubscribe('r/#')
    await first.drop()
    const second = await test.client({ ...given, clean: false })
    await test.seconds(0)
    // The second one was in the session's log by then.
    expect(payloads(second)).toEqual(['0', '1'])
    await second.drop()
    const third = await test.client({ ...given, clean: true })
    await test.seconds(0)
    expect(payloads(third)).toEqual([])
  })
})

describe('retained messages that are owed when the process ends', () => {
  /** Keeps what is due, as a store would that outlives the process. */
  function dueStore(): { middleware: MiddlewareLike; kept: Map<string, DueRetained> } {
    const kept = new Map<string, DueRetained>()
    const middleware: MiddlewareLike = {
      name: 'DueStore',
      async storeDueRetained({ topic, due: now }) {
        await undefined
        if (now === undefined) kept.delete(topic)
        else kept.set(topic, now)
      },
      async lookupDueRetained(_ctx, store) {
        await undefined
        store.push(...kept.values())
      },
    }
    return { middleware, kept }
  }

  const given = {
    clientId: 'slow',
    clean: false,
    properties: { sessionExpiryInterval: 300, receiveMaximum: 1 },
  }

  /** A client that was cut off behind the first of five messages, and of whom this process knows no more. */
  async function cutOff(test: Broker5): Promise<void> {
    await keep(test, 5)
    const first = await test.client({ ...given, autoAck: false })
    await first.subscribe('r/#', { qos: 1 })
    await test.seconds(0)
    const [{ session }] = [...test.broker.stack.clients].filter(({ id }) => id === 'slow')
    await first.drop()
    await test.seconds(0)
    due.set(session, undefined)
  }

  it('come all the same where a backend keeps what is due, each of them once', async () => {
    const { middleware, kept } = dueStore()
    const test = broker5({ use: [middleware] })
    await cutOff(test)
    // The second one waits in the session's log, and is kept as handed out with it.
    expect([...kept.values()]).toMatchObject([{ topic: 'r/#', qos: 1, after: 'r/001' }])
    const second = await test.client(given)
    await test.seconds(0)
    expect(payloads(second)).toEqual(numbers(5))
    expect(kept.size).toBe(0)
  })

  it('are kept from the SUBACK on, and no more behind UNSUBACK', async () => {
    const { middleware, kept } = dueStore()
    const test = broker5({ use: [middleware] })
    await keep(test, 5)
    const one = await test.client({ ...given, autoAck: false })
    await one.subscribe('r/#', { qos: 1 })
    expect(kept.has('r/#')).toBe(true)
    await one.unsubscribe('r/#')
    expect(kept.size).toBe(0)
  })

  it('stay kept for a filter that is subscribed to again while the rest of it is handed out', async () => {
    const { middleware, kept } = dueStore()
    const test = broker5({ use: [middleware] })
    const { memory } = test
    const one = await test.client(given)
    const gate = (): { opened: Promise<void>; open: () => void } => {
      let open = (): void => {}
      const opened = new Promise<void>((resolve) => (open = resolve))
      return { opened, open }
    }
    const [first, taken, second] = [gate(), gate(), gate()]
    const lookups = [first, second]
    const takes = [undefined, taken]
    const lookup = memory.lookupRetainedMessages.bind(memory)
    memory.lookupRetainedMessages = (ctx, store) =>
      Promise.resolve(lookups.shift()?.opened).then(() => lookup(ctx, store))
    const take = memory.subscribeTopic.bind(memory)
    memory.subscribeTopic = (ctx, store) =>
      Promise.resolve(takes.shift()?.opened).then(() => take(ctx, store))
    test.broker.stack.refresh()
    await one.subscribe('r/none', { qos: 1 })
    await test.seconds(0)
    const before = kept.get('r/none')?.since ?? 0
    const again = { topic: 'r/none', qos: 1, rh: 0, nl: false, rap: false } as const
    one.send({ cmd: 'subscribe', messageId: 9, subscriptions: [again] })
    await test.seconds(0)
    first.open()
    await test.seconds(0)
    taken.open()
    await test.seconds(0)
    expect(kept.get('r/none')?.since).toBeGreaterThan(before)
    second.open()
    await test.seconds(0)
    expect(kept.size).toBe(0)
  })

  it('do not come where the right to the filter was taken meanwhile', async () => {
    const { middleware, kept } = dueStore()
    let allowed = true
    const rules: MiddlewareLike = {
      name: 'Rules',
      authorizePacket({ packet }, store) {
        store.valid = allowed || packet.cmd !== 'subscribe'
      },
    }
    const test = broker5({ use: [rules, middleware] })
    await cutOff(test)
    allowed = false
    const second = await test.client(given)
    await test.seconds(0)
    // What is in the log was delivered by then.
    expect(payloads(second)).toEqual(['0', '1'])
    expect(kept.size).toBe(0)
  })
})

describe('a delivery of retained messages that fails', () => {
  it('begins again, when the session is resumed, with the message that could not be logged', async () => {
    let full = true
    const test = broker5()
    const { memory } = test
    const log = memory.storeOfflineMessage.bind(memory)
    memory.storeOfflineMessage = (ctx, store) => {
      if (full && ctx.packet.topic === 'r/002') throw new Error('the disk is full')
      return log(ctx, store)
    }
    test.broker.stack.refresh()
    await keep(test, 5)
    const given = { clientId: 'slow', clean: false, properties: { sessionExpiryInterval: 300 } }
    const first = await test.client(given)
    await first.subscribe('r/#', { qos: 1 })
    await test.seconds(0)
    expect(payloads(first)).toEqual(['0', '1'])
    full = false
    const second = await test.client(given)
    await test.seconds(0)
    // What it acknowledged in the turn of the failure comes once more.
    expect(payloads(second).slice(-3)).toEqual(['2', '3', '4'])
  })
})

describe('a delivery of retained messages that is under way', () => {
  it('[MQTT-3.8.4-3] goes on with the QoS and the identifier of the subscription that replaced its own', async () => {
    const test = broker5()
    await keep(test, 150, 2)
    const one = await test.client({ autoAck: false, properties: { receiveMaximum: 1 } })
    const subscribe = (qos: 0 | 2, subscriptionIdentifier: number, rh: number): void =>
      one.send({
        cmd: 'subscribe',
        messageId: subscriptionIdentifier,
        subscriptions: [{ topic: 'r/#', qos, rh, nl: false, rap: false }],
        properties: { subscriptionIdentifier },
      })
    subscribe(2, 7, 0)
    await test.seconds(0)
    expect(payloads(one)).toEqual(['0'])
    subscribe(0, 9, 2)
    await test.seconds(0)
    const first = one.received.find(({ cmd }) => cmd === 'publish')
    one.send({ cmd: 'pubrec', messageId: first?.messageId ?? 0 })
    await test.seconds(0)
    one.autoAck = true
    one.send({ cmd: 'pubcomp', messageId: first?.messageId ?? 0 })
    await test.seconds(1)
    const later = one.received.flatMap((packet) => (packet.cmd === 'publish' ? [packet] : [])).slice(2)
    expect(later).toHaveLength(148)
    expect(new Set(later.map(({ qos }) => qos))).toEqual(new Set([0]))
    expect(new Set(later.map(({ properties }) => properties?.subscriptionIdentifier))).toEqual(new Set([9]))
  })

  it('hands out no message that came live meanwhile, at QoS 2 neither', async () => {
    const test = broker5()
    await keep(test, 150, 2)
    const one = await test.client({ autoAck: false })
    await one.subscribe('r/#', { qos: 2 })
    await test.seconds(0)
    const publisher = await test.client()
    await publisher.publish('r/999', 'new', { qos: 2, retain: true })
    await test.seconds(0)
    one.autoAck = true
    for (const packet of [...one.received])
      if (packet.cmd === 'publish') one.send({ cmd: 'pubrec', messageId: packet.messageId ?? 0 })
    await test.seconds(1)
    expect(messagesOf(one).filter((message) => message.startsWith('r/999'))).toEqual(['r/999 new q2'])
    expect(new Set(payloads(one)).size).toBe(151)
  })

  it('is told as no stalled handler, however long its client takes', async () => {
    const test = broker5({ stack: { stallTimeout: 1_000 } })
    await keep(test, 5)
    const one = await test.client({ autoAck: false, properties: { receiveMaximum: 1 } })
    await one.subscribe('r/#', { qos: 1 })
    await test.seconds(60)
    expect(payloads(one)).toEqual(['0'])
    expect(test.logger.warnings).toEqual([])
    one.autoAck = true
    for (const packet of [...one.received])
      if (packet.cmd === 'publish') one.send({ cmd: 'puback', messageId: packet.messageId ?? 0 })
    await test.seconds(1)
    expect(payloads(one)).toEqual(numbers(5))
  })

  it.each(['new', 'replaced'])(
    'misses nothing of what comes while a slow backend takes the subscription, which is %s',
    async (what) => {
      const test = broker5()
      const { memory } = test
      const one = await test.client()
      if (what === 'replaced') await one.subscribe('r/#', { qos: 2 })
      const take = memory.subscribeTopic.bind(memory)
      let open = (): void => {}
      const gate = new Promise<void>((resolve) => (open = resolve))
      memory.subscribeTopic = (ctx, store) => gate.then(() => take(ctx, store))
      test.broker.stack.refresh()
      const subscription = { topic: 'r/#', qos: 2, nl: false, rap: false, rh: 0 } as const
      one.send({ cmd: 'subscribe', messageId: 9, subscriptions: [subscription] })
      await test.seconds(0)
      const publisher = await test.client()
      await publisher.publish('r/1', 'new', { qos: 2, retain: true })
      open()
      await test.seconds(1)
      const [message] = messagesOf(one)
      expect(messagesOf(one)).toEqual([message])
      // Live, or as what is retained for a new subscription: it depends on when the store has both.
      expect(message).toMatch(what === 'new' ? /^r\/1 new q2( r)?$/ : /^r\/1 new q2$/)
    },
  )

  it('is one for a filter, however often it stands in a packet', async () => {
    const lookups: string[] = []
    const test = broker5()
    const { memory } = test
    const lookup = memory.lookupRetainedMessages.bind(memory)
    memory.lookupRetainedMessages = (ctx, store) => {
      lookups.push(ctx.topic)
      return lookup(ctx, store)
    }
    test.broker.stack.refresh()
    const one = await test.client()
    const subscription = { topic: '+/x', qos: 0, nl: false, rap: false, rh: 0 } as const
    one.send({ cmd: 'subscribe', messageId: 1, subscriptions: Array(500).fill(subscription) })
    await test.seconds(0)
    expect(lookups).toEqual(['+/x'])
  })
})
