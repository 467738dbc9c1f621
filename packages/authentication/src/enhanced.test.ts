import type { Context, MiddlewareLike, Store } from '@mqtt-stack/core'
import type { ConnectOptions, TestClient } from '@mqtt-stack/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { messagesOf } from '../../../test/rig/bytes.ts'

const METHOD = 'WORDS'
const CONTINUE = 0x18
const AGAIN = 0x19

/**
 * Understands words: `alice` and `bob` are in; `more` asks for more; `no` and `banned` are refused; `boom` fails;
 * `later` is alice, but only when released.
 */
class Words implements MiddlewareLike {
  readonly name = 'Words'
  readonly asked: string[] = []
  release = (): void => {}

  authorizePacket(_ctx: Context<'authorizePacket'>, store: Store<'authorizePacket'>): void {
    store.valid = true
  }

  authenticateExchange(
    { method, data, again }: Context<'authenticateExchange'>,
    store: Store<'authenticateExchange'>,
  ): void | Promise<void> {
    if (method !== METHOD) return
    const word = Buffer.from(data ?? []).toString()
    this.asked.push(again ? `${word} again` : word)
    if (word === 'boom') throw new Error('the provider is broken')
    if (word === 'no' || word === 'banned') store.state = 'failure'
    else if (word === 'more') store.state = 'continue'
    else if (word !== 'what') store.state = 'success'
    if (word === 'banned') store.reasonCode = 0x8a
    if (store.state === 'success') store.identity = word === 'later' ? 'alice' : word
    if (store.state !== undefined) store.data = Buffer.from(`you said ${word}`)
    if (word === 'later')
      return new Promise((resolve) => {
        this.release = resolve
      })
  }
}

interface Setup extends Broker5 {
  words: Words
  /** What `CONNECT` with these words is answered. */
  begin(word: string, options?: ConnectOptions): TestClient
  /** A client that was let in as alice. */
  alice(options?: ConnectOptions): Promise<TestClient>
}

function setup(exchangeTimeout = 10_000): Setup {
  const words = new Words()
  const test = broker5({
    use: [{ middleware: words, after: 'authentication' }],
    authentication: { exchangeTimeout },
    allowAnonymous: 'local',
  })
  function begin(word: string, { properties, ...more }: ConnectOptions = {}): TestClient {
    const client = test.open()
    const authentication = { authenticationMethod: METHOD, authenticationData: Buffer.from(word) }
    // Whoever wants its answer takes it.
    client.connect({ ...more, properties: { ...properties, ...authentication } }).catch(() => {})
    return client
  }
  return {
    ...test,
    words,
    begin,
    alice: async (options) => {
      const client = begin('alice', options)
      await test.seconds(0)
      expect(codes(client)).toEqual(['connack 0'])
      return client
    },
  }
}

function auth(
  client: TestClient,
  reasonCode: number,
  word: string,
  method: string | undefined = METHOD,
): void {
  const authenticationData = Buffer.from(word)
  client.send({ cmd: 'auth', reasonCode, properties: { authenticationMethod: method, authenticationData } })
}

/** The packets that came, with their reason codes. */
function codes({ received }: TestClient): string[] {
  return received.map((packet) => {
    const code = 'reasonCode' in packet ? ` ${packet.reasonCode?.toString(16)}` : ''
    return `${packet.cmd}${code}`
  })
}

/** The methods and the data that came. */
function said({ received }: TestClient): (string | undefined)[][] {
  return received.flatMap((packet) =>
    packet.cmd === 'auth' || packet.cmd === 'connack'
      ? [[packet.properties?.authenticationMethod, packet.properties?.authenticationData?.toString()]]
      : [],
  )
}

