import type { BrokerOptions } from '@mqtt-stack/broker'
import type { ConnectOptions, OpenOptions, TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { messagesOf } from '../../../test/rig/bytes.ts'
import type { MemoryBackendOptions } from './index.ts'

type Strategy = NonNullable<MemoryBackendOptions['shareStrategy']>

interface Shared extends Broker5 {
  publisher: TestClient
  /** Who shares `a/#`, at QoS 2, in the group `g`. */
  member(clientId: string, options?: ConnectOptions & OpenOptions): Promise<TestClient>
  /** Publishes payloads to `a/b`. */
  publish(qos: 0 | 1 | 2, ...payloads: readonly string[]): Promise<void>
}

async function shared(options: BrokerOptions = {}): Promise<Shared> {
  const test = broker5(options)
  const publisher = await test.client({ clientId: 'publisher' })
  return {
    ...test,
    publisher,
    member: async (clientId, given) => {
      const client = await test.client({ clientId, ...given })
      await client.subscribe('$share/g/a/#', { qos: 2 })
      return client
    },
    publish: async (qos, ...payloads) => {
      for (const payload of payloads) await publisher.publish('a/b', payload, { qos })
      await test.seconds(0)
    },
  }
}

const lasting = (more: ConnectOptions & OpenOptions = {}): ConnectOptions & OpenOptions => ({
  clean: false,
  ...more,
  properties: { sessionExpiryInterval: 60, ...more.properties },
})

/** The payloads that came, those sent again marked. */
function payloads(client: TestClient): string[] {
  return client.received.flatMap((packet) =>
    packet.cmd === 'publish' ? [`${packet.payload}${packet.dup ? ' again' : ''}`] : [],
  )
}

const letters = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i))

describe('the member that gets a message', () => {
  const withStrategy = (shareStrategy: Strategy): Promise<Shared> => shared({ backend: { shareStrategy } })

  it('is the next in turn', async () => {
    const { member, publish } = await withStrategy('round-robin')
    const all = [await member('one'), await member('two'), await member('three')]
    await publish(1, ...letters(9))
    expect(all.map((one) => payloads(one).length)).toEqual([3, 3, 3])
    expect(all.flatMap(payloads).sort()).toEqual(letters(9))
    await all[0].drop()
    await publish(0, ...letters(4))
    expect(all.slice(1).map((one) => payloads(one).length)).toEqual([5, 5])
  })

  it('is in turn by default', async () => {
    const { member, publish } = await shared()
    const all = [await member('one'), await member('two')]
    await publish(0, ...letters(4))
    expect(all.map((one) => payloads(one).length)).toEqual([2, 2])
  })

  it('is any one at random', async () => {
    const { member, publish } = await withStrategy('random')
    const all = [await member('one'), await member('two'), await member('three')]
    await publish(0, ...letters(150))
    const counts = all.map((one) => payloads(one).length)
    expect(counts[0] + counts[1] + counts[2]).toBe(150)
    expect(Math.min(...counts)).toBeGreaterThan(15)
    // In turn it would be every third one.
    expect(new Set(payloads(all[0]).map((payload) => Number(payload) % 3)).size).toBe(3)
  })

  it('stays the same, whoever comes and goes, until it goes itself', async () => {
    const { member, publish } = await withStrategy('sticky')
    const [one, two, three] = [await member('one'), await member('two'), await member('three')]
    await publish(1, ...letters(3))
    expect(payloads(one)).toEqual(['0', '1', '2'])
    await one.drop()
    await publish(1, 'x', 'y')
    const chosen = payloads(two).length > 0 ? two : three
    expect(payloads(chosen)).toEqual(['x', 'y'])
    const back = await member('one')
    await publish(1, 'z')
    await back.drop()
    const other = chosen === two ? three : two
    await publish(1, '!')
    expect(payloads(chosen)).toEqual(['x', 'y', 'z', '!'])
    await other.drop()
    await publish(1, '?')
    expect(payloads(chosen)).toHaveLength(5)
  })

  it('stays the same when one who joined before it leaves', async () => {
    const { member, publish } = await withStrategy('sticky')
    const one = await member('one')
    const two = await member('two', lasting())
    const three = await member('three')
    await one.drop()
    await publish(0, 'x')
    expect(payloads(two)).toEqual(['x'])
    await two.drop()
    await publish(0, 'y')
    expect(payloads(three)).toEqual(['y'])
    await member('two', lasting())
    await publish(0, 'z')
    expect(payloads(three)).toEqual(['y', 'z'])
  })

  it('is the same for a publisher', async () => {
    const { member, client } = await withStrategy('publisher')
    const all = [await member('one'), await member('two'), await member('three')]
    for (const name of letters(12)) {
      const publisher = await client({ clientId: `publisher ${name}` })
      for (let i = 0; i < 3; i++) await publisher.publish('a/b', name)
      expect(all.filter((one) => payloads(one).includes(name))).toHaveLength(1)
    }
    expect(all.filter((one) => payloads(one).length > 0).length).toBeGreaterThan(1)
  })

  it('has to be named rightly', () => {
    expect(() => broker5({ backend: { shareStrategy: 'fastest' as Strategy } })).toThrow('shareStrategy')
  })

  it.each(['round-robin', 'random', 'sticky', 'publisher'] as const)(
    'is one who is there, if anybody is: %s',
    async (strategy) => {
      const { member, publish } = await withStrategy(strategy)
      const asleep = [await member('one', lasting()), await member('three', lasting())]
      const awake = await member('two')
      for (const one of asleep) await one.drop()
      await publish(1, ...letters(6))
      expect(payloads(awake)).toEqual(letters(6))
    },
  )
})

