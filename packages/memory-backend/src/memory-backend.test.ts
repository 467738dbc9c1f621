/** MemoryBackend alone: its callbacks, one by one, in the seed's contexts and in today's. */
import type { CallbackName, Client, Context, MiddlewareLike, QoS, Store } from '@mqtt-stack/core'
import { Publish, RelayContext, RelayStore } from '@mqtt-stack/core'
import type { TestStack } from '@mqtt-stack/testing'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { stopAtEnd } from '../../../test/rig/stop-at-end.ts'
import type { MemoryBackendOptions } from './index.ts'
import { MemoryBackend } from './index.ts'

interface Alone extends TestStack {
  backend: MemoryBackend
  forwarded: string[]
  /** A connection, and a session opened for it. */
  connect(): Promise<Client>
  openSession(
    given?: Partial<Context<'openSession'>>,
  ): Promise<Store<'openSession'> & { client: Client; clientId: string }>
  relay(packet: Publish, more?: Partial<RelayContext>): Promise<RelayStore>
}

/** A message as it came: a view of the socket's bytes. */
async function received(payload: string): Promise<Publish> {
  const packets: Publish[] = []
  const taker: MiddlewareLike = {
    name: 'Taker',
    handles: ['publish'],
    handle: (_client, packet) => void packets.push(packet as Publish),
  }
  const { client, settle } = await testStack(taker, acceptAll())
  const device = await client()
  const fields = { topic: 't', payload, qos: 1, retain: true, dup: false, messageId: 7 } as const
  device.send({ cmd: 'publish', ...fields })
  await settle()
  return packets[0]
}

async function alone(options?: MemoryBackendOptions, ...others: MiddlewareLike[]): Promise<Alone> {
  const backend = new MemoryBackend(options)
  const forwarded: string[] = []
  const sender: MiddlewareLike = {
    name: 'Sender',
    forwardMessage({ client, packet, qos, retain, sequence }: Context<'forwardMessage'>, store) {
      const place = sequence === undefined ? '' : ` (${sequence})`
      forwarded.push(`${client.id}: ${packet.payload} at ${qos}${retain ? ' retained' : ''}${place}`)
      store.outcome = 'sent'
    },
  }
  const test = await testStack(sender, ...others, backend, acceptAll())
  stopAtEnd(test)
  const { stack } = test
  const connect = async (): Promise<Client> => {
    await test.client()
    return [...stack.clients].at(-1)!
  }
  return Object.assign(test, {
    backend,
    forwarded,
    connect,
    async openSession(given: Partial<Context<'openSession'>> = {}) {
      const client = given.client ?? (await connect())
      const { clientId = 'bob', cleanStart = false, expiryInterval = 60, identity } = given
      const packet = { cmd: 'connect', clientId } as Context<'openSession'>['packet']
      const ctx = { client, packet, clientId, identity, cleanStart, expiryInterval }
      const store = await stack.call('openSession', ctx)
      Object.assign(client.session, { clientId, epoch: store.epoch, expiryInterval })
      return Object.assign(store, { client, clientId })
    },
    relay: (packet: Publish, more: Partial<RelayContext> = {}) => {
      const { client, publisher = { clientId: 'alice', identity: undefined }, inbound } = more
      return stack.call(
        'relayMessage',
        new RelayContext(client, packet, publisher, inbound),
        new RelayStore(),
      )
    },
  })
}

const message = (payload: string, qos: QoS = 0, retain = false): Publish =>
  Publish.from({ topic: 't', payload, qos, retain })

/** What a SUBSCRIBE asks for. */
function subscription(client: Client, topic: string, qos: QoS = 0) {
  const packet = { cmd: 'subscribe', subscriptions: [] } as never
  return {
    client,
    packet,
    topic,
    qos,
    options: { topic, qos },
    identifier: undefined,
    share: undefined,
    restored: false,
  }
}

/** Executes a callback with exactly the context that the seed names. */
function seed(
  { stack }: Alone,
  name: CallbackName,
  ctx: object,
  // biome-ignore lint/suspicious/noExplicitAny: stores of all kinds
  store: any = {},
): Promise<typeof store> {
  return stack.call(name, ctx as never, store)
}

