import { DONE, ReasonCode } from '@mqtt-stack/core'
import type { ConnectOptions, TestClient } from '@mqtt-stack/testing'
import { StreamEnd } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import type { DefaultStack, DefaultStackOptions } from '../../../test/rig/default-stack.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'

type Will = NonNullable<ConnectOptions['will']>

const will = (more: Partial<Will> = {}): Will => ({
  topic: 'gone',
  payload: Buffer.from('bye'),
  qos: 0,
  retain: false,
  ...more,
})

interface Setup {
  test: DefaultStack
  alice: TestClient
  /** Subscribed to everything at QoS 2. */
  heir: TestClient
}

/** Alice, who has a will, and who will hear of it. */
async function setup(
  backend: DefaultStackOptions['backend'],
  connect: ConnectOptions = {},
  options: DefaultStackOptions = {},
): Promise<Setup> {
  const test = await defaultStack({ ...options, backend })
  const heir = await test.client({ clientId: 'heir' })
  await heir.subscribe('#', { qos: 2 })
  const alice = await test.client({ clientId: 'alice', will: will(), ...connect })
  return { test, alice, heir }
}

describe.each(BACKENDS)('the will is published, with %s', (_name, backend) => {
  it('[MQTT-3.1.2-8] when the client goes without a word', async () => {
    const { alice, heir } = await setup(backend())
    await heir.expectNothing()
    await alice.drop()
    expect(await heir.message()).toEqual({ topic: 'gone', payload: 'bye', qos: 0, retain: false, dup: false })
    await heir.expectNothing()
  })

  it('[MQTT-3.1.2-8] when the connection breaks', async () => {
    const { alice, heir } = await setup(backend())
    if (alice.stream instanceof StreamEnd) alice.stream.reset()
    expect((await heir.message()).topic).toBe('gone')
  })

  it('[MQTT-3.1.2-8] [MQTT-3.1.2-24] when it keeps still for too long', async () => {
    const { test, alice, heir } = await setup(backend(), { keepalive: 20 })
    await test.advance(29_999)
    await heir.expectNothing()
    await test.advance(1)
    expect((await heir.message()).topic).toBe('gone')
    await alice.closed
  })

  it.each([
    ['a packet type that there is not', [0xf0, 0x00]],
    ['bytes that are no packet', [0x30, 0x01, 0x00]],
    ['a second CONNECT', [0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 1, 0x61]],
    ['a DISCONNECT with reserved bits [MQTT-3.14.1-1]', [0xe1, 0x00]],
  ])('[MQTT-3.1.2-8] [MQTT-4.8.0-1] after a protocol error: %s', async (_error, bytes) => {
    const { alice, heir } = await setup(backend())
    alice.raw(bytes)
    await alice.closed
    expect((await heir.message()).topic).toBe('gone')
  })

  it('[MQTT-3.1.2-8] when the broker closes the connection', async () => {
    const { test, alice, heir } = await setup(backend())
    const [, serving] = test.stack.clients
    test.stack.closeClient(serving, ReasonCode.ADMINISTRATIVE_ACTION, 'enough')
    await alice.closed
    expect((await heir.message()).topic).toBe('gone')
  })

  it('[MQTT-3.1.2-8] [MQTT-3.1.4-2] when somebody takes over, and then that one’s own', async () => {
    const { test, heir } = await setup(backend())
    const young = await test.client({
      clientId: 'alice',
      will: will({ payload: Buffer.from('the younger') }),
    })
    expect((await heir.message()).payload).toBe('bye')
    await heir.expectNothing()
    await young.drop()
    expect((await heir.message()).payload).toBe('the younger')
  })

  it.each([0, 1, 2] as const)('[MQTT-3.1.2-9] [MQTT-3.1.2-14] with QoS %i', async (qos) => {
    const { alice, heir } = await setup(backend(), { will: will({ qos }) })
    await alice.drop()
    expect(await heir.message()).toMatchObject({ topic: 'gone', qos })
    await heir.expectNothing('publish')
  })

  it('[MQTT-3.1.2-16] [MQTT-3.1.2-17] retained if it asks for that, and only then', async () => {
    const { test, alice, heir } = await setup(backend(), {
      will: will({ retain: true, topic: 'kept', qos: 1 }),
    })
    const bob = await test.client({ clientId: 'bob', will: will({ topic: 'not/kept' }) })
    await alice.drop()
    await bob.drop()
    expect(await heir.message()).toMatchObject({ topic: 'kept', retain: false })
    expect(await heir.message()).toMatchObject({ topic: 'not/kept', retain: false })
    const late = await test.client({ clientId: 'late' })
    await late.subscribe('#', { qos: 1 })
    expect(await late.message()).toMatchObject({ topic: 'kept', retain: true, qos: 1 })
    await late.expectNothing()
  })

  it('[MQTT-3.1.2-17] of no bytes and retained: the retained message is cleared', async () => {
    const { test, alice, heir } = await setup(backend(), {
      will: will({ retain: true, payload: Buffer.alloc(0) }),
    })
    await heir.publish('gone', 'here', { retain: true, qos: 1 })
    await alice.drop()
    const late = await test.client({ clientId: 'late' })
    await late.subscribe('#')
    await late.expectNothing()
  })

  it('to a stored session that is not connected', async () => {
    const { test, alice } = await setup(backend(), { will: will({ qos: 1 }) })
    const sleeper = await test.client({ clientId: 'sleeper', clean: false })
    await sleeper.subscribe('gone', { qos: 1 })
    await sleeper.disconnect()
    await alice.drop()
    const awake = await test.client({ clientId: 'sleeper', clean: false })
    expect(await awake.message()).toMatchObject({ topic: 'gone', qos: 1 })
  })

  it('to the stored session of the client itself, as new: it was never sent', async () => {
    const { test, alice } = await setup(backend(), { clean: false, will: will({ qos: 1 }) })
    await alice.subscribe('gone', { qos: 1 })
    await alice.drop()
    const back = await test.client({ clientId: 'alice', clean: false })
    expect(await back.message()).toMatchObject({ topic: 'gone', qos: 1, dup: false })
    await back.expectNothing()
  })

  it('to everybody else whose connection ends with the broker, or to nobody: stop() does not fail', async () => {
    const { test } = await setup(backend(), { will: will({ qos: 2 }) })
    await test.stop()
    expect(test.logger.errors).toEqual([])
    expect(test.events.filter((event) => event.startsWith('unclean'))).toHaveLength(2)
  })

  it('once for each of many that go together', async () => {
    const { test, heir } = await setup(backend())
    const names = Array.from({ length: 50 }, (_, i) => `client-${i}`)
    const clients = await Promise.all(
      names.map((clientId) => test.client({ clientId, will: will({ topic: clientId, qos: 1 }) })),
    )
    await Promise.all(clients.map((client) => client.drop()))
    const heard = heir.received
      .filter(({ cmd }) => cmd === 'publish')
      .map((packet) => 'topic' in packet && packet.topic)
    expect(heard.toSorted()).toEqual(names.toSorted())
  })
})