describe.each(BACKENDS)('a shared subscription, with %s', (_name, backend) => {
  it('is one copy for each group, besides those of ordinary subscriptions', async () => {
    const { client, publisher, seconds } = await shared({ backend: backend() })
    const both = await client()
    await both.subscribe(['$share/g/a/#', 'a/b'], { qos: 1 })
    const second = await client()
    await second.subscribe('$share/other/a/+', { qos: 1 })
    const ack = await publisher.publish('a/b', 'x', { qos: 1 })
    expect(ack).toMatchObject({ reasonCode: 0 })
    await seconds(0)
    expect(messagesOf(both)).toEqual(['a/b x q1', 'a/b x q1'])
    expect(messagesOf(second)).toEqual(['a/b x q1'])
  })

  it('[MQTT-4.8.2-3] delivers at the QoS that the member was granted', async () => {
    const { client, publisher, seconds } = await shared({ backend: backend() })
    const all = []
    for (const qos of [0, 1, 2] as const) {
      const one = await client()
      await one.subscribe('$share/g/a', { qos })
      all.push(one)
    }
    for (let i = 0; i < 3; i++) await publisher.publish('a', 'x', { qos: 2 })
    await seconds(0)
    expect(all.flatMap(messagesOf).sort()).toEqual(['a x q0', 'a x q1', 'a x q2'])
  })

  it('[MQTT-3.3.4-5] sends its identifier, and each message as it was published', async () => {
    const { client, publisher } = await shared({ backend: backend() })
    const one = await client()
    await one.subscribe('$share/g/a', { rap: true, properties: { subscriptionIdentifier: 7 } })
    await publisher.publish('a', 'x', { retain: true, properties: { contentType: 'text/plain' } })
    expect(await one.next('publish')).toMatchObject({
      retain: true,
      properties: { subscriptionIdentifier: 7, contentType: 'text/plain' },
    })
  })

  it('gets no retained messages', async () => {
    const { client, publisher, seconds } = await shared({ backend: backend() })
    await publisher.publish('a', 'kept', { retain: true })
    const one = await client()
    for (const rh of [0, 1] as const) await one.subscribe('$share/g/a', { rh })
    await seconds(0)
    expect(messagesOf(one)).toEqual([])
  })

  it('[MQTT-3.8.4-3] is renewed, not doubled, by another SUBSCRIBE', async () => {
    const { client, publisher, seconds } = await shared({ backend: backend() })
    const one = await client()
    for (const qos of [2, 0] as const) await one.subscribe('$share/g/a', { qos })
    await publisher.publish('a', 'x', { qos: 2 })
    await seconds(0)
    expect(messagesOf(one)).toEqual(['a x q0'])
  })

  it('[MQTT-3.10.4-1] ends by the filter that it was made with', async () => {
    const { client, publisher, seconds } = await shared({ backend: backend() })
    const [one, two] = [await client(), await client()]
    await one.subscribe('$share/g/a')
    await two.subscribe('$share/g/a')
    const { granted } = await one.unsubscribe(['a', '$share/h/a', '$share/g/a', '$share/g/a'])
    expect(granted).toEqual([0x11, 0x11, 0, 0x11])
    for (let i = 0; i < 3; i++) await publisher.publish('a', 'x')
    await seconds(0)
    expect([messagesOf(one).length, messagesOf(two).length]).toEqual([0, 3])
  })

  it('is there for older clients too', async () => {
    const { member, publish } = await shared({ backend: backend() })
    const [one, two] = [
      await member('one', { protocolVersion: 4 }),
      await member('two', { protocolVersion: 3 }),
    ]
    await publish(1, ...letters(4))
    expect([payloads(one).length, payloads(two).length]).toEqual([2, 2])
  })

  it('of one who is not there waits for it', async () => {
    const { member, publish, client, seconds } = await shared({ backend: backend() })
    await (await member('one', lasting())).drop()
    await publish(1, 'x')
    await publish(2, 'y')
    await publish(0, 'lost')
    const back = await client({ clientId: 'one', ...lasting() })
    await seconds(0)
    expect(payloads(back)).toEqual(['x', 'y'])
  })
})