describe('in the contexts of the seed', () => {
  it('subscriptions are stored, looked up, removed and cleared', async () => {
    const test = await alone()
    const client = await test.connect()
    const clientId = client.id
    for (const [topic, qos] of [
      ['a', 0],
      ['b', 1],
      ['a', 2],
    ] as const)
      await seed(test, 'storeSubscription', { client, topic, qos })
    const found = await seed(test, 'lookupSubscriptions', { client, packet: {}, clientId }, [])
    expect(found).toMatchObject([
      { topic: 'a', qos: 2 },
      { topic: 'b', qos: 1 },
    ])
    await seed(test, 'removeSubscription', { client, topic: 'a' })
    expect(await seed(test, 'lookupSubscriptions', { client, packet: {}, clientId }, [])).toMatchObject([
      { topic: 'b' },
    ])
    await seed(test, 'clearSubscriptions', { client, packet: {}, clientId })
    expect(await seed(test, 'lookupSubscriptions', { client, packet: {}, clientId }, [])).toEqual([])
  })

  it('a client is subscribed, relayed to, and unsubscribed', async () => {
    const test = await alone()
    const client = await test.connect()
    await seed(test, 'subscribeTopic', { client, packet: {}, topic: 't', qos: 1, options: {} })
    await test.relay(message('hello', 2))
    expect(test.forwarded).toEqual([`${client.id}: hello at 1`])
    await seed(test, 'unsubscribeTopic', { client, packet: {}, topic: 't' })
    await test.relay(message('hello', 2))
    expect(test.forwarded).toHaveLength(1)
  })

  it('[MQTT-3.3.1-5] [MQTT-3.3.1-11] retained messages replace each other; an empty one clears', async () => {
    const test = await alone()
    const client = await test.connect()
    for (const payload of ['old', 'new']) {
      await seed(test, 'storeRetainedMessage', {
        client,
        topic: 't',
        packet: message(payload, 1, true),
        expiresAt: 0,
      })
    }
    const [found] = await seed(test, 'lookupRetainedMessages', { topic: 't' }, [])
    expect(found).toMatchObject({ topic: 't', packet: { qos: 1 } })
    expect(found.packet.payload.toString()).toBe('new')
    await seed(test, 'storeRetainedMessage', {
      client,
      topic: 't',
      packet: message('', 0, true),
      expiresAt: 0,
    })
    expect(await seed(test, 'lookupRetainedMessages', { topic: 't' }, [])).toEqual([])
  })

  it('offline messages are stored, looked up, removed by identifier and cleared', async () => {
    const test = await alone()
    const { client, clientId } = await test.openSession()
    for (const [i, payload] of ['a', 'b', 'c'].entries()) {
      await seed(test, 'storeOfflineMessage', { client, packet: message(payload, 1), messageId: 100 + i })
    }
    const texts = async (): Promise<string[]> =>
      (await seed(test, 'lookupOfflineMessages', { client }, [])).map(
        ({ messageId, packet, qos }: { messageId: number; packet: Publish; qos: QoS }) =>
          `${messageId} ${packet.payload} at ${qos}`,
      )
    expect(await texts()).toEqual(['100 a at 1', '101 b at 1', '102 c at 1'])
    await seed(test, 'removeOfflineMessages', { clientId, messageIds: [101, 7] })
    expect(await texts()).toEqual(['100 a at 1', '102 c at 1'])
    await seed(test, 'clearOfflineMessages', { clientId })
    expect(await texts()).toEqual([])
  })
})

