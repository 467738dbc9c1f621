import type { Client, MiddlewareLike } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { frame, pair, properties, text } from '../../../test/rig/bytes.ts'

type Options = Parameters<typeof broker5>[0]

/** What is done to, or by, a client that was accepted. */
type Act = (one: TestClient, test: Broker5) => unknown

function connectWith(
  client: TestClient,
  level: number,
  flags: number,
  ...rest: readonly (Buffer | readonly number[])[]
): void {
  client.raw(frame(0x10, text('MQTT'), [level, flags, 0, 0], ...rest))
}

const publish = (topic: string, ...more: readonly (Buffer | readonly number[])[]): Buffer =>
  frame(0x30, text(topic), ...more)

/** A middleware that fails at a topic. */
const failing: MiddlewareLike = {
  name: 'Failing',
  handles: ['publish'],
  handle() {
    throw new Error('secrets of the database')
  },
}

/** A row with its options, if there are any: `each` wants rows of one length. */
function whole<Doing>([code, what, act, options]: readonly [number, string, Doing, Options?]): readonly [
  number,
  string,
  Doing,
  Options,
] {
  return [code, what, act, options]
}

/** The reason codes of DISCONNECT, what brings them about, and with which options. */
const ENDS: readonly (readonly [code: number, what: string, act: Act, options?: Options])[] = [
  [
    0x80,
    'an error of ours',
    (one) => one.raw(publish('a', [0])),
    { use: [{ middleware: failing, before: 'inboundManager' }] },
  ],
  [0x81, '[MQTT-4.13.1-1] a packet that cannot be read', (one) => one.raw([0x82, 1, 0])],
  [0x81, '[MQTT-2.1.3-1] reserved flags', (one) => one.raw([0xc1, 0])],
  [0x81, '[MQTT-3.14.1-1] reserved flags in DISCONNECT', (one) => one.raw([0xe1, 0])],
  [0x81, '[MQTT-3.15.1-1] reserved flags in AUTH', (one) => one.raw([0xf1, 0])],
  [0x81, 'a reserved packet type', (one) => one.raw([0x00, 0])],
  [0x81, '[MQTT-2.2.2-2] an unknown property', (one) => one.raw(publish('a', properties([0x7f, 0])))],
  [0x82, '[MQTT-3.1.0-2] a second CONNECT', (one) => connectWith(one, 5, 2, [0], text('one'))],
  [0x82, 'a packet that only servers send', (one) => one.raw([0xd0, 0])],
  [0x82, '[MQTT-3.8.3-2] SUBSCRIBE to nothing', (one) => one.raw([0x82, 3, 0, 1, 0])],
  [0x82, '[MQTT-2.2.1-3] packet identifier 0', (one) => one.raw(frame(0x32, text('a'), [0, 0, 0]))],
  [0x82, '[MQTT-3.14.2-1] a DISCONNECT of the server’s', (one) => one.raw([0xe0, 1, 0x8b])],
  [0x8b, 'the server’s end', (_one, { broker }) => void broker.close()],
  [0x8d, '[MQTT-3.1.2-22] silence', (_one, { seconds }) => seconds(15)],
  [0x8e, '[MQTT-3.1.4-3] take-over', (one, { client }) => client({ clientId: one.clientId })],
  [0x8f, 'a filter of too many levels', (one) => void one.subscribe('/'.repeat(100)).catch(() => {})],
  [0x90, 'a topic of too many levels', (one) => one.raw(publish('/'.repeat(100), [0]))],
  [
    0x93,
    '[MQTT-3.3.4-7] too many at a time',
    (one) => {
      one.autoAck = false
      for (let id = 1; id <= 33; id++) one.raw(frame(0x34, text('a'), [0, id, 0]))
    },
  ],
  [0x94, '[MQTT-3.3.2-8] a topic alias that is none', (one) => one.raw(publish('a', properties([35, 0, 0])))],
  [
    0x95,
    '[MQTT-3.2.2-15] a packet too large',
    (one) => one.raw([0x30, 0xff, 0x7f]),
    { stack: { packetLimit: 1_000 } },
  ],
  [
    0x97,
    'too many user properties',
    (one) => {
      const pairs = Array.from({ length: 65 }, () => pair('', ''))
      const length = 65 * 5
      one.raw(publish('a', [(length & 127) | 128, length >> 7], ...pairs))
    },
  ],
  [0x9a, '[MQTT-3.2.2-14] retain', (one) => one.raw(frame(0x31, text('a'), [0])), { retainManager: false }],
  [
    0x9b,
    '[MQTT-3.2.2-11] a QoS',
    (one) => one.raw(frame(0x32, text('a'), [0, 1, 0])),
    { inboundManager: { maximumQoS: 0 } },
  ],
]