describe('what is no shared subscription', () => {
  it.each([
    ['[MQTT-3.8.3-4] no local', '$share/g/a', true, 0x82],
    ['[MQTT-4.8.2-1] no name', '$share//a', false, 0x81],
    ['[MQTT-4.8.2-2] a wildcard in the name', '$share/+/a', false, 0x81],
    ['[MQTT-4.8.2-2] a wildcard within the name', '$share/g#/a', false, 0x81],
    ['[MQTT-4.8.2-2] no filter', '$share/g', false, 0x81],
    ['[MQTT-4.8.2-2] an empty filter', '$share/g/', false, 0x81],
    ['a bad filter', '$share/g/a/#/b', false, 0x81],
  ])('%s: %s', async (_what, topic, nl, code) => {
    const { client } = broker5()
    const one = await client()
    one.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 0, nl }] })
    expect((await one.next('disconnect')).reasonCode).toBe(code)
  })

  it.each(['$shared/g/a', '$SHARE/g/a', '/$share/g/a'])('%s is an ordinary filter', async (topic) => {
    const { client } = broker5()
    const one = await client()
    await one.subscribe(topic)
    await one.publish(topic === '/$share/g/a' ? topic : 'a', 'x')
    expect(messagesOf(one)).toEqual(topic === '/$share/g/a' ? ['/$share/g/a x q0'] : [])
  })
})

/** Ways in which a member's session ends; the first two at once. */
const ENDS: readonly (readonly [
  string,
  ConnectOptions,
  (test: Shared, member: TestClient) => Promise<void>,
])[] = [
  [
    'with its connection',
    { properties: { sessionExpiryInterval: 0 } },
    async (_test, member) => member.drop(),
  ],
  [
    'by DISCONNECT with expiry 0',
    lasting(),
    async (_test, member) => member.disconnect({ properties: { sessionExpiryInterval: 0 } }),
  ],
  [
    'as its time is over',
    lasting(),
    async ({ seconds }, member) => {
      await member.drop()
      await seconds(61)
    },
  ],
  [
    'by clean start',
    lasting(),
    async ({ client, seconds }, member) => {
      await member.drop()
      await client({ clientId: member.clientId, clean: true })
      await seconds(0)
    },
  ],
  [
    'by a take-over with clean start',
    lasting(),
    async ({ client, seconds }, member) => {
      await client({ clientId: member.clientId, clean: true })
      await seconds(0)
    },
  ],
]