describe('a session', () => {
  it('[MQTT-3.1.2-4] is there again when it outlived its connection, with its identifiers', async () => {
    const test = await alone()
    const first = await test.openSession()
    expect(first).toMatchObject({ present: false, inboundIds: [] })
    const { clientId, epoch = 0, client } = first
    await test.stack.call('storeInboundMessage', { clientId, epoch, packetId: 7 })
    await test.stack.call('closeSession', { clientId, epoch, expiryInterval: 60 })
    const second = await test.openSession()
    expect(second).toMatchObject({ present: true, inboundIds: [7], epoch: epoch + 1 })
    expect(second.client).not.toBe(client)
  })

  it('ends with its connection when it is to outlive it by 0 s', async () => {
    const test = await alone()
    const { client, clientId, epoch = 0 } = await test.openSession({ expiryInterval: 0 })
    await test.stack.call('subscribeTopic', subscription(client, 't'))
    expect(await test.stack.call('closeSession', { clientId, epoch, expiryInterval: 0 })).toEqual({
      ended: true,
    })
    expect(test.backend.stats).toMatchObject({ sessions: 0, subscriptions: 0 })
    expect(await test.openSession()).toMatchObject({ present: false })
  })

  it('[MQTT-3.1.2-6] is thrown away by a clean start, with all that is in it', async () => {
    const test = await alone()
    const { client, clientId, epoch = 0 } = await test.openSession()
    await test.stack.call('subscribeTopic', subscription(client, 't', 1))
    await test.relay(message('x', 1))
    await test.stack.call('storeInboundMessage', { clientId, epoch, packetId: 7 })
    await test.stack.call('closeSession', { clientId, epoch, expiryInterval: 60 })
    expect(await test.openSession({ cleanStart: true })).toMatchObject({ present: false, inboundIds: [] })
    expect(test.backend.stats).toMatchObject({ subscriptions: 0, messages: 0, awaitingRelease: 0 })
  })

  it('belongs to the identity that made it: nobody else gets it, or closes it', async () => {
    const test = await alone()
    const { client } = await test.openSession({ identity: 'bob' })
    const stranger = await test.openSession({ identity: 'mallory' })
    expect(stranger).toMatchObject({ refused: 0x85 })
    expect(client.closed).toBe(false)
  })

  it('is taken from its connection, which is closed before the new one is answered', async () => {
    const test = await alone()
    const first = await test.openSession()
    const second = await test.openSession()
    expect(first.client.closed).toBe(true)
    expect(second).toMatchObject({ present: true, epoch: (first.epoch ?? 0) + 1 })
  })

  it('is had by one connection, however many want it at once', async () => {
    const test = await alone()
    const clients: Client[] = []
    for (let i = 0; i < 5; i++) clients.push(await test.connect())
    const opened = await Promise.all(clients.map((client) => test.openSession({ client })))
    expect(clients.filter(({ closed }) => !closed)).toHaveLength(1)
    expect(new Set(opened.map(({ epoch }) => epoch)).size).toBe(5)
    expect(test.backend.stats.sessions).toBe(1)
  })

  it('is over when its time is, and is found by the sweep; nothing of it is left', async () => {
    const test = await alone()
    const { client, clientId, epoch = 0 } = await test.openSession()
    await test.stack.call('subscribeTopic', subscription(client, 't', 1))
    await test.relay(message('x', 1))
    await test.stack.call('closeSession', { clientId, epoch, expiryInterval: 60 })
    const now = test.clock.now()
    expect(await test.stack.call('lookupExpiredSessions', { now: now + 59_000, limit: 10 }, [])).toEqual([])
    const expired = await test.stack.call('lookupExpiredSessions', { now: now + 61_000, limit: 10 }, [])
    expect(expired).toEqual([{ clientId, epoch }])
    const older = test.stack.call('closeSession', { clientId, epoch: epoch - 1, expiryInterval: 0 })
    await expect(older).rejects.toMatchObject({ code: 'STALE_EPOCH' })
    expect(test.backend.stats.sessions).toBe(1)
    await test.stack.call('closeSession', { clientId, epoch, expiryInterval: 0 })
    expect(Object.values(test.backend.stats).every((count) => count === 0)).toBe(true)
  })

  it('whose time is over is not resumed, even before a sweep', async () => {
    const test = await alone()
    const { clientId, epoch = 0 } = await test.openSession()
    await test.stack.call('closeSession', { clientId, epoch, expiryInterval: 60 })
    await test.clock.advance(60_001)
    expect(await test.openSession()).toMatchObject({ present: false })
  })

  it('is one of a limited number; known ones may come back', async () => {
    const test = await alone({ sessions: 2 })
    const first = await test.openSession({ clientId: 'one' })
    await test.openSession({ clientId: 'two' })
    expect(await test.openSession({ clientId: 'three' })).toMatchObject({ refused: 0x97 })
    await test.stack.call('closeSession', { clientId: 'one', epoch: first.epoch ?? 0, expiryInterval: 60 })
    expect(await test.openSession({ clientId: 'three' })).toMatchObject({ refused: 0x97 })
    expect(await test.openSession({ clientId: 'one' })).toMatchObject({ present: true })
    expect(await test.openSession({ clientId: 'one', cleanStart: true })).toMatchObject({ present: false })
  })
})

