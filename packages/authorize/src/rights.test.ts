import type { MiddlewareLike } from '@mqtt-stack/core'
import { ReasonCode, Stack } from '@mqtt-stack/core'
import { RecordingLogger, streamPair, TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import { defaultMiddlewares, defaultStack } from '../../../test/rig/default-stack.ts'

/** Forbids topics and filters that begin with one of these. */
function forbid(...starts: string[]): MiddlewareLike & { starts: string[] } {
  const rules = {
    name: 'Forbid',
    starts,
    authorizePacket({ packet }, store) {
      const forbidden = (topic: string): boolean => rules.starts.some((start) => topic.startsWith(start))
      store.valid = !(packet.cmd === 'publish' && forbidden(packet.topic))
      if (packet.cmd !== 'subscribe') return
      store.grants = packet.subscriptions.map(({ topic, qos }) =>
        forbidden(topic) ? ReasonCode.NOT_AUTHORIZED : qos,
      )
    },
  } satisfies MiddlewareLike & { starts: string[] }
  return rules
}

describe.each(BACKENDS)('a PUBLISH that is refused, with %s', (_name, backend) => {
  it.each([
    [0, undefined],
    [1, 'puback'],
    [2, 'pubcomp'],
  ] as const)('[MQTT-3.3.5-2] at QoS %i: %s, and nobody gets it', async (qos, answer) => {
    const { client, settle } = await defaultStack({ backend: backend(), rules: forbid('no') })
    const [alice, heir] = [await client(), await client()]
    await heir.subscribe('#', { qos: 2 })
    expect((await alice.publish('no/way', 'x', { qos, retain: true }))?.cmd).toBe(answer)
    await settle()
    await heir.expectNothing()
    await alice.publish('yes', 'y', { qos })
    expect((await heir.message()).topic).toBe('yes')
    const late = await client()
    await late.subscribe('#')
    await late.expectNothing()
  })

  it('[MQTT-4.3.3-2] at QoS 2: its repeat is not relayed either, though it be allowed by then', async () => {
    const rules = forbid('no')
    const { client } = await defaultStack({ backend: backend(), rules })
    const heir = await client()
    await heir.subscribe('#', { qos: 2 })
    const alice = await client({ clientId: 'alice', clean: false, autoAck: false })
    await alice.publish('no', 'x', { qos: 2, messageId: 7 })
    await alice.drop()
    rules.starts = []
    const back = await client({ clientId: 'alice', clean: false, autoAck: false })
    await back.publish('no', 'x', { qos: 2, messageId: 7, dup: true })
    back.send({ cmd: 'pubrel', messageId: 7 })
    await back.next('pubcomp')
    await heir.expectNothing()
    await back.publish('no', 'again', { qos: 2, messageId: 7 })
    expect((await heir.message()).payload).toBe('again')
  })

  it('[MQTT-4.6.0-2] among others is acknowledged in its turn', async () => {
    const { client } = await defaultStack({ backend: backend(), rules: forbid('no') })
    const alice = await client()
    const topics = ['yes', 'no', 'yes', 'no', 'no', 'yes']
    for (const [i, topic] of topics.entries())
      alice.send({ cmd: 'publish', topic, payload: '', qos: 1, messageId: i + 1, dup: false, retain: false })
    for (const [i] of topics.entries()) expect((await alice.next('puback')).messageId).toBe(i + 1)
  })

  it('takes no subscriber, and is told nobody as published', async () => {
    const published: string[] = []
    const { client } = await defaultStack({
      backend: backend(),
      rules: forbid('no'),
      use: [{ name: 'Log', messagePublished: ({ packet }) => void published.push(packet.topic) }],
    })
    const alice = await client()
    for (const qos of [0, 1, 2] as const) {
      await alice.publish('no', '', { qos })
      await alice.publish(`yes/${qos}`, '', { qos })
    }
    expect(published).toEqual(['yes/0', 'yes/1', 'yes/2'])
  })
})

describe.each(BACKENDS)('a SUBSCRIBE, with %s', (_name, backend) => {
  it('[MQTT-3.9.3-2] [MQTT-3.8.4-5] is refused filter by filter with 0x80', async () => {
    const { client } = await defaultStack({ backend: backend(), rules: forbid('no') })
    const alice = await client()
    const filters = [
      { topic: 'yes', qos: 2 },
      { topic: 'no/#', qos: 1 },
      { topic: 'yes/too', qos: 1 },
    ] as const
    expect((await alice.subscribe(filters)).granted).toEqual([2, 0x80, 1])
    await alice.publish('no/a', 'x', { qos: 1 })
    await alice.expectNothing('publish')
  })

  it('[MQTT-3.8.4-6] may be granted less than it asked for: stored sessions remember that', async () => {
    const { client } = await defaultStack({
      backend: backend(),
      rules: {
        name: 'Lower',
        authorizePacket({ packet }, store) {
          store.valid = true
          if (packet.cmd === 'subscribe') store.grants = packet.subscriptions.map(() => 1)
        },
      },
    })
    for (const [asked, granted] of [
      [0, 0],
      [1, 1],
      [2, 1],
    ] as const) {
      const alice = await client({ clientId: 'alice', clean: false })
      expect((await alice.subscribe('a', { qos: asked })).granted).toEqual([granted])
      await alice.drop()
      const back = await client({ clientId: 'alice', clean: false })
      await back.publish('a', 'x', { qos: 2 })
      expect((await back.message()).qos).toBe(granted)
      await back.disconnect()
    }
  })

  it('in a stored session: rights that are gone when it is resumed take the subscription with them', async () => {
    const rules = forbid()
    const store = backend()
    const { client } = await defaultStack({ backend: store, rules })
    const alice = await client({ clientId: 'alice', clean: false })
    await alice.subscribe(['a', 'secret'], { qos: 1 })
    await alice.drop()
    rules.starts = ['secret']
    const back = await client({ clientId: 'alice', clean: false })
    expect(store.stats.subscriptions).toBe(1)
    rules.starts = []
    const bob = await client()
    await bob.publish('secret', 'x', { qos: 1 })
    await bob.publish('a', 'y', { qos: 1 })
    expect((await back.message()).topic).toBe('a')
    await back.expectNothing('publish')
    await back.drop()
    const again = await client({ clientId: 'alice', clean: false })
    await bob.publish('secret', 'x', { qos: 1 })
    await again.expectNothing()
  })

  it('when rights cannot be asked for: 3, and the session keeps what it has', async () => {
    let broken = false
    const { client, open } = await defaultStack({
      backend: backend(),
      rules: {
        name: 'Rules',
        async authorizePacket(_ctx, store) {
          if (broken) throw new Error('no rules')
          store.valid = true
        },
      },
    })
    const alice = await client({ clientId: 'alice', clean: false })
    await alice.subscribe('a', { qos: 1 })
    await alice.drop()
    broken = true
    const refused = open({ clientId: 'alice' })
    expect((await refused.connect({ clean: false })).returnCode).toBe(3)
    await refused.closed
    broken = false
    const back = await client({ clientId: 'alice', clean: false })
    await back.publish('a', 'x', { qos: 1 })
    expect((await back.message()).payload).toBe('x')
  })
})

describe('the seed’s order, the store first', () => {
  it('keeps and relays nothing that a rule behind refuses', async () => {
    const stack = new Stack({ strict: true, logger: new RecordingLogger() })
    const middlewares = defaultMiddlewares({ rules: forbid('no') })
    const store = middlewares.pop() as MiddlewareLike
    stack.use(store, ...middlewares)
    await stack.start()
    const connect = async (clientId: string): Promise<TestClient> => {
      const [device, broker] = streamPair()
      stack.connect(broker)
      const client = new TestClient(device, { clientId })
      await client.connect()
      return client
    }
    const [alice, heir] = [await connect('alice'), await connect('heir')]
    expect((await heir.subscribe(['no', '#'])).granted).toEqual([0x80, 0])
    await alice.publish('no', 'x', { qos: 1, retain: true })
    await heir.expectNothing()
    await alice.publish('yes', 'y', { qos: 1 })
    expect((await heir.message()).topic).toBe('yes')
    await stack.stop()
  })
})

describe('a reason that rules give', () => {
  const because: MiddlewareLike = {
    name: 'Because',
    authorizePacket(_ctx, store) {
      store.valid = false
      store.reason = 'rule 4: deny #'
    },
  }
  const will = { topic: 'gone', payload: Buffer.from(''), qos: 0, retain: false } as const

  it('is told to the log, and to no client', async () => {
    const refused: object[] = []
    const log: MiddlewareLike = {
      name: 'Log',
      subscriptionRefused: ({ topic, reason }) => void refused.push({ topic, reason }),
      clientRefused: ({ reason, cause }) => void refused.push({ reason, cause: cause?.message }),
    }
    const { client, open, logger } = await defaultStack({ rules: because, use: [log] })
    const alice = await client({ clientId: 'alice', username: 'her' })
    await alice.publish('a', 'x', { qos: 1 })
    await alice.subscribe(['b', 'c'])
    await open({ clientId: 'bob' }).connect({ will })
    const told = logger.lines.filter(({ message }) => message === 'not authorized')
    const cause = 'rule 4: deny #'
    expect(told.map((line) => line.cause)).toEqual([
      { event: 'publish.refused', clientId: 'alice', username: 'her', action: 'publish', topic: 'a', cause },
    ])
    // Of filters and wills there is one line: that of the refusal, with the reason.
    expect(refused).toEqual([
      { topic: 'b', reason: cause },
      { topic: 'c', reason: undefined },
      { reason: 'the will is not authorized', cause },
    ])
    expect(JSON.stringify(alice.received)).not.toContain('rule 4')
  })

  it('is told of a flood a hundred times, and how often besides', async () => {
    const { client, logger, advance } = await defaultStack({ rules: because })
    const alice = await client({ clientId: 'alice' })
    for (let i = 0; i < 150; i++) await alice.publish('a', 'x')
    await advance(1_000)
    expect(logger.lines.filter(({ message }) => message === 'not authorized')).toHaveLength(100)
    expect(logger.lines.map(({ message }) => message)).toContain(
      '50 more lines of publish.refused were left out',
    )
  })
})