describe.each(BACKENDS)('the will is not published, with %s', (_name, backend) => {
  it('[MQTT-3.14.4-3] [MQTT-3.1.2-10] after DISCONNECT', async () => {
    const { alice, heir } = await setup(backend(), { will: will({ qos: 2, retain: true }) })
    await alice.disconnect()
    await heir.expectNothing()
  })

  it('[MQTT-3.14.4-3] after a DISCONNECT in one breath with the end, while a slow middleware thinks', async () => {
    const { alice, heir, test } = await setup(
      backend(),
      {},
      {
        use: [
          {
            name: 'Slow',
            handles: ['publish'],
            async handle() {
              for (let i = 0; i < 20; i++) await new Promise(setImmediate)
            },
          },
        ],
      },
    )
    alice.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 1, messageId: 1, dup: false, retain: false })
    alice.send({ cmd: 'disconnect' })
    alice.stream.end()
    await test.settle()
    expect((await heir.message()).topic).toBe('a')
    await heir.expectNothing()
    expect(test.events.at(-1)).toBe('disconnected alice')
    expect(test.events).toContain('clean alice')
  })

  it('[MQTT-3.14.4-3] after a DISCONNECT and a connection that breaks right behind it', async () => {
    const { alice, heir, test } = await setup(backend())
    alice.send({ cmd: 'disconnect' })
    await new Promise(setImmediate)
    if (alice.stream instanceof StreamEnd) alice.stream.reset()
    await test.settle()
    await heir.expectNothing()
  })

  it('[MQTT-3.1.2-12] of a client that left none', async () => {
    const { alice, heir } = await setup(backend(), { will: undefined })
    await alice.drop()
    await heir.expectNothing()
  })

  it('[MQTT-3.1.2-10] of an earlier connection of the client', async () => {
    const { alice, heir, test } = await setup(backend(), { clean: false })
    await alice.disconnect()
    const back = await test.client({ clientId: 'alice', clean: false })
    await back.drop()
    await heir.expectNothing()
  })

  it('[MQTT-3.1.2-8] of a CONNECT that was refused', async () => {
    const { heir, test } = await setup(
      backend(),
      {},
      {
        users: {
          name: 'Users',
          authenticateConnection: ({ username }, store) => {
            store.valid = username === undefined
          },
        },
      },
    )
    const refused = test.open({ clientId: 'bob' })
    expect((await refused.connect({ username: 'bob', will: will() })).returnCode).toBe(4)
    await refused.closed
    await heir.expectNothing()
  })
})