describe('enhanced authentication', () => {
  it('[MQTT-4.12.0-5] [MQTT-3.1.4-5] of one step is answered by CONNACK, with its method and data', async () => {
    const { alice } = setup()
    const client = await alice()
    expect(said(client)).toEqual([[METHOD, 'you said alice']])
    await client.ping()
  })

  it('[MQTT-4.12.0-2] [MQTT-4.12.0-3] [MQTT-4.12.0-5] of many steps goes to and fro by AUTH', async () => {
    const { begin, seconds, words } = setup()
    const client = begin('more')
    await seconds(0)
    auth(client, CONTINUE, 'more')
    await seconds(0)
    auth(client, CONTINUE, 'bob')
    await seconds(0)
    expect(codes(client)).toEqual(['auth 18', 'auth 18', 'connack 0'])
    expect(said(client)).toEqual([
      [METHOD, 'you said more'],
      [METHOD, 'you said more'],
      [METHOD, 'you said bob'],
    ])
    expect(words.asked).toEqual(['more', 'more', 'bob'])
    await client.ping()
  })

  it('takes what comes in one breath one by one', async () => {
    const { begin, seconds, words } = setup()
    const client = begin('more')
    auth(client, CONTINUE, 'later')
    client.send({ cmd: 'pingreq' })
    await seconds(0)
    expect(codes(client)).toEqual(['auth 18'])
    words.release()
    await seconds(0)
    expect(codes(client)).toEqual(['auth 18', 'connack 0', 'pingresp'])
  })

  it('names whose session it is', async () => {
    const { alice, begin, broker, seconds } = setup()
    await alice({ clientId: 'one' })
    expect([...broker.stack.clients][0].session.identity).toBe('alice')
    const thief = begin('bob', { clientId: 'one', clean: false })
    await seconds(0)
    expect(codes(thief)).toEqual(['connack 85'])
  })

  it('is asked instead of user name and password', async () => {
    const { begin, seconds } = setup()
    const client = begin('bob', { username: 'eve', password: 'guess' })
    await seconds(0)
    expect(codes(client)).toEqual(['connack 0'])
  })

  it('carries any bytes', async () => {
    const { open, seconds } = broker5({
      use: [
        {
          after: 'authentication',
          middleware: {
            name: 'Mirror',
            authenticateExchange({ data }, store) {
              store.state = 'success'
              store.data = data
            },
          } satisfies MiddlewareLike,
        },
      ],
      authorize: false,
      allowAnonymous: 'local',
    })
    const bytes = Buffer.from(Array.from({ length: 4_000 }, (_, i) => i & 255))
    const client = open()
    const connack = await client.connect({
      properties: { authenticationMethod: 'MIRROR', authenticationData: bytes },
    })
    expect(connack.properties?.authenticationData).toEqual(bytes)
    const empty = await open().connect({ properties: { authenticationMethod: 'MIRROR' } })
    expect(empty.properties).toMatchObject({ authenticationMethod: 'MIRROR' })
    expect(empty.properties?.authenticationData).toBeUndefined()
    await seconds(0)
  })

  it('[MQTT-4.12.0-6] is for those who asked for it: others get neither AUTH nor a method', async () => {
    const { client } = setup()
    const plain = await client()
    await plain.publish('a', 'b', { qos: 1 })
    expect(codes(plain)).toEqual(['connack 0', 'puback 10'])
    expect(said(plain)).toEqual([[undefined, undefined]])
  })

  it('asks the next provider where one does not know the method', async () => {
    const { broker, open } = broker5({
      use: [
        { after: 'authentication', middleware: new Words() },
        {
          after: 'authentication',
          middleware: {
            name: 'Other',
            authenticateExchange(_ctx, store) {
              store.state = 'success'
            },
          } satisfies MiddlewareLike,
        },
      ],
      allowAnonymous: 'local',
    })
    const connack = await open().connect({ properties: { authenticationMethod: 'OTHER' } })
    expect(connack.reasonCode).toBe(0)
    expect(broker.stack.clients.size).toBe(1)
  })
})

it('a stack whose provider knows names as well as methods is not warned that nobody asks it', async () => {
  const both: MiddlewareLike = {
    name: 'Both',
    authenticateConnection() {},
    authenticateExchange() {},
    authorizePacket() {},
  }
  const { broker, logger } = broker5({ use: [both] })
  await broker.start()
  expect(logger.lines.filter(({ level }) => level === 'warn')).toEqual([])
})