describe('an epoch', () => {
  const CALLS: Record<string, object> = {
    closeSession: { expiryInterval: 60 },
    storeSubscription: { topic: 't', qos: 0, options: {}, identifier: undefined },
    removeSubscription: { topic: 't' },
    clearSubscriptions: { packet: undefined },
    releaseOfflineMessages: { messageIds: [1], sequences: [1] },
    removeOfflineMessages: { messageIds: [1], sequences: [1] },
    clearOfflineMessages: {},
    storeInboundMessage: { packetId: 1 },
    releaseInboundMessages: { packetIds: [1] },
  }

  it.each(Object.keys(CALLS))('that is older than the session’s is refused by %s', async (name) => {
    const test = await alone()
    const first = await test.openSession()
    const { clientId, epoch = 0, client } = first
    await seed(test, name as CallbackName, { client, clientId, epoch, ...CALLS[name] })
    const again = await test.openSession(name === 'closeSession' ? {} : { cleanStart: true })
    for (const stale of [epoch, 0, 99]) {
      await expect(
        seed(test, name as CallbackName, { client, clientId, epoch: stale, ...CALLS[name] }),
      ).rejects.toMatchObject({
        code: 'STALE_EPOCH',
      })
    }
    await seed(test, name as CallbackName, {
      client: again.client,
      clientId,
      epoch: again.epoch,
      ...CALLS[name],
    })
  })

  it('of the same session is enough for its log; a session that is gone gets nothing, which is nobody’s error', async () => {
    const test = await alone()
    const { clientId, epoch = 0 } = await test.openSession()
    const again = await test.openSession()
    const terms = { qos: 1, retain: false, identifiers: undefined, expiresAt: 0, share: undefined } as const
    const append = (of: number): Promise<Store<'storeOfflineMessage'>> => {
      const ctx = { client: undefined, clientId, epoch: of, packet: message('x', 1), messageId: 1, ...terms }
      return test.stack.call('storeOfflineMessage', ctx)
    }
    expect(await append(epoch)).toEqual({ sequence: 1, dropped: false })
    expect(await append(again.epoch ?? 0)).toEqual({ sequence: 2, dropped: false })
    await test.openSession({ cleanStart: true })
    expect(await append(again.epoch ?? 0)).toEqual({})
    expect(await append(99)).toEqual({})
    expect(test.backend.stats.messages).toBe(0)
  })

  it('fences a relay whose identifier belongs to an older connection: nobody gets the message', async () => {
    const test = await alone()
    const reader = await test.openSession({ clientId: 'reader' })
    await test.stack.call('subscribeTopic', subscription(reader.client, 't', 2))
    const { clientId, epoch = 0 } = await test.openSession()
    await test.openSession()
    const inbound = { clientId, epoch, packetId: 5 }
    await expect(test.relay(message('late', 2), { inbound })).rejects.toMatchObject({ code: 'STALE_EPOCH' })
    expect(test.forwarded).toEqual([])
  })

  it('does not let a client that lost its session subscribe it', async () => {
    const test = await alone()
    const { client } = await test.openSession()
    await test.openSession()
    await expect(test.stack.call('subscribeTopic', subscription(client, 't'))).rejects.toMatchObject({
      code: 'STALE_EPOCH',
    })
    expect(test.backend.stats.subscriptions).toBe(0)
  })

  it('is never used twice for one client identifier', async () => {
    const test = await alone()
    const seen: number[] = []
    for (const [cleanStart, expiryInterval] of [
      [true, 0],
      [false, 60],
      [false, 60],
      [true, 60],
      [true, 0],
    ] as const) {
      const { clientId, epoch = 0 } = await test.openSession({ cleanStart, expiryInterval })
      seen.push(epoch)
      await test.stack.call('closeSession', { clientId, epoch, expiryInterval })
    }
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b))
  })
})