describe.each(BACKENDS)('when a member’s session ends, with %s', (_name, backend) => {
  describe.each(ENDS)('%s', (_how, connect, end) => {
    it('QoS 1 without PUBACK goes to another', async () => {
      const test = await shared({ backend: backend() })
      const one = await test.member('one', { ...connect, autoAck: false })
      await test.publish(1, 'x', 'y', 'z')
      await one.next('publish')
      const { messageId } = await one.next('publish')
      one.send({ cmd: 'puback', messageId })
      const two = await test.member('two')
      await end(test, one)
      expect(payloads(one)).toEqual(['x', 'y', 'z'])
      expect(payloads(two)).toEqual(['x', 'z'])
    })

    it('[MQTT-4.8.2-5] QoS 2 that was sent goes to nobody, at whatever step it is', async () => {
      const test = await shared({ backend: backend() })
      const one = await test.member('one', { ...connect, autoAck: false })
      await test.publish(2, 'sent', 'received', 'released')
      for (let i = 0; i < 3; i++) {
        const { messageId } = await one.next('publish')
        if (i > 0) one.send({ cmd: 'pubrec', messageId })
        if (i > 1) one.send({ cmd: 'pubcomp', messageId })
      }
      await test.seconds(0)
      const two = await test.member('two')
      await end(test, one)
      expect(payloads(two)).toEqual([])
    })

    it('what was not sent for want of room goes to another, in order', async () => {
      const test = await shared({ backend: backend() })
      const properties = { ...connect.properties, receiveMaximum: 1 }
      const one = await test.member('one', { ...connect, properties, autoAck: false })
      await test.publish(2, 'sent')
      await test.publish(1, 'x')
      await test.publish(2, 'y', 'z')
      const two = await test.member('two')
      await end(test, one)
      expect(payloads(one)).toEqual(['sent'])
      expect(payloads(two)).toEqual(['x', 'y', 'z'])
    })

    it('its QoS 2 that was handed on and sent goes no further', async () => {
      const test = await shared({ backend: backend() })
      const properties = { ...connect.properties, receiveMaximum: 1 }
      const one = await test.member('one', { ...connect, properties, autoAck: false })
      await test.publish(2, 'sent', 'x')
      const two = await test.member('two', { ...connect, autoAck: false })
      await end(test, one)
      expect(payloads(two)).toEqual(['x'])
      const three = await test.member('three')
      await end(test, two)
      expect(payloads(three)).toEqual([])
    })

    it('[MQTT-4.8.2-6] what it refused goes to nobody', async () => {
      const test = await shared({ backend: backend() })
      const one = await test.member('one', { ...connect, autoAck: false })
      await test.publish(1, 'x')
      await test.publish(2, 'y')
      one.send({ cmd: 'puback', messageId: (await one.next('publish')).messageId, reasonCode: 0x97 })
      one.send({ cmd: 'pubrec', messageId: (await one.next('publish')).messageId, reasonCode: 0x80 })
      await test.seconds(0)
      const two = await test.member('two')
      await end(test, one)
      expect(payloads(two)).toEqual([])
      expect(one.received.filter(({ cmd }) => cmd === 'pubrel')).toEqual([])
    })

    it('and there is nobody else, it is lost', async () => {
      const store = backend()
      const test = await shared({ backend: store })
      const one = await test.member('one', { ...connect, autoAck: false })
      await test.publish(1, 'x')
      await end(test, one)
      expect(store.stats).toMatchObject({ messages: 0, subscriptions: 0 })
    })

    it('its messages go on expiring', async () => {
      const test = await shared({ backend: backend() })
      const properties = { ...connect.properties, receiveMaximum: 1 }
      const one = await test.member('one', { ...connect, properties, autoAck: false })
      for (const messageExpiryInterval of [100, 200, 3])
        await test.publisher.publish('a/b', 'x', { qos: 1, properties: { messageExpiryInterval } })
      await test.seconds(10)
      const two = await test.member('two')
      const before = test.clock.now()
      await end(test, one)
      const waited = 10 + Math.floor((test.clock.now() - before) / 1_000)
      const left = two.received.flatMap((packet) =>
        packet.cmd === 'publish' ? [packet.properties?.messageExpiryInterval ?? 0] : [],
      )
      expect(left).toHaveLength(2)
      expect(Math.abs(left[0] - (100 - waited))).toBeLessThanOrEqual(1)
      expect(Math.abs(left[1] - (200 - waited))).toBeLessThanOrEqual(1)
    })
  })

  it('together with another’s, the last gets it all', async () => {
    const test = await shared({ backend: backend() })
    const gone = []
    for (const name of ['one', 'two', 'three']) gone.push(await test.member(name, { autoAck: false }))
    await test.publish(1, ...letters(9))
    const last = await test.member('last')
    for (const one of gone) one.stream.destroy()
    await test.seconds(0)
    expect(payloads(last).sort()).toEqual(letters(9))
  })

  it('what it left waits for another who is not there', async () => {
    const test = await shared({ backend: backend() })
    const one = await test.member('one', { autoAck: false })
    await test.publish(1, 'x')
    await (await test.member('two', lasting())).drop()
    await one.drop()
    const back = await test.client({ clientId: 'two', ...lasting() })
    await test.seconds(0)
    expect(payloads(back)).toEqual(['x'])
  })
})

describe.each(BACKENDS)('when a member is gone for a while, with %s', (_name, backend) => {
  it('[MQTT-4.8.2-4] its QoS 1 and 2 is completed with it, and with nobody else', async () => {
    const test = await shared({ backend: backend() })
    const properties = { receiveMaximum: 2 }
    const one = await test.member('one', { ...lasting({ properties }), autoAck: false })
    await test.publish(1, 'a')
    await test.publish(2, 'b', 'c')
    const two = await test.member('two')
    await one.drop()
    await test.seconds(30)
    const back = await test.client({ clientId: 'one', ...lasting() })
    await test.seconds(60)
    expect(payloads(back)).toEqual(['a again', 'b again', 'c'])
    expect(payloads(two)).toEqual([])
  })
})