describe('a client is refused', () => {
  it.each([
    ['no', ['connack 87']],
    ['banned', ['connack 8a']],
    ['boom', ['connack 88']],
    ['what', ['connack 8c']],
  ])('[MQTT-4.12.0-4] at the first step: %s', async (word, answer) => {
    const { begin, logger } = setup()
    const client = begin(word)
    await client.closed
    expect(codes(client)).toEqual(answer)
    expect(logger.errors.length).toBe(word === 'boom' ? 1 : 0)
  })

  it.each([
    ['no', ['auth 18', 'connack 87']],
    ['banned', ['auth 18', 'connack 8a']],
    ['boom', ['auth 18', 'connack 88']],
    ['what', ['auth 18', 'connack 8c']],
  ])('[MQTT-4.12.0-4] at a later step: %s', async (word, answer) => {
    const { begin, seconds } = setup()
    const client = begin('more')
    await seconds(0)
    auth(client, CONTINUE, word)
    await client.closed
    expect(codes(client)).toEqual(answer)
  })

  it('[MQTT-4.12.0-1] whose method nobody knows', async () => {
    for (const options of [{}, { use: [{ after: 'authentication', middleware: new Words() }] }] as const) {
      const { open } = broker5({ ...options, allowAnonymous: 'local' })
      const client = open()
      const connack = await client.connect({ properties: { authenticationMethod: 'UNHEARD OF' } })
      expect(connack.reasonCode).toBe(0x8c)
      await client.closed
    }
  })

  it('that takes too long, however often it asks for more', async () => {
    const { begin, seconds } = setup(5_000)
    const client = begin('more')
    for (let i = 0; i < 4; i++) {
      await seconds(1)
      auth(client, CONTINUE, 'more')
    }
    await seconds(0.9)
    expect(codes(client)).toEqual(Array(5).fill('auth 18'))
    await seconds(0.1)
    expect(codes(client).at(-1)).toBe('connack 87')
    await client.closed
  })

  it('but not once it is in', async () => {
    const { begin, seconds } = setup(5_000)
    const client = begin('more')
    await seconds(4)
    auth(client, CONTINUE, 'alice')
    await seconds(60)
    await client.ping()
    auth(client, AGAIN, 'more')
    await seconds(60)
    await client.ping()
  })

  it('and its will is nobody’s', async () => {
    const { begin, client, seconds } = setup()
    const watcher = await client()
    await watcher.subscribe('#')
    const refused = begin('more', {
      will: { topic: 'gone', payload: Buffer.from('bye'), qos: 0, retain: false },
    })
    await seconds(0)
    auth(refused, CONTINUE, 'no')
    await refused.closed
    const left = begin('more', {
      will: { topic: 'gone', payload: Buffer.from('bye'), qos: 0, retain: false },
    })
    await seconds(0)
    await left.drop()
    await seconds(5)
    expect(messagesOf(watcher)).toEqual([])
  })
})

/** What a client may not send, and when. */
const WRONG: readonly (readonly [string, (client: TestClient) => void])[] = [
  ['PUBLISH', (client) => void client.publish('a', 'b').catch(() => {})],
  ['SUBSCRIBE', (client) => void client.subscribe('a').catch(() => {})],
  ['UNSUBSCRIBE', (client) => void client.unsubscribe('a').catch(() => {})],
  ['PINGREQ', (client) => client.send({ cmd: 'pingreq' })],
  ['PUBACK', (client) => client.send({ cmd: 'puback', messageId: 1 })],
  ['a second CONNECT', (client) => void client.connect().catch(() => {})],
  ['AUTH of another method', (client) => auth(client, CONTINUE, 'alice', 'OTHER')],
  ['AUTH without a method', (client) => client.raw([0xf0, 2, 0x18, 0])],
  ['AUTH without a reason code', (client) => client.raw([0xf0, 0])],
  ['AUTH to begin again', (client) => auth(client, AGAIN, 'alice')],
  ['AUTH that tells of success', (client) => auth(client, 0, 'alice')],
]

