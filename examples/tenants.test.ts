/** Two tenants whose clients use the same topics: each sees its own, by whatever way a message comes. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import type { ConnectOptions, OpenOptions, TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Broker5 } from '../test/rig/broker.ts'
import { broker5 } from '../test/rig/broker.ts'
import { messagesOf } from '../test/rig/bytes.ts'
import { Tenants } from './tenants.ts'

type Given = ConnectOptions & OpenOptions

interface Rig extends Broker5 {
  /** A client of a tenant. */
  of(tenant: string, given?: Given): Promise<TestClient>
  /** The topics that were relayed, as everybody behind sees them. */
  readonly relayed: readonly string[]
}

/** Users are called `name@tenant`. */
function rig(more: Parameters<typeof broker5>[0] = {}): Rig {
  const relayed: string[] = []
  const users: MiddlewareLike = {
    name: 'Users',
    authenticateConnection: ({ username }, store) => {
      store.valid = true
      store.identity = username
    },
    authorizePacket: (_ctx, store) => {
      store.valid = true
    },
  }
  const sees: MiddlewareLike = { name: 'Sees', relayMessage: ({ topic }) => void relayed.push(topic) }
  const tenants = new Tenants(({ session }) => session.identity?.split('@')[1] ?? '')
  const broker = broker5({
    ...more,
    use: [
      { middleware: users, after: 'authentication' },
      { middleware: tenants, after: 'authentication' },
      sees,
    ],
  })
  const of: Rig['of'] = (tenant, given) => broker.client({ username: `user@${tenant}`, ...given })
  return { ...broker, of, relayed }
}

const kept = (clientId: string, more: Given = {}): Given => ({
  clientId,
  clean: false,
  properties: { sessionExpiryInterval: 600 },
  ...more,
})