describe('a will', () => {
  it('that is not allowed refuses the CONNECT with 5, and is never published', async () => {
    const test = await defaultStack({
      rules: {
        name: 'Rules',
        authorizePacket({ action, packet }, store) {
          store.valid = !(action === 'will' && packet.cmd === 'connect' && packet.will?.topic === 'secret')
        },
      },
    })
    const heir = await test.client()
    await heir.subscribe('#')
    const alice = test.open()
    expect(await alice.connect({ will: will({ topic: 'secret' }) })).toMatchObject({ returnCode: 5 })
    await alice.closed
    const bob = await test.client({ will: will() })
    await bob.drop()
    expect((await heir.message()).topic).toBe('gone')
    await heir.expectNothing()
  })

  it('may be vetoed by a rule of the user: the session is closed all the same', async () => {
    const { alice, heir, test } = await setup(
      undefined,
      {},
      {
        use: [{ name: 'Veto', relayMessage: ({ topic }) => (topic === 'gone' ? DONE : undefined) }],
      },
    )
    await alice.drop()
    await heir.expectNothing()
    expect(test.events.at(-1)).toBe('disconnected alice')
  })

  it('that cannot be published keeps neither session nor client: the next one is served', async () => {
    const { alice, test } = await setup(
      undefined,
      { clean: false },
      {
        use: [
          {
            name: 'Broken',
            relayMessage: () => Promise.reject(new Error('no disk')),
          },
        ],
      },
    )
    await alice.drop()
    expect(test.logger.errors).toEqual(['Broken (relayMessage): no disk'])
    const back = test.open({ clientId: 'alice' })
    expect(await back.connect({ clean: false })).toMatchObject({ returnCode: 0, sessionPresent: true })
    expect(test.events).toEqual([
      'connected heir',
      'connected alice',
      'unclean alice',
      'disconnected alice',
      'connected alice',
    ])
  })

  it.each([
    ['a wildcard', 'a/#'],
    ['too many levels', '/'.repeat(100)],
    ['U+0000', 'a\0b'],
  ])('for a topic with %s ends the connection without CONNACK', async (_what, topic) => {
    const test = await defaultStack()
    const alice = test.open()
    await expect(alice.connect({ will: will({ topic }) })).rejects.toThrow('(received: nothing)')
    expect(test.events).toEqual([])
  })
})
