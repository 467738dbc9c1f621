import type { MiddlewareLike } from '@mqtt-stack/core'
import type { ConnectOptions, DisconnectOptions, TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { bytesOf, frame, messagesOf, pair, properties, text } from '../../../test/rig/bytes.ts'
import { grouped } from '../../../test/support/grouped.ts'

type Will = NonNullable<ConnectOptions['will']>

const will = (delay: number, more: Partial<Will> = {}): Will => ({
  topic: 'gone',
  payload: Buffer.from('bye'),
  qos: 1,
  retain: false,
  ...more,
  properties: { willDelayInterval: delay, ...more.properties },
})

const FOR_EVER = 0xffff_ffff
const NEVER = undefined

interface Setup extends Broker5 {
  alice: TestClient
  watcher: TestClient
}

/** Alice with her will, and somebody who hears of it. */
async function setup(
  delay: number,
  sessionExpiryInterval: number,
  more: ConnectOptions = {},
  options: Parameters<typeof broker5>[0] = {},
): Promise<Setup> {
  const test = broker5(options)
  const watcher = await test.client({ clientId: 'watcher' })
  await watcher.subscribe('#', { qos: 2 })
  const connect = { clientId: 'alice', will: will(delay), properties: { sessionExpiryInterval }, ...more }
  return { ...test, watcher, alice: await test.client(connect) }
}

/** Seconds from now until the watcher has the will; undefined when it has none within 12. */
async function heard({ watcher, seconds }: Setup): Promise<number | undefined> {
  for (let passed = 0; passed <= 12; passed++) {
    await seconds(passed === 0 ? 0 : 1)
    const found = messagesOf(watcher)
    if (found.length === 0) continue
    await seconds(12)
    expect(messagesOf(watcher)).toEqual(['gone bye q1'])
    return passed
  }
  return NEVER
}

/** Who goes how, and what becomes of the will. */
async function leave(client: TestClient, how: 'lost' | DisconnectOptions): Promise<void> {
  if (how === 'lost') await client.drop()
  else await client.disconnect(how)
}

const WITH_WILL: DisconnectOptions = { reasonCode: 4 }

describe('the will of a connection that ends', () => {
  it.each([
    [0, 0, 0],
    [0, 3, 0],
    [0, FOR_EVER, 0],
    [5, 0, 0],
    [5, 3, 3],
    [5, 5, 5],
    [5, 10, 5],
    [5, FOR_EVER, 5],
    [30, 10, 10],
    [FOR_EVER, 10, 10],
    [FOR_EVER, FOR_EVER, NEVER],
  ])(
    '[MQTT-3.1.2-8] with delay %i and session expiry %i is published after %s s',
    async (delay, expiry, after) => {
      for (const how of ['lost', WITH_WILL] as const) {
        const test = await setup(delay, expiry)
        await leave(test.alice, how)
        expect(await heard(test)).toBe(after)
      }
    },
  )

  it.each([
    [0, 0],
    [0, 10],
    [5, 0],
    [5, 3],
    [5, 10],
  ])(
    '[MQTT-3.14.4-3] [MQTT-3.1.2-10] is dropped by DISCONNECT 0x00 (delay %i, expiry %i)',
    async (delay, expiry) => {
      for (const disconnect of [{}, { reasonCode: 0 }]) {
        const test = await setup(delay, expiry)
        await test.alice.disconnect(disconnect)
        expect(await heard(test)).toBe(NEVER)
      }
    },
  )

  it.each([0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99])(
    '[MQTT-3.1.2-8] is published after a DISCONNECT that tells of an error: %i',
    async (reasonCode) => {
      const test = await setup(2, 10)
      await test.alice.disconnect({ reasonCode })
      expect(await heard(test)).toBe(2)
    },
  )

  it.each([
    [10, 0, 0],
    [10, 3, 3],
    [3, 20, 5],
    [3, FOR_EVER, 5],
  ])(
    '[MQTT-3.1.2-8] counts by the expiry that DISCONNECT sets (delay 5, expiry %i, then %i: after %i s)',
    async (expiry, sessionExpiryInterval, after) => {
      const test = await setup(5, expiry)
      await test.alice.disconnect({ ...WITH_WILL, properties: { sessionExpiryInterval } })
      expect(await heard(test)).toBe(after)
    },
  )

  it.each([
    ['is silent', (_alice: TestClient) => {}, 0x8d, 3],
    ['breaks the protocol', (alice: TestClient) => alice.send({ cmd: 'auth', reasonCode: 0x19 }), 0x82, 0],
    ['sends garbage', (alice: TestClient) => alice.raw([0xf1, 0]), 0x81, 0],
  ])('is published, in its time, when the client %s', async (_how, act, code, closed) => {
    const test = await setup(5, 10, { keepalive: 2 })
    act(test.alice)
    await test.seconds(closed)
    expect((await test.alice.next('disconnect')).reasonCode).toBe(code)
    expect(await heard(test)).toBe(5)
  })
})

describe.each(BACKENDS)('a client that comes back, with %s', (_name, backend) => {
  it.each([
    // delay, expiry, clean start, published after
    [0, 0, true, 0],
    [0, 0, false, 0],
    [0, 10, true, 0],
    [0, 10, false, 0],
    [5, 0, true, 0],
    [5, 0, false, 0],
    [5, 3, true, 2],
    [5, 3, false, NEVER],
    [5, 10, true, 2],
    [5, 10, false, NEVER],
    [5, FOR_EVER, true, 2],
    [5, FOR_EVER, false, NEVER],
  ])(
    '[MQTT-3.1.3-9] [MQTT-3.1.2-8] after 2 s: delay %i, expiry %i, clean start %s: published after %s s',
    async (delay, expiry, clean, after) => {
      for (const protocolVersion of [5, 4] as const) {
        const test = await setup(delay, expiry, {}, { backend: backend() })
        await test.alice.drop()
        await test.seconds(2)
        const before = messagesOf(test.watcher).length
        expect(before).toBe(after === 0 ? 1 : 0)
        const [, connack] = await test.accepted({ clientId: 'alice', clean, protocolVersion })
        expect(connack.sessionPresent).toBe(!clean && expiry > 0)
        expect(await heard(test)).toBe(after === NEVER ? NEVER : 0)
      }
    },
  )

  it.each([
    [0, 0, true, 0],
    [0, 0, false, 0],
    [0, 10, true, 0],
    [0, 10, false, 0],
    [5, 0, true, 0],
    [5, 0, false, 0],
    [5, 10, true, 0],
    [5, 10, false, NEVER],
    [5, FOR_EVER, false, NEVER],
  ])(
    '[MQTT-3.1.4-3] [MQTT-3.1.3-9] by take-over: delay %i, expiry %i, clean start %s: published after %s s',
    async (delay, expiry, clean, after) => {
      for (const protocolVersion of [5, 4] as const) {
        const test = await setup(delay, expiry, {}, { backend: backend() })
        const properties = protocolVersion === 5 ? { sessionExpiryInterval: 100 } : undefined
        await test.client({ clientId: 'alice', clean, protocolVersion, properties })
        expect((await test.alice.next('disconnect')).reasonCode).toBe(0x8e)
        expect(await heard(test)).toBe(after)
      }
    },
  )

  it('[MQTT-3.1.2-8] the will of a session that ends by clean start is out before CONNACK', async () => {
    const { alice, open, watcher } = await setup(5, 10, {}, { backend: backend() })
    await alice.drop()
    const next = open({ clientId: 'alice' })
    let heardBefore: number | undefined
    next.stream.once('data', () => {
      heardBefore = messagesOf(watcher).length
    })
    await next.connect({ clean: true })
    expect(heardBefore).toBe(1)
  })

  it('too late does not change what was published', async () => {
    const test = await setup(5, 10, {}, { backend: backend() })
    await test.alice.drop()
    await test.seconds(6)
    await test.client({ clientId: 'alice', clean: false, properties: { sessionExpiryInterval: 10 } })
    await test.seconds(20)
    expect(messagesOf(test.watcher)).toEqual(['gone bye q1'])
  })

  it('has the will of its last connection alone', async () => {
    const test = await setup(5, 100, {}, { backend: backend() })
    const again = { clientId: 'alice', clean: false, properties: { sessionExpiryInterval: 100 } }
    await test.alice.drop()
    await test.seconds(2)
    const second = await test.client({ ...again, will: will(5, { topic: 'second' }) })
    await second.drop()
    await test.seconds(4)
    const third = await test.client(again)
    await third.drop()
    await test.seconds(50)
    expect(messagesOf(test.watcher)).toEqual([])
    const fourth = await test.client({ ...again, will: will(5, { topic: 'fourth' }) })
    await fourth.drop()
    await test.seconds(5)
    expect(messagesOf(test.watcher)).toEqual(['fourth bye q1'])
  })

  it('as somebody else does not touch the will', async () => {
    const test = await setup(5, 10, {}, { backend: backend() })
    await test.alice.drop()
    await test.client({ clientId: 'bob', clean: false })
    expect(await heard(test)).toBe(5)
  })

  it('and is refused does not touch the will', async () => {
    const test = await setup(5, 10, {}, { backend: backend() })
    await test.alice.drop()
    await expect(test.client({ clientId: 'alice', username: 'eve', password: 'x' })).rejects.toThrow(
      'refused',
    )
    expect(await heard(test)).toBe(5)
  })
})

describe('an older client', () => {
  it.each([3, 4] as const)(
    '[MQTT-3.1.2-8] of level %i has no delay, whatever its session',
    async (protocolVersion) => {
      for (const clean of [true, false]) {
        const test = await setup(0, 0)
        const plainWill = { topic: 'gone', payload: Buffer.from('bye'), qos: 1, retain: false } as const
        const old = await test.client({ clientId: 'old', protocolVersion, clean, will: plainWill })
        await old.drop()
        expect(await heard(test)).toBe(0)
      }
    },
  )

  it('takes over a 5.0 session: the will waits no more when the session is to end', async () => {
    const test = await setup(20, 30)
    await test.alice.drop()
    await test.seconds(2)
    await test.client({ clientId: 'alice', protocolVersion: 4, clean: true })
    expect(await heard(test)).toBe(0)
  })
})

describe('what a will is like', () => {
  const given: Partial<Will> = {
    properties: {
      payloadFormatIndicator: true,
      messageExpiryInterval: 100,
      contentType: 'text/plain',
      responseTopic: 'answer',
      correlationData: Buffer.from([0, 1, 255]),
      userProperties: { a: '1', b: ['2', '3'] },
    },
  }

  it('[MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-20] keeps its properties, but for the delay', async () => {
    const { alice, watcher, seconds } = await setup(2, 10, { will: will(2, given) })
    await alice.drop()
    await seconds(2)
    const { properties: got } = await watcher.next('publish')
    expect({ ...got, userProperties: grouped(got?.userProperties ?? []) }).toEqual(given.properties)
  })

  it('[MQTT-3.1.3-10] keeps the order of its user properties', async () => {
    const { open, watcher } = await setup(0, 0)
    const bytes = bytesOf(watcher)
    const pairs = [pair('b', '1'), pair('a', '2'), pair('b', '3'), pair('a', '2')]
    const client = open()
    client.raw(
      frame(
        0x10,
        text('MQTT'),
        [5, 0x06, 0, 0, 0],
        text('ordered'),
        // The delay in the midst of them.
        properties(pairs[0], pairs[1], [24, 0, 0, 0, 0], pairs[2], pairs[3]),
        text('gone'),
        text('bye'),
      ),
    )
    expect((await client.next('connack')).reasonCode).toBe(0)
    await client.drop()
    expect((await watcher.message()).payload).toBe('bye')
    expect(bytes().includes(properties(...pairs))).toBe(true)
  })

  it('[MQTT-3.3.2-6] expires from its publication on', async () => {
    const { alice, client, seconds, watcher } = await setup(5, 100, {
      will: will(5, { properties: { messageExpiryInterval: 10 } }),
    })
    const sleeper = { clientId: 'sleeper', clean: false, properties: { sessionExpiryInterval: 100 } }
    const first = await client(sleeper)
    await first.subscribe('gone', { qos: 1 })
    await first.disconnect()
    await alice.drop()
    await seconds(5)
    expect((await watcher.next('publish')).properties?.messageExpiryInterval).toBe(10)
    await seconds(4)
    const second = await client(sleeper)
    expect((await second.next('publish')).properties?.messageExpiryInterval).toBe(6)
  })

  it('[MQTT-3.1.2-15] is retained when it is published, not before', async () => {
    const { alice, client, seconds } = await setup(5, 10, { will: will(5, { retain: true }) })
    await alice.drop()
    const early = await client()
    await early.subscribe('gone', { qos: 1 })
    await early.expectNothing()
    await seconds(5)
    expect(messagesOf(early)).toEqual(['gone bye q1'])
    const late = await client()
    await late.subscribe('gone', { qos: 1 })
    await seconds(0)
    expect(messagesOf(late)).toEqual(['gone bye q1 r'])
  })

  it('[MQTT-3.8.3-3] is not for its own session, where that asked for no local', async () => {
    for (const nl of [true, false]) {
      const again = { clientId: 'alice', clean: false, properties: { sessionExpiryInterval: 100 } }
      const { alice, client, seconds } = await setup(0, 100)
      await alice.subscribe('gone', { qos: 1, nl })
      await alice.drop()
      const back = await client(again)
      await seconds(0)
      expect(messagesOf(back)).toEqual(nl ? [] : ['gone bye q1'])
    }
  })
})

describe('a will that asks for what there is not', () => {
  it.each([
    ['[MQTT-3.2.2-12] a QoS above the maximum', { inboundManager: { maximumQoS: 1 } }, { qos: 2 }, 0x9b],
    ['[MQTT-3.2.2-12] QoS 1 where there is only 0', { inboundManager: { maximumQoS: 0 } }, { qos: 1 }, 0x9b],
    ['[MQTT-3.2.2-13] to be retained', { retainManager: false }, { retain: true }, 0x9a],
  ] as const)('%s refuses the CONNECT', async (_what, options, asked, code) => {
    const { open, client, seconds } = broker5(options)
    const watcher = await client()
    await watcher.subscribe('#')
    const refused = open()
    const connack = await refused.connect({ will: will(0, asked) })
    expect([connack.reasonCode, connack.sessionPresent]).toEqual([code, false])
    await refused.closed
    await seconds(5)
    expect(messagesOf(watcher)).toEqual([])
  })

  it.each([
    ['a QoS above the maximum', 'maximumQoS', 1, { qos: 2 }, 0x9b],
    ['to be retained', 'retainAvailable', false, { retain: true }, 0x9a],
  ] as const)(
    '%s refuses the CONNECT also where the answer comes later',
    async (_what, key, value, asked, code) => {
      const late: MiddlewareLike = {
        name: 'Late',
        async lookupConnackProperties(_ctx, store) {
          await new Promise(setImmediate)
          store.set(key, value)
        },
      }
      const refused = broker5({ use: [late] }).open()
      expect((await refused.connect({ will: will(0, asked) })).reasonCode).toBe(code)
      await refused.closed
    },
  )

  it('refuses the CONNECT where nobody can say what there is', async () => {
    const broken: MiddlewareLike = {
      name: 'Broken',
      async lookupConnackProperties() {
        throw new Error('no answer')
      },
    }
    const { open, logger } = broker5({ use: [broken] })
    const refused = open()
    expect((await refused.connect({ will: will(0, { qos: 1 }) })).reasonCode).toBe(0x88)
    await refused.closed
    expect(logger.errors).toEqual(['Broken (lookupConnackProperties): no answer'])
  })

  it.each([
    [{ inboundManager: { maximumQoS: 1 } }, { qos: 1 }],
    [{ retainManager: false }, { retain: false }],
  ] as const)('and what there is, is taken: %o', async (options, asked) => {
    const { client } = broker5(options)
    await client({ will: will(0, asked) })
  })

  it('only closes the connection of an older client', async () => {
    const { open } = broker5({ inboundManager: { maximumQoS: 1 } })
    const old = open({ protocolVersion: 4 })
    await expect(old.connect({ will: { ...will(0), properties: undefined, qos: 2 } })).rejects.toThrow(
      'closed',
    )
    expect(old.received).toEqual([])
  })
})