describe('out of order', () => {
  it.each(WRONG)('[MQTT-3.1.2-30] before CONNACK: %s', async (_what, send) => {
    const { begin, seconds, words } = setup()
    const client = begin('more')
    await seconds(0)
    send(client)
    await client.closed
    expect(codes(client)).toEqual(['auth 18', 'connack 82'])
    expect(words.asked).toEqual(['more'])
  })

  it('DISCONNECT before CONNACK just ends it', async () => {
    const { begin, seconds, memory } = setup()
    const client = begin('more')
    await seconds(0)
    await client.disconnect()
    expect(codes(client)).toEqual(['auth 18'])
    expect(memory.stats.sessions).toBe(0)
  })

  it.each([
    ['to go on with nothing', CONTINUE, METHOD],
    ['of another method', AGAIN, 'OTHER'],
    ['that tells of success', 0, METHOD],
  ])('after CONNACK: AUTH %s', async (_what, code, method) => {
    const { alice, words } = setup()
    const client = await alice()
    auth(client, code, 'alice', method)
    await client.closed
    expect(codes(client)).toEqual(['connack 0', 'disconnect 82'])
    expect(words.asked).toEqual(['alice'])
  })

  it.each([CONTINUE, AGAIN])('[MQTT-4.12.0-7] AUTH %i without a method in CONNECT', async (code) => {
    const { client, words } = setup()
    const plain = await client()
    auth(plain, code, 'alice')
    await plain.closed
    expect(codes(plain)).toEqual(['connack 0', 'disconnect 82'])
    expect(words.asked).toEqual([])
  })

  it('AUTH from an older client is malformed', async () => {
    const { client } = setup()
    const old = await client({ protocolVersion: 4 })
    old.raw([0xf0, 0])
    await old.closed
    expect(old.received.map(({ cmd }) => cmd)).toEqual(['connack'])
  })

  it('AUTH as the first packet is not answered', async () => {
    const { open } = setup()
    const client = open()
    auth(client, CONTINUE, 'alice')
    await client.closed
    expect(client.received).toEqual([])
  })

  it('a client that is gone is let in no more', async () => {
    const { begin, seconds, words, broker, memory } = setup()
    const client = begin('later')
    await seconds(0)
    await client.drop()
    words.release()
    await seconds(0)
    expect([broker.stack.clients.size, memory.stats.sessions]).toEqual([0, 0])
  })
})

describe('re-authentication', () => {
  it('[MQTT-4.12.1-1] [MQTT-4.12.0-5] of one step is answered by AUTH 0x00', async () => {
    const { alice, seconds, words } = setup()
    const client = await alice()
    for (let i = 0; i < 2; i++) {
      auth(client, AGAIN, 'alice')
      await seconds(0)
    }
    expect(codes(client)).toEqual(['connack 0', 'auth 0', 'auth 0'])
    expect(said(client).at(-1)).toEqual([METHOD, 'you said alice'])
    expect(words.asked).toEqual(['alice', 'alice again', 'alice again'])
  })

  it('of many steps does not keep other packets waiting', async () => {
    const { alice, seconds } = setup()
    const client = await alice()
    auth(client, AGAIN, 'more')
    await seconds(0)
    await client.subscribe('a')
    await client.publish('a', 'b', { qos: 1 })
    auth(client, CONTINUE, 'more')
    await client.ping()
    auth(client, CONTINUE, 'alice')
    await seconds(0)
    expect(codes(client)).toEqual([
      'connack 0',
      'auth 18',
      'suback',
      'publish',
      'puback 0',
      'auth 18',
      'pingresp',
      'auth 0',
    ])
  })

  it.each([
    ['no', 'disconnect 87'],
    ['banned', 'disconnect 87'],
    ['boom', 'disconnect 89'],
    ['what', 'disconnect 87'],
    ['bob', 'disconnect 87'],
  ])('[MQTT-4.12.1-2] that fails ends the connection: %s', async (word, last) => {
    for (const steps of [1, 2]) {
      const { alice, client, seconds } = setup()
      const watcher = await client()
      await watcher.subscribe('gone')
      const one = await alice({
        will: { topic: 'gone', payload: Buffer.from('bye'), qos: 0, retain: false },
      })
      if (steps === 2) auth(one, AGAIN, 'more')
      auth(one, steps === 2 ? CONTINUE : AGAIN, word)
      await one.closed
      await seconds(0)
      expect(codes(one).at(-1)).toBe(last)
      expect(messagesOf(watcher)).toEqual(['gone bye q0'])
    }
  })

  it('may not begin twice at a time', async () => {
    const { alice } = setup()
    const client = await alice()
    auth(client, AGAIN, 'more')
    auth(client, AGAIN, 'alice')
    await client.closed
    expect(codes(client)).toEqual(['connack 0', 'auth 18', 'disconnect 82'])
  })

  it('of a client that is closed meanwhile says nothing', async () => {
    const { alice, seconds, words, broker } = setup()
    const client = await alice()
    auth(client, AGAIN, 'later')
    await seconds(0)
    await client.drop()
    words.release()
    await seconds(0)
    expect(broker.stack.clients.size).toBe(0)
    onTestFinished(() => expect(codes(client)).toEqual(['connack 0']))
  })
})