describe('DISCONNECT says why', () => {
  it.each(ENDS.map(whole))('%i: %s', async (code, _what, act, options) => {
    const test = broker5(options)
    const one = await test.client({ clientId: 'one', keepalive: 10 })
    one.send({ cmd: 'pingreq' })
    await one.next('pingresp')
    void act(one, test)
    // What comes behind is not answered.
    one.send({ cmd: 'pingreq' })
    await test.seconds(code === 0x8d ? 15 : 0)
    const { reasonCode, properties: said } = await one.next('disconnect')
    expect(reasonCode).toBe(code)
    expect(JSON.stringify(said ?? {})).not.toContain('secrets')
    await one.closed
    // [MQTT-3.14.4-1]: the last word.
    expect(one.received.at(-1)?.cmd).toBe('disconnect')
    expect(one.received.filter(({ cmd }) => cmd === 'disconnect')).toHaveLength(1)
    expect(test.broker.stack.clients.size).toBe(code === 0x8e ? 1 : 0)
  })

  it.each(
    ENDS.filter(
      ([code]) => code === 0x80 || code === 0x8b || code === 0x8d || code === 0x8e || code === 0x95,
    ).map(whole),
  )('older clients are just closed: %i, %s', async (code, _what, act, options) => {
    const test = broker5(options)
    const old = await test.client({ clientId: 'one', keepalive: 10, protocolVersion: 4 })
    void act(old, test)
    await test.seconds(code === 0x8d ? 15 : 0)
    await old.closed
    expect(old.received.map(({ cmd }) => cmd)).toEqual(['connack'])
  })
})

/** Refusals in CONNACK: what is sent, and the code. */
const REFUSALS: readonly (readonly [
  code: number,
  what: string,
  send: (one: TestClient) => void,
  options?: Options,
])[] = [
  [0x81, '[MQTT-3.1.2-3] the reserved flag', (one) => connectWith(one, 5, 3, [0], text('one'))],
  [0x81, '[MQTT-3.1.4-1] what ends too early', (one) => connectWith(one, 5, 2, [0])],
  [0x82, 'two of a property', (one) => connectWith(one, 5, 2, properties([33, 0, 1, 33, 0, 1]), text('one'))],
  [0x82, 'receive maximum 0', (one) => connectWith(one, 5, 2, properties([33, 0, 0]), text('one'))],
  [0x82, 'maximum packet size 0', (one) => connectWith(one, 5, 2, properties([39, 0, 0, 0, 0]), text('one'))],
  [
    0x82,
    'authentication data without a method',
    (one) => connectWith(one, 5, 2, properties([22, 0, 0]), text('one')),
  ],
  [
    0x85,
    '[MQTT-3.1.3-8] a client identifier too long',
    (one) => connectWith(one, 5, 2, [0], text('x'.repeat(300))),
  ],
  [
    0x86,
    '[MQTT-3.1.4-2] a wrong password',
    (one) => connectWith(one, 5, 0xc2, [0], text('one'), text('eve'), text('x')),
  ],
  [
    0x8c,
    'a method that nobody knows',
    (one) => connectWith(one, 5, 2, properties([21], text('x')), text('one')),
  ],
  [
    0x90,
    'a will of too many levels',
    (one) => connectWith(one, 5, 6, [0], text('one'), [0], text('/'.repeat(100)), text('')),
  ],
]