describe('with shareOnDisconnect', () => {
  const atOnce = { backend: { shareOnDisconnect: true } }

  it('what a member leaves behind goes to another at once, but for QoS 2 that was sent', async () => {
    const test = await shared(atOnce)
    const properties = { receiveMaximum: 2 }
    const one = await test.member('one', { ...lasting({ properties }), autoAck: false })
    await test.publish(1, 'a')
    await test.publish(2, 'b', 'c')
    const two = await test.member('two')
    await one.drop()
    expect(payloads(two)).toEqual(['a', 'c'])
    const back = await test.client({ clientId: 'one', ...lasting() })
    await test.seconds(0)
    expect(payloads(back)).toEqual(['b again'])
    await test.publish(1, 'd', 'e')
    expect([...payloads(back), ...payloads(two)].sort()).toEqual(['a', 'b again', 'c', 'd', 'e'])
  })

  it.each(['alone', 'with one who is not there either'])(
    'stays where it is while nobody is there: %s',
    async (how) => {
      const test = await shared(atOnce)
      if (how !== 'alone') await (await test.member('two', lasting())).drop()
      const one = await test.member('one', { ...lasting(), autoAck: false })
      await test.publish(1, 'a')
      await one.drop()
      const back = await test.client({ clientId: 'one', ...lasting() })
      await test.seconds(0)
      expect(payloads(back)).toEqual(['a again'])
    },
  )

  it('another’s session is not in the way: what waits elsewhere stays there', async () => {
    const test = await shared(atOnce)
    const one = await test.member('one', lasting())
    await one.drop()
    await test.publish(1, 'waiting')
    const two = await test.member('two')
    await test.publish(1, 'live')
    expect(payloads(two)).toEqual(['live'])
  })
})

describe('in any order of things', () => {
  it.each(letters(12).map(Number))(
    'no QoS 2 twice, no undisturbed QoS 1 twice, nothing lost: seed %i',
    async (seed) => {
      let state = seed * 7_919 + 1
      const random = (below: number): number => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
        return (state >> 8) % below
      }
      const test = await shared({ backend: { shareOnDisconnect: seed % 2 === 1 } })
      const keeper = await test.member('keeper')
      const heard: { payload: string; acknowledged: boolean; from: string }[] = []
      const members = new Map<string, TestClient>()
      const note = (client: TestClient): void => {
        for (const packet of client.received)
          if (packet.cmd === 'publish')
            heard.push({
              payload: String(packet.payload),
              acknowledged: client.autoAck,
              from: client.clientId,
            })
      }
      let count = 0
      for (let step = 0; step < 60; step++) {
        const name = `member ${random(3)}`
        const known = members.get(name)
        const what = random(4)
        if (what < 2) await test.publish(what === 0 ? 1 : 2, `q${what + 1} ${count++}`)
        else if (known === undefined) {
          const expiry = random(2) * 20
          const properties = { sessionExpiryInterval: expiry, receiveMaximum: 1 + random(3) }
          const again = { clean: random(4) === 0, properties, autoAck: random(2) === 0 }
          members.set(name, await test.member(name, again))
        } else if (what === 2) {
          note(known)
          members.delete(name)
          if (random(2) === 0) await known.drop()
          else await known.disconnect()
        } else await test.seconds(random(30))
      }
      for (const [name, client] of members) {
        await client.drop()
        note(client)
        members.delete(name)
      }
      await test.seconds(100)
      note(keeper)
      const done = heard.filter(({ acknowledged }) => acknowledged).map(({ payload }) => payload)
      expect(done).toEqual([...new Set(done)])
      const all = new Map<string, Set<string>>()
      for (const { payload, from } of heard) all.set(payload, (all.get(payload) ?? new Set()).add(from))
      for (const [payload, receivers] of all)
        if (payload.startsWith('q2')) expect([payload, receivers.size]).toEqual([payload, 1])
      for (let i = 0; i < count; i++) {
        // QoS 2 that was sent and never completed is gone with its session; it was sent.
        expect(all.has(`q1 ${i}`) || all.has(`q2 ${i}`)).toBe(true)
      }
    },
  )
})
