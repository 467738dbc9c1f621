/** 3.2.2.3: what CONNACK announces, and what happens to those who do not heed it. */
import { Buffer } from 'node:buffer'
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import type { TestContext } from '../../harness/test-context.ts'
import * as encode from '../../wire/encode.ts'
import type { Properties } from '../../wire/properties.ts'

/** Packets larger than this are not sent to find a limit. */
const LARGEST = 8 * 1_024 * 1_024

export function limits(): Chapter {
  return chapter(5, '3.2.2 Limits', (test) => {
    test('3.2.2-9', 'takes every QoS, or announces the highest that it takes', async (t) => {
      const { client, connack } = await t.accepted()
      const { maximumQos = 2 } = connack.properties
      for (let qos = 0; qos <= maximumQos; qos++) {
        await client.publish({ topic: t.topic(), payload: 'x', qos })
      }
      await client.ping()
    })

    test('3.2.2-10', 'accepts subscriptions of every QoS, whatever it can send', async (t) => {
      const { client, connack } = await t.accepted()
      const filters = [0, 1, 2].map((qos) => ({ filter: t.topic(`${qos}`), qos }))
      const { codes } = await client.subscribe(...filters)
      const { maximumQos = 2 } = connack.properties
      t.check(
        codes.every((code, at) => code <= at && code >= Math.min(at, maximumQos)),
        `it granted ${codes}`,
      )
    })

    test('3.2.2-11', 'closes when a client publishes at a QoS above the announced one', async (t) => {
      const maximum = await announced(t, 'maximumQos')
      const client = await t.connect()
      client.send(encode.publish(5, { topic: t.topic(), payload: 'x', qos: maximum + 1 }))
      await client.expectRefusal(0x9b)
    })

    test('3.2.2-12', 'refuses a will of a QoS above the announced one', async (t) => {
      const maximum = await announced(t, 'maximumQos')
      const client = await t.open()
      client.send(t.connectPacket({ will: { topic: t.topic(), qos: maximum + 1 } }))
      await client.expectRefusal(0x9b)
    })

    test('3.2.2-13', 'refuses a will that is to be retained where it retains nothing', async (t) => {
      await without(t, 'retainAvailable')
      const client = await t.open()
      client.send(t.connectPacket({ will: { topic: t.topic(), retain: true } }))
      await client.expectRefusal(0x9a)
    })

    test('3.2.2-14', 'closes when a client wants a message retained where it retains nothing', async (t) => {
      await without(t, 'retainAvailable')
      const client = await t.connect()
      client.send(encode.publish(5, { topic: t.topic(), payload: 'x', retain: true }))
      await client.expectRefusal(0x9a)
    })

    test('3.2.2-15', 'closes when a packet is larger than it announced', async (t) => {
      const size = await announced(t, 'maximumPacketSize')
      if (size > LARGEST) t.skip(`the announced maximum of ${size} bytes is too much to send`)
      const client = await t.connect()
      const bytes = encode.publish(5, { topic: t.topic(), payload: Buffer.alloc(size) })
      client.send(bytes)
      await client.expectRefusal(0x95)
    })

    test('', 'takes a packet of just the size it announced', async (t) => {
      const size = await announced(t, 'maximumPacketSize')
      if (size > LARGEST) t.skip(`the announced maximum of ${size} bytes is too much to send`)
      const client = await t.connect()
      const over = encode.publish(5, { topic: t.topic(), payload: Buffer.alloc(size), qos: 1, id: 1 })
      const payload = Buffer.alloc(size - (over.length - size))
      client.send(encode.publish(5, { topic: t.topic(), payload, qos: 1, id: 1 }))
      await client.expect('puback', { id: 1 })
    })

    const unavailable = [
      ['wildcardSubscriptionAvailable', 'a filter with wildcards', (t: TestContext) => t.topic('#'), 0xa2],
      [
        'sharedSubscriptionAvailable',
        'a shared subscription',
        (t: TestContext) => `$share/a/${t.topic()}`,
        0x9e,
      ],
    ] as const
    for (const [name, what, filter, code] of unavailable) {
      test('', `refuses ${what} where it announced to have none`, async (t) => {
        await without(t, name)
        const client = await t.connect()
        client.send(encode.subscribe(5, { id: 1, filters: [filter(t)] }))
        await Promise.race([client.expect('suback', { codes: [code] }), client.closed])
        if (client.isClosed) await client.expectRefusal(code)
      })
    }

    test('', 'refuses subscription identifiers where it announced to have none', async (t) => {
      await without(t, 'subscriptionIdentifierAvailable')
      const client = await t.connect()
      const properties = { subscriptionIdentifier: [1] }
      client.send(encode.subscribe(5, { id: 1, filters: [t.topic()], properties }))
      await Promise.race([client.expect('suback', { codes: [0xa1] }), client.closed])
      if (client.isClosed) await client.expectRefusal(0xa1)
    })

    test(
      '3.2.2-21 3.1.2-21',
      'closes after one and a half times the keep alive time that it set itself',
      async (t) => {
        const probe = await t.accepted({ keepAlive: 65_535 })
        const { serverKeepAlive = 0 } = probe.connack.properties
        if (serverKeepAlive === 0) t.skip('it leaves the keep alive time to its clients')
        if (t.target.advance === undefined && serverKeepAlive > 5)
          t.skip('its keep alive time is too long to wait')
        const client = await t.connect({ keepAlive: 65_535 })
        await t.advance(serverKeepAlive * 1_250)
        t.check(!client.isClosed, 'it closed too early')
        await t.advance(serverKeepAlive * 500)
        await client.gone()
        await client.expectRefusal(0x8d)
      },
      { slow: true },
    )
  })
}

/** A number that the broker announces; without it the test does not apply. */
async function announced(t: TestContext, name: keyof Properties): Promise<number> {
  const { connack } = await t.accepted()
  const value = connack.properties[name]
  return typeof value === 'number' ? value : t.skip(`it announces no ${name}`)
}

/** Only for brokers that announce not to have something. */
async function without(t: TestContext, name: keyof Properties): Promise<void> {
  if ((await announced(t, name)) !== 0) t.skip(`it has what ${name} is about`)
}
