/** The life of connections in the whole stack. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import { ReasonCode } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import type { DefaultStackOptions } from '../../../test/rig/default-stack.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'

const WILL = { topic: 'gone', payload: Buffer.from('bye'), qos: 0, retain: false } as const

/** Knows alice; fails for bomb. */
const users: MiddlewareLike = {
  name: 'Users',
  async authenticateConnection({ username, password }, store) {
    if (username === 'bomb') throw new Error('no users')
    store.valid = username === 'alice' && Buffer.from(password ?? []).toString() === 'secret'
  },
}

const alice = { username: 'alice', password: 'secret' }

/** A CONNECT that mqtt-packet would not write. */
function rawConnect(protocol: string, level: number, flags: number, clientId: string): Buffer {
  const body = [0, protocol.length, ...Buffer.from(protocol), level, flags, 0, 0, 0, clientId.length]
  return Buffer.from([0x10, body.length + clientId.length, ...body, ...Buffer.from(clientId)])
}

/** What is left behind when a client is refused or gone: nothing. */
async function expectNothingLeft(test: Awaited<ReturnType<typeof defaultStack>>): Promise<void> {
  await test.settle()
  expect(test.stack.clients.size).toBe(0)
}

describe.each(BACKENDS)('CONNACK, with %s', (_name, backend) => {
  const setup = (options: DefaultStackOptions = {}) => defaultStack({ backend: backend(), users, ...options })

  it('[MQTT-3.1.4-4] [MQTT-3.2.0-1] 0: accepted', async () => {
    const { open } = await setup()
    expect(await open().connect(alice)).toMatchObject({ returnCode: 0 })
  })

  it('[MQTT-3.1.2-2] [MQTT-3.2.2-5] 1: a protocol level that is not served', async () => {
    const test = await setup()
    const client = test.open()
    client.raw(rawConnect('MQTT', 7, 2, 'a'))
    expect(await client.next('connack')).toMatchObject({ returnCode: 1, sessionPresent: false })
    await client.closed
    await expectNothingLeft(test)
  })

  it('[MQTT-3.1.2-2] 1: any but 3.1.1 where forceMQTT4 says so', async () => {
    const test = await setup({ connection: { forceMQTT4: true } })
    const client = test.open({ protocolVersion: 3 })
    expect((await client.connect(alice)).returnCode).toBe(1)
    await client.closed
    await test.client({ protocolVersion: 4, ...alice })
  })

  it('[MQTT-3.1.3-8] [MQTT-3.1.3-9] 2: no name for a session that is stored', async () => {
    const test = await setup()
    const client = test.open()
    client.raw(rawConnect('MQTT', 4, 0, ''))
    expect(await client.next('connack')).toMatchObject({ returnCode: 2, sessionPresent: false })
    await client.closed
    await expectNothingLeft(test)
  })

  it('2: no name at all in 3.1', async () => {
    const test = await setup()
    const client = test.open({ protocolVersion: 3 })
    client.raw(rawConnect('MQIsdp', 3, 2, ''))
    expect((await client.next('connack')).returnCode).toBe(2)
    await client.closed
  })

  it('2: a session of somebody else', async () => {
    const test = await setup({
      users: {
        name: 'Anybody',
        authenticateConnection: (_ctx, store) => {
          store.valid = true
        },
      },
    })
    await test.client({ clientId: 'one', username: 'alice' })
    expect((await test.open({ clientId: 'one' }).connect({ username: 'bob' })).returnCode).toBe(2)
  })

  it('3: users cannot be asked', async () => {
    const test = await setup()
    const client = test.open()
    expect((await client.connect({ username: 'bomb' })).returnCode).toBe(3)
    await client.closed
    await expectNothingLeft(test)
    await test.client(alice)
  })

  it.each([
    'openSession',
    'clearSubscriptions',
    'clearOfflineMessages',
    'lookupSubscriptions',
    'subscribeTopic',
  ] as const)('3: the store fails at %s; the session is free for the next', async (name) => {
    let broken = false
    const store: MiddlewareLike & Record<string, unknown> = Object.assign(backend())
    const inner = store[name] as (ctx: object, answer: object) => void | Promise<void>
    store[name] = (ctx: object, answer: object) => {
      if (broken) throw new Error('no disk')
      return inner.call(store, ctx, answer)
    }
    const test = await setup({ backend: store })
    const stored = { clientId: 'one', clean: false, ...alice }
    const first = await test.client(stored)
    await first.subscribe('a', { qos: 1 })
    await first.drop()
    broken = true
    const client = test.open({ clientId: 'one' })
    expect((await client.connect({ ...stored, clean: name.startsWith('clear') })).returnCode).toBe(3)
    await client.closed
    broken = false
    expect((await test.open().connect(stored)).returnCode).toBe(0)
    expect(test.logger.errors).toHaveLength(1)
  })

  it('3: more sessions than there may be', async () => {
    const test = await defaultStack({ backend: backend({ sessions: 2 }) })
    const [one] = [await test.client(), await test.client()]
    expect((await test.open().connect()).returnCode).toBe(3)
    await one.drop()
    await test.client()
  })

  it.each([
    ['4: a wrong password', { username: 'alice', password: 'guess' }, 4],
    ['4: an unknown user', { username: 'bob', password: 'secret' }, 4],
    ['5: nobody', {}, 5],
  ])('[MQTT-3.2.2-4] [MQTT-3.2.2-5] %s', async (_case, options, returnCode) => {
    const test = await setup()
    const client = test.open()
    expect(await client.connect({ clean: false, ...options })).toMatchObject({
      returnCode,
      sessionPresent: false,
    })
    await client.closed
    expect(test.events).toEqual([])
    await expectNothingLeft(test)
  })

  it('5: a will that is not allowed', async () => {
    const test = await setup({
      rules: {
        name: 'Rules',
        authorizePacket({ action }, store) {
          store.valid = action !== 'will'
        },
      },
    })
    const client = test.open()
    expect((await client.connect({ ...alice, will: WILL })).returnCode).toBe(5)
    await client.closed
    await expectNothingLeft(test)
  })

  it('[MQTT-3.1.4-5] nothing behind a CONNECT that is refused is heard', async () => {
    const seen: string[] = []
    const test = await setup({
      use: [{ name: 'Seen', relayMessage: ({ topic }) => void seen.push(topic) }],
    })
    const client = test.open()
    const connack = client.connect({ username: 'bob' })
    client.send({ cmd: 'publish', topic: 'a', payload: '', qos: 0, dup: false, retain: false })
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 0 }] })
    expect((await connack).returnCode).toBe(4)
    await client.closed
    await test.settle()
    expect(seen).toEqual([])
    expect(client.received).toHaveLength(1)
  })

  it('what comes behind a CONNECT that is thought about is handled when it is accepted, in order', async () => {
    const { open } = await setup()
    const client = open()
    const connack = client.connect(alice)
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 1 }] })
    client.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 1, messageId: 2, dup: false, retain: false })
    client.send({ cmd: 'pingreq' })
    expect((await connack).returnCode).toBe(0)
    expect((await client.next('suback')).granted).toEqual([1])
    expect((await client.message()).payload).toBe('x')
    await client.next('puback')
    await client.next('pingresp')
  })
})