describe('CONNACK says why not', () => {
  it.each(REFUSALS.map(whole))('%i: %s', async (code, _what, send, options) => {
    const { open, seconds } = broker5(options)
    const one = open()
    send(one)
    one.send({ cmd: 'pingreq' })
    const { reasonCode, sessionPresent } = await one.next('connack')
    expect([reasonCode, sessionPresent]).toEqual([code, false])
    await one.closed
    await seconds(0)
    // [MQTT-3.14.0-1] [MQTT-3.1.4-6] [MQTT-3.2.2-7]
    expect(one.received).toHaveLength(1)
  })

  it('[MQTT-3.1.2-2] a level that nobody knows is told so', async () => {
    for (const level of [2, 6, 0, 255]) {
      const { open } = broker5()
      const one = open({ protocolVersion: 4 })
      connectWith(one, level, 2, text('one'))
      expect((await one.next('connack')).returnCode).toBe(1)
      await one.closed
    }
  })

  it('[MQTT-3.1.2-2] and 5.0, where only 3.1.1 is wanted', async () => {
    const { open } = broker5({ connection: { forceMQTT4: true } })
    const one = open()
    expect((await one.connect()).reasonCode).toBe(0x84)
    await one.closed
  })

  it('a server that ends says that it is not available', async () => {
    const stuck: MiddlewareLike = { name: 'Stuck', openSession: () => new Promise(() => {}) }
    const { open, broker, seconds } = broker5({
      backend: false,
      retainManager: false,
      use: [stuck],
      subscriptionManager: false,
    })
    const one = open()
    one.connect().catch(() => {})
    await seconds(0)
    void broker.close()
    expect((await one.next('connack')).reasonCode).toBe(0x88)
    await seconds(60)
  })
})

describe('a middleware of the user’s', () => {
  /** Closes whoever publishes, or connects as `away`. */
  const closing = (close: (client: Client) => void): Options => ({
    use: [
      {
        before: 'sessionManager',
        middleware: {
          name: 'Closing',
          handles: ['connect', 'publish'],
          handle(client, packet) {
            if (packet.cmd === 'publish' || client.id === 'away') close(client)
          },
        } satisfies MiddlewareLike,
      },
    ],
  })

  it.each([0x9c, 0x9d])('sends clients to another server: %i', async (code) => {
    const serverReference = 'other.example:1883'
    const { client, open } = broker5(closing((one) => one.close(code, { serverReference, reason: 'moved' })))
    const one = await client()
    one.raw(publish('a', [0]))
    const gone = await one.next('disconnect')
    expect(gone).toMatchObject({ reasonCode: code, properties: { serverReference, reasonString: 'moved' } })
    const refused = await open().connect({ clientId: 'away' })
    expect(refused).toMatchObject({
      reasonCode: code,
      properties: { serverReference, reasonString: 'moved' },
    })
  })

  it('closes without a word where it has no reason', async () => {
    const { client } = broker5(closing((one) => one.close()))
    const one = await client()
    one.raw(publish('a', [0]))
    await one.closed
    expect(one.received.map(({ cmd }) => cmd)).toEqual(['connack'])
  })

  it.each([
    [0x84, 0x82],
    [0x85, 0x80],
    [0x86, 0x87],
    [0x88, 0x89],
    [0x8a, 0x87],
    [0x8c, 0x87],
    [0x98, 0x98],
    [0xa0, 0xa0],
  ])('[MQTT-3.14.2-1] %i of CONNACK is %i in DISCONNECT', async (asked, told) => {
    const { client } = broker5(closing((one) => one.stack.closeClient(one, asked, 'test')))
    const one = await client()
    one.raw(publish('a', [0]))
    expect((await one.next('disconnect')).reasonCode).toBe(told)
  })

  it.each([
    [0x8b, 0x88],
    [0x8d, 0x80],
    [0x8e, 0x80],
    [0x93, 0x82],
    [0x94, 0x82],
    [0x96, 0x97],
    [0x98, 0x80],
    [0x9f, 0x9f],
  ])('[MQTT-3.2.2-8] %i of DISCONNECT is %i in CONNACK', async (asked, told) => {
    const { open } = broker5(closing((one) => one.stack.closeClient(one, asked, 'test')))
    expect((await open().connect({ clientId: 'away' })).reasonCode).toBe(told)
  })
})
