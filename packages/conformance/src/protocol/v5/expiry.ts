/** 3.3.2.3.3 and 3.1.2.11.2: messages and sessions that expire. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import type { TestContext } from '../../harness/test-context.ts'
import * as encode from '../../wire/encode.ts'
import { fresh, stored } from '../sessions.ts'

const slow = { slow: true }

export function expiry(): Chapter {
  return chapter(5, '3.3.2 Expiry', (test) => {
    test('3.3.2-6', 'hands on the message expiry of a message that did not wait', async (t) => {
      const client = await t.connect()
      await client.subscribe(t.topic())
      await client.publish({ topic: t.topic(), payload: 'x', properties: { messageExpiry: 100 } })
      const { properties } = await client.message()
      t.check([99, 100].includes(properties.messageExpiry ?? -1), `it is ${properties.messageExpiry}`)
    })

    test(
      '3.3.2-6',
      'counts down the expiry of a message that waits for a session',
      async (t) => {
        const clientId = await away(t)
        const publisher = await t.connect()
        await publisher.publish({
          topic: t.topic(),
          payload: 'x',
          qos: 1,
          properties: { messageExpiry: 100 },
        })
        await t.advance(3_000)
        const client = await t.connect({ clientId, ...stored(5) })
        const { properties } = await client.message()
        t.check(within(properties.messageExpiry, 94, 98), `it is ${properties.messageExpiry}`)
      },
      slow,
    )

    test(
      '3.3.2-6',
      'counts down the expiry of a retained message',
      async (t) => {
        const client = await t.connect()
        const message = { topic: t.topic(), payload: 'x', qos: 1, retain: true }
        await client.publish({ ...message, properties: { messageExpiry: 100 } })
        await t.advance(3_000)
        await client.subscribe(t.topic())
        const { properties } = await client.message({ retain: true })
        t.check(within(properties.messageExpiry, 94, 98), `it is ${properties.messageExpiry}`)
      },
      slow,
    )

    for (const qos of [1, 2]) {
      test(
        '3.3.2-5',
        `deletes a message of QoS ${qos} that expired while its session was away`,
        async (t) => {
          const clientId = await away(t, qos)
          const publisher = await t.connect()
          await publisher.publish({ topic: t.topic(), payload: 'old', qos, properties: { messageExpiry: 1 } })
          await publisher.publish({
            topic: t.topic(),
            payload: 'young',
            qos,
            properties: { messageExpiry: 600 },
          })
          await publisher.publish({ topic: t.topic(), payload: 'ageless', qos })
          await t.advance(2_500)
          const client = await t.connect({ clientId, ...stored(5) })
          await client.message({ payload: 'young' })
          await client.message({ payload: 'ageless' })
          await t.silent(client)
        },
        slow,
      )
    }

    test(
      '3.3.2-5',
      'deletes a message that expired while the window of its receiver was full',
      async (t) => {
        const client = await t.connect({ properties: { receiveMaximum: 1 } })
        await client.subscribe({ filter: t.topic(), qos: 1 })
        const publisher = await t.connect()
        await publisher.publish({ topic: t.topic(), payload: 'holds', qos: 1 })
        await publisher.publish({
          topic: t.topic(),
          payload: 'old',
          qos: 1,
          properties: { messageExpiry: 1 },
        })
        await publisher.publish({ topic: t.topic(), payload: 'ageless', qos: 1 })
        const held = await client.expect('publish', { payload: 'holds' })
        await t.advance(2_500)
        await client.acknowledge(held)
        await client.message({ payload: 'ageless' })
        await t.silent(client)
      },
      slow,
    )

    test(
      '3.3.2-5',
      'does not give an expired retained message to a new subscriber',
      async (t) => {
        const client = await t.connect()
        const message = { topic: t.topic(), payload: 'old', qos: 1, retain: true }
        await client.publish({ ...message, properties: { messageExpiry: 1 } })
        await t.advance(2_500)
        await client.subscribe(t.topic())
        await t.silent(client)
      },
      slow,
    )

    test(
      '4.3.3-7',
      'sends an unacknowledged message again though it has expired',
      async (t) => {
        const clientId = t.clientId()
        const before = await t.connect({ clientId, ...fresh(5) })
        await before.subscribe({ filter: t.topic(), qos: 2 })
        await before.publish({ topic: t.topic(), payload: 'sent', qos: 2, properties: { messageExpiry: 1 } })
        const { id } = await before.expect('publish', { payload: 'sent' })
        await before.drop()
        await t.advance(2_500)
        const client = await t.connect({ clientId, ...stored(5) })
        await client.message({ id, dup: true, payload: 'sent' })
      },
      slow,
    )

    test(
      '4.3.3-13',
      'completes the exchange of a message of QoS 2 that has expired',
      async (t) => {
        const client = await t.connect()
        const message = { topic: t.topic(), payload: 'x', qos: 2, id: 6, properties: { messageExpiry: 1 } }
        client.send(encode.publish(5, message))
        await client.expect('pubrec', { id: 6 })
        await t.advance(2_500)
        client.send(encode.ack(5, 'pubrel', 6))
        await client.expect('pubcomp', { id: 6, code: 0 })
      },
      slow,
    )

    test(
      '4.1.0-2',
      'discards a session when its expiry interval has passed',
      async (t) => {
        const clientId = await away(t, 1, 2)
        await t.advance(4_000)
        const { client, connack } = await t.accepted({ clientId, ...stored(5) })
        t.check(!connack.sessionPresent, 'it was still there')
        await client.publish({ topic: t.topic(), payload: 'x' })
        await t.silent(client)
      },
      slow,
    )

    test(
      '3.1.2-23',
      'keeps a session while its expiry interval lasts',
      async (t) => {
        const clientId = await away(t, 1, 10)
        await t.advance(3_000)
        const { connack } = await t.accepted({ clientId, ...stored(5) })
        t.check(connack.sessionPresent, 'it was gone')
      },
      slow,
    )

    test('3.1.2-23', 'takes the greatest expiry interval for no end, or announces another', async (t) => {
      const properties = { sessionExpiry: 0xffff_ffff }
      const clientId = t.clientId()
      const { client, connack } = await t.accepted({ clientId, properties })
      await client.disconnect()
      const announced = connack.properties.sessionExpiry ?? properties.sessionExpiry
      if (t.target.advance !== undefined) await t.advance(Math.min(announced, 86_400) * 900)
      const again = await t.accepted({ clientId, clean: false, properties })
      t.check(again.connack.sessionPresent, 'it was gone')
    })

    test('4.1.0-2', 'ends a session at once whose expiry interval is 0 or absent', async (t) => {
      for (const properties of [{}, { sessionExpiry: 0 }]) {
        const clientId = t.clientId()
        const before = await t.connect({ clientId, properties })
        await before.disconnect()
        const { connack } = await t.accepted({ clientId, clean: false })
        t.check(!connack.sessionPresent, 'it was still there')
      }
    })

    test('4.1.0-2', 'ends a session at once when DISCONNECT sets its expiry interval to 0', async (t) => {
      const clientId = t.clientId()
      const before = await t.connect({ clientId, ...fresh(5) })
      await before.disconnect(0, { sessionExpiry: 0 })
      const { connack } = await t.accepted({ clientId, ...stored(5) })
      t.check(!connack.sessionPresent, 'it was still there')
    })

    test(
      '4.1.0-2',
      'follows the expiry interval that DISCONNECT sets',
      async (t) => {
        const [short, long] = [t.clientId(), t.clientId()]
        const one = await t.connect({ clientId: short, properties: { sessionExpiry: 600 } })
        await one.disconnect(0, { sessionExpiry: 1 })
        const other = await t.connect({ clientId: long, properties: { sessionExpiry: 1 } })
        await other.disconnect(0, { sessionExpiry: 600 })
        await t.advance(3_000)
        const first = await t.accepted({ clientId: short, clean: false })
        t.check(!first.connack.sessionPresent, 'what was made shorter was still there')
        const second = await t.accepted({ clientId: long, clean: false })
        t.check(second.connack.sessionPresent, 'what was made longer was gone')
      },
      slow,
    )

    test(
      '4.1.0-1',
      'does not end a session while it is connected, however short its expiry interval',
      async (t) => {
        const client = await t.connect({ properties: { sessionExpiry: 1 } })
        await client.subscribe({ filter: t.topic(), qos: 1 })
        await t.advance(3_000)
        await client.publish({ topic: t.topic(), payload: 'x', qos: 1 })
        await client.message({ payload: 'x', qos: 1 })
      },
      slow,
    )
  })
}

/** A client with a subscription and without a connection. */
async function away(t: TestContext, qos = 1, sessionExpiry = 600): Promise<string> {
  const clientId = t.clientId()
  const before = await t.connect({ clientId, properties: { sessionExpiry } })
  await before.subscribe({ filter: t.topic(), qos })
  await before.disconnect()
  return clientId
}

function within(value: number | undefined, least: number, greatest: number): boolean {
  return value !== undefined && value >= least && value <= greatest
}