describe('tenants', () => {
  it.each([0, 1, 2] as const)(
    'see the messages of their own, by the names that they know, QoS %i',
    async (qos) => {
      const { of, relayed, seconds, memory } = rig()
      const [one, two] = [await of('acme'), await of('other')]
      for (const client of [one, two]) await client.subscribe(['a/+', '#'], { qos })
      await (await of('acme')).publish('a/b', '1', { qos })
      await (await of('other')).publish('a/b', '2', { qos })
      await seconds(0)
      expect(messagesOf(one)).toEqual([`a/b 1 q${qos}`])
      expect(messagesOf(two)).toEqual([`a/b 2 q${qos}`])
      expect(relayed).toEqual(['tenants/acme/a/b', 'tenants/other/a/b'])
      expect(memory.stats).toMatchObject({ messages: 0 })
    },
  )

  it('get what waited in a queue and in a log, what is sent again, and what is live, with the session that comes back', async () => {
    const { of, seconds, memory } = rig({ outboundManager: { inflight: 1 } })
    const first = await of('acme', kept('device', { autoAck: false }))
    await first.subscribe('a/#', { qos: 2 })
    const [friend, stranger] = [await of('acme'), await of('other')]
    for (const payload of ['1', '2']) await friend.publish('a/b', payload, { qos: 2 })
    await stranger.publish('a/b', 'x', { qos: 2 })
    await seconds(0)
    expect(messagesOf(first)).toEqual(['a/b 1 q2'])
    await first.drop()
    await friend.publish('a/b', '3', { qos: 1 })
    const again = await of('acme', kept('device'))
    await seconds(0)
    await friend.publish('a/c', '4', { qos: 1 })
    await seconds(0)
    expect(messagesOf(again)).toEqual(['a/b 1 q2 d', 'a/b 2 q2', 'a/b 3 q1', 'a/c 4 q1'])
    // The subscription that was restored is the one that the client gives up.
    const { granted } = await again.unsubscribe('a/#')
    expect(granted).toEqual([0])
    await friend.publish('a/b', '5', { qos: 1 })
    expect(messagesOf(again)).toHaveLength(4)
    expect(memory.stats).toMatchObject({ messages: 0, messageBytes: 0, subscriptions: 0 })
  })

  it('have retained messages of their own', async () => {
    const { of, seconds, memory } = rig()
    const [one, two] = [await of('acme'), await of('other')]
    await one.publish('a', '1', { retain: true })
    await two.publish('a', '2', { retain: true, qos: 1 })
    await one.subscribe(['a', 'b'], { qos: 1 })
    await two.subscribe('#', { qos: 1 })
    await seconds(0)
    expect([messagesOf(one), messagesOf(two)]).toEqual([['a 1 q0 r'], ['a 2 q1 r']])
    await one.publish('a', '', { retain: true })
    await two.publish('a', '', { retain: true })
    expect(memory.stats).toMatchObject({ retained: 0 })
  })

  it('have wills of their own, at once or after a delay', async () => {
    const { of, seconds } = rig()
    const [one, two] = [await of('acme'), await of('other')]
    for (const client of [one, two]) await client.subscribe('gone/#')
    const will = { topic: 'gone/a', payload: Buffer.from('1'), qos: 0, retain: false } as const
    await (await of('acme', { will })).drop()
    const delayed = { ...will, topic: 'gone/b', properties: { willDelayInterval: 5 } }
    await (await of('acme', kept('b', { will: delayed }))).drop()
    await seconds(10)
    expect([messagesOf(one), messagesOf(two)]).toEqual([['gone/a 1 q0', 'gone/b 1 q0'], []])
  })

  it('share with members of their own alone, though the group is called the same', async () => {
    const { of, seconds } = rig()
    const members = [await of('acme'), await of('acme'), await of('other')]
    for (const member of members) await member.subscribe('$share/g/a/#', { qos: 1 })
    const friend = await of('acme')
    for (const payload of ['1', '2']) await friend.publish('a/b', payload, { qos: 1 })
    await seconds(0)
    expect(members.map((member) => messagesOf(member).length)).toEqual([1, 1, 0])
    expect((await members[0].unsubscribe('$share/g/a/#')).granted).toEqual([0])
  })

  it('[MQTT-4.7.2-1] see no $ topics by wildcards, neither their own nor those of others', async () => {
    const { of, seconds, broker } = rig()
    const [one, two, knows] = [await of('acme'), await of('other'), await of('acme')]
    for (const client of [one, two]) await client.subscribe(['#', '+/a', '+/+/+/a'])
    await two.subscribe('$mine/#')
    await knows.subscribe('$mine/#')
    await one.publish('$mine/a', '1')
    await broker.publish('$SYS/a', 'of the broker')
    await seconds(0)
    expect([one, two, knows].map(messagesOf)).toEqual([[], [], ['$mine/a 1 q0']])
  })

  it('answer requests of their own, over topic aliases too (5.0)', async () => {
    const { of, seconds } = rig({ outboundManager: { topicAliases: 5 }, stack: { topicAliases: 5 } })
    const asks = await of('acme', { properties: { topicAliasMaximum: 5 } })
    const answers = await of('acme', { properties: { topicAliasMaximum: 5 } })
    const stranger = await of('other')
    for (const client of [asks, answers, stranger]) await client.subscribe('answers/1')
    await answers.subscribe('ask')
    await stranger.subscribe('ask')
    const properties = { responseTopic: 'answers/1', correlationData: Buffer.from('7') }
    await asks.publish('ask', '1', { properties: { ...properties, topicAlias: 2 } })
    await asks.publish('', '2', { properties: { ...properties, topicAlias: 2 } })
    await seconds(0)
    const requests = answers.received.flatMap((packet) => (packet.cmd === 'publish' ? [packet] : []))
    expect(requests.map(({ topic, payload }) => `${topic} ${payload}`)).toEqual(['ask 1', ' 2'])
    const [first, second] = requests.map((packet) => packet.properties)
    expect(first).toMatchObject({ ...properties, topicAlias: 1 })
    expect(second).toMatchObject({ ...properties, topicAlias: 1 })
    await answers.publish(String(first?.responseTopic), 'yes')
    await seconds(0)
    expect([messagesOf(asks), messagesOf(stranger)]).toEqual([['answers/1 yes q0'], []])
  })

  it('cannot reach each other by what they are called', async () => {
    const { of, seconds } = rig()
    const names = ['acme', '+', '#', 'acme/a', '$', '']
    const clients = await Promise.all(names.map((name) => of(name)))
    for (const client of clients) await client.subscribe(['#', '+/#', 'a/#', '/#'])
    await (await of('acme')).publish('a/b', '1')
    await seconds(0)
    expect(clients.map(messagesOf)).toEqual([['a/b 1 q0'], [], [], [], [], []])
  })

  it('leave nothing behind', async () => {
    const { of, broker, seconds, memory } = rig()
    const { ledger } = broker.stack
    const before = ledger.held
    const will = { topic: 'gone', payload: Buffer.from('1'), qos: 1, retain: false } as const
    const [one, two] = [await of('acme', kept('one', { will })), await of('acme', kept('two'))]
    for (const client of [one, two]) await client.subscribe(['a', '$share/g/b'], { qos: 2 })
    await two.drop()
    for (const topic of ['a', 'b', '$c']) await one.publish(topic, '1', { qos: 2, retain: true })
    for (const topic of ['a', 'b', '$c']) await one.publish(topic, '', { retain: true })
    await one.disconnect({ properties: { sessionExpiryInterval: 0 } })
    const again = await of('acme', kept('two'))
    await again.disconnect({ properties: { sessionExpiryInterval: 0 } })
    await seconds(2)
    expect(memory.stats).toMatchObject({
      sessions: 0,
      subscriptions: 0,
      messages: 0,
      messageBytes: 0,
      retained: 0,
    })
    expect(ledger.held).toBe(before)
  })
})