describe('a relay', () => {
  it('goes to each subscriber once, and counts', async () => {
    const test = await alone()
    const one = await test.openSession({ clientId: 'one', expiryInterval: 0 })
    const two = await test.openSession({ clientId: 'two' })
    for (const topic of ['t', '+', '#'])
      await test.stack.call('subscribeTopic', subscription(one.client, topic, 1))
    await test.stack.call('subscribeTopic', subscription(two.client, 't', 2))
    expect(await test.relay(message('x', 2))).toMatchObject({ matched: 2, queued: 0, dropped: 0 })
    expect(test.forwarded).toEqual(['one: x at 1', 'two: x at 2 (1)'])
    await test.stack.call('closeSession', { clientId: 'two', epoch: two.epoch ?? 0, expiryInterval: 60 })
    expect(await test.relay(message('y', 1))).toMatchObject({ matched: 2, queued: 1, dropped: 0 })
    expect(test.backend.stats).toMatchObject({ messages: 2 })
  })

  it('keeps the publisher’s identifier together with the message', async () => {
    const test = await alone()
    const { clientId, epoch = 0 } = await test.openSession()
    await test.relay(message('x', 2), { inbound: { clientId, epoch, packetId: 65_535 } })
    expect(test.backend.stats.awaitingRelease).toBe(1)
    await test.stack.call('releaseInboundMessages', { clientId, epoch, packetIds: [65_535, 3] })
    expect(test.backend.stats.awaitingRelease).toBe(0)
  })

  it('waits for receivers that answer later, and not one for the other', async () => {
    const order: string[] = []
    const slow: MiddlewareLike = {
      name: 'Slow',
      async forwardMessage({ client }: Context<'forwardMessage'>) {
        order.push(`begin ${client.id}`)
        await new Promise((resolve) => setImmediate(resolve))
        order.push(`end ${client.id}`)
      },
    }
    const test = await alone({}, slow)
    for (const clientId of ['one', 'two']) {
      const { client } = await test.openSession({ clientId, expiryInterval: 0 })
      await test.stack.call('subscribeTopic', subscription(client, 't'))
    }
    await test.relay(message('x'))
    expect(order).toEqual(['begin one', 'begin two', 'end one', 'end two'])
  })

  it('fails for the receiver alone when forwarding fails', async () => {
    const broken: MiddlewareLike = {
      name: 'Broken',
      forwardMessage({ client }: Context<'forwardMessage'>) {
        if (client.id === 'one') throw new Error('no way')
      },
    }
    const test = await alone({}, broken)
    const clients: Client[] = []
    for (const clientId of ['one', 'two']) {
      const { client } = await test.openSession({ clientId, expiryInterval: 0 })
      clients.push(client)
      await test.stack.call('subscribeTopic', subscription(client, 't'))
    }
    await test.relay(message('x'))
    expect(clients.map(({ closed }) => closed)).toEqual([true, false])
    expect(test.forwarded).toContain('two: x at 0')
  })

  it('stores what it keeps apart from the bytes that came', async () => {
    const test = await alone()
    const { client, clientId, epoch = 0 } = await test.openSession()
    await test.stack.call('subscribeTopic', subscription(client, 't', 1))
    await test.stack.call('closeSession', { clientId, epoch, expiryInterval: 60 })
    const view = await received('hello')
    const bytes = view.payload
    await test.stack.call('storeRetainedMessage', {
      client: undefined,
      topic: 't',
      packet: view,
      messageId: 1,
      expiresAt: 0,
    })
    await test.relay(view)
    bytes.fill(0)
    const [stored] = await test.stack.call('lookupOfflineMessages', { client, clientId }, [])
    const [retained] = await test.stack.call('lookupRetainedMessages', { topic: '#' }, [])
    expect([stored.packet.payload.toString(), retained.packet.payload.toString()]).toEqual(['hello', 'hello'])
  })
})

describe('a client without a session', () => {
  it('is subscribed for as long as it is connected', async () => {
    const test = await alone()
    const device = await test.client({ clientId: 'carol' })
    const [client] = test.stack.clients
    await test.stack.call('subscribeTopic', subscription(client, 't', 1))
    await test.relay(message('x', 1))
    expect(test.forwarded).toEqual(['carol: x at 1'])
    await device.drop()
    expect(test.backend.stats.subscriptions).toBe(0)
  })
})