describe.each(BACKENDS)('each accepted connection ends once, with %s', (_name, backend) => {
  const ends: [
    string,
    'clean' | 'unclean',
    (client: TestClient, test: Awaited<ReturnType<typeof defaultStack>>) => unknown,
  ][] = [
    ['DISCONNECT', 'clean', (client) => client.disconnect()],
    ['a hang-up', 'unclean', (client) => client.drop()],
    ['a protocol error', 'unclean', (client) => client.raw([0xf0, 0])],
    ['a second CONNECT', 'unclean', (client) => client.connect().catch(() => {})],
    ['silence', 'unclean', (_client, test) => test.advance(15_000)],
    ['take-over', 'unclean', (client, test) => test.client({ clientId: client.clientId })],
    [
      'closeClient',
      'unclean',
      (_client, { stack }) => {
        for (const serving of stack.clients) stack.closeClient(serving, ReasonCode.SERVER_BUSY, 'busy')
      },
    ],
    ['stop', 'unclean', (_client, test) => test.stop()],
    [
      'DISCONNECT, a hang-up, a take-over and stop at once',
      'clean',
      async (client, test) => {
        client.send({ cmd: 'disconnect' })
        client.stream.end()
        await Promise.all([
          test
            .open({ clientId: client.clientId })
            .connect()
            .catch(() => {}),
          test.settle(),
        ])
      },
    ],
  ]

  it.each(ends)('by %s: %s', async (_how, end, act) => {
    const test = await defaultStack({ backend: backend() })
    const client = await test.client({ clientId: 'alice', keepalive: 10 })
    // Its CONNECT is through: what it sends next is handled at once.
    await test.settle()
    await act(client, test)
    await test.settle()
    await client.closed
    const told = test.events.slice(0, test.events.indexOf('disconnected alice') + 1)
    expect(told).toEqual(['connected alice', `${end} alice`, 'ended alice (closed)', 'disconnected alice'])
    expect(test.events.filter((event) => event === 'disconnected alice')).toHaveLength(1)
    expect(test.logger.errors).toEqual([])
  })
})

describe.each(BACKENDS)('stop(), with %s', (_name, backend) => {
  it('in a storm of connects leaves nobody behind, and nobody is half served', async () => {
    const store = backend()
    const test = await defaultStack({ backend: store })
    const clients: TestClient[] = []
    const visit = async (i: number): Promise<void> => {
      const client = test.open({ clientId: `client-${i % 10}` })
      clients.push(client)
      await client.connect({ will: WILL })
      await client.subscribe('gone')
      if (i % 3 === 0) await client.disconnect()
    }
    const visits: Promise<void>[] = []
    const storm = (from: number): void => {
      for (let i = from; i < from + 20; i++) visits.push(visit(i).catch(() => {}))
    }
    storm(0)
    await new Promise(setImmediate)
    storm(20)
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    const stopped = test.stop()
    storm(40)
    await stopped
    storm(60)
    await Promise.all(visits)
    await Promise.all(clients.map(({ closed }) => closed))
    expect(test.stack.clients.size).toBe(0)
    expect(store.stats.sessions).toBe(0)
    const count = (what: string): number => test.events.filter((event) => event.startsWith(what)).length
    expect(count('clean') + count('unclean')).toBe(count('connected'))
    expect(count('disconnected')).toBe(count('connected'))
    expect(test.logger.errors).toEqual([])
  })

  it('publishes wills and closes sessions before the store stops', async () => {
    const order: string[] = []
    const store = backend()
    const test = await defaultStack({
      backend: store,
      use: [
        {
          name: 'Slow',
          async relayMessage({ topic }) {
            await new Promise(setImmediate)
            order.push(topic)
          },
          stop: () => void order.push(`stopped, ${store.stats.sessions} sessions open`),
        },
      ],
    })
    await test.client({ will: WILL })
    await test.client({ will: { ...WILL, topic: 'gone/too' } })
    await test.stop()
    expect(order).toEqual(['gone', 'gone/too', 'stopped, 0 sessions open'])
  })
})
