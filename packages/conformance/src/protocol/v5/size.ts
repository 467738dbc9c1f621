/** 3.1.2.11.4 of MQTT 5.0: no packet is larger than the client takes. */
import { Buffer } from 'node:buffer'
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import type { RawClient } from '../../harness/raw-client.ts'
import type { TestContext } from '../../harness/test-context.ts'
import * as encode from '../../wire/encode.ts'
import type { Received } from '../../wire/packets.ts'
import { stored } from '../sessions.ts'

/** Provokes packets of one type, with reasons if the broker gives any. */
type Provoke = (t: TestContext, client: RawClient) => Promise<void>

const publish =
  (qos: number): Provoke =>
  async (t, client) => {
    for (const topic of [t.topic('nobody'), t.target.forbiddenTopic ?? t.topic('nobody')]) {
      await client.publish({ topic, payload: 'x', qos })
    }
  }

/** For each type the statements about reason string and user properties. */
const PROVOKED: readonly (readonly [Received['type'], string, Provoke])[] = [
  ['puback', '3.4.2-2 3.4.2-3', publish(1)],
  ['pubrec', '3.5.2-2 3.5.2-3', publish(2)],
  [
    'pubrel',
    '3.6.2-2 3.6.2-3',
    async (_, client) => {
      client.send(encode.ack(5, 'pubrec', 99))
      await client.expect('pubrel', { id: 99 })
    },
  ],
  [
    'pubcomp',
    '3.7.2-2 3.7.2-3',
    async (_, client) => {
      client.send(encode.ack(5, 'pubrel', 99))
      await client.expect('pubcomp', { id: 99 })
    },
  ],
  [
    'suback',
    '3.9.2-1 3.9.2-2',
    async (t, client) => {
      await client.trySubscribe({ filters: [t.target.forbiddenTopic ?? t.topic()] })
    },
  ],
  [
    'unsuback',
    '3.11.2-1 3.11.2-2',
    async (t, client) => {
      await client.unsubscribe(t.topic('never'))
    },
  ],
  [
    'disconnect',
    '3.14.2-3 3.14.2-4',
    async (t, client) => {
      client.send(encode.publish(5, { topic: t.topic(), qos: 3, payload: 'x' }))
      await client.gone()
    },
  ],
]

export function size(): Chapter {
  return chapter(5, '3.1.2 Maximum packet size', (test) => {
    for (const qos of [0, 1, 2]) {
      test(
        '3.1.2-24 3.1.2-25',
        `leaves out a message of QoS ${qos} that is too large, and goes on`,
        async (t) => {
          const client = await t.connect({ properties: { maximumPacketSize: 200, receiveMaximum: 1 } })
          await client.subscribe({ filter: t.topic(), qos })
          const publisher = await t.connect()
          for (const length of [300, 10, 100_000, 20]) {
            await publisher.publish({ topic: t.topic(), payload: Buffer.alloc(length, 'x'), qos })
          }
          for (const length of [10, 20]) await client.message({ payload: 'x'.repeat(length) })
          await t.silent(client, publisher)
        },
      )
    }

    test('3.1.2-24', 'sends a message that is just as large as the client takes', async (t) => {
      const client = await t.connect()
      await client.subscribe(t.topic())
      await client.publish({ topic: t.topic(), payload: 'x'.repeat(100) })
      const { bytes } = await client.message()
      for (const [maximumPacketSize, comes] of [
        [bytes.length, true],
        [bytes.length - 1, false],
      ] as const) {
        const other = await t.connect({ properties: { maximumPacketSize } })
        await other.subscribe(t.topic())
        await client.publish({ topic: t.topic(), payload: 'x'.repeat(100) })
        if (comes) await other.message()
        await t.silent(other, client)
        await client.message()
      }
    })

    test('3.1.2-24', 'leaves out what is too large for one subscriber only for that one', async (t) => {
      const small = await t.connect({ properties: { maximumPacketSize: 200 } })
      const large = await t.connect()
      for (const client of [small, large]) await client.subscribe({ filter: t.topic(), qos: 1 })
      await large.publish({ topic: t.topic(), payload: Buffer.alloc(1_000), qos: 1 })
      await large.message()
      await t.silent(small, large)
    })

    test('3.1.2-24', 'leaves out a retained message that is too large', async (t) => {
      const publisher = await t.connect()
      await t.keep(publisher, { topic: t.topic('a'), payload: Buffer.alloc(1_000), qos: 1 })
      await t.keep(publisher, { topic: t.topic('b'), payload: 'small', qos: 1 })
      const client = await t.connect({ properties: { maximumPacketSize: 200 } })
      await client.subscribe(t.topic('#'))
      await client.message({ payload: 'small' })
      await t.silent(client)
    })

    test('3.1.2-25', 'never sends later what was too large', async (t) => {
      const clientId = t.clientId()
      const properties = { sessionExpiry: 600, maximumPacketSize: 200 }
      const before = await t.connect({ clientId, properties })
      await before.subscribe({ filter: t.topic(), qos: 1 })
      const publisher = await t.connect()
      await publisher.publish({ topic: t.topic(), payload: Buffer.alloc(1_000), qos: 1 })
      await t.silent(before, publisher)
      await before.disconnect()
      const client = await t.connect({ clientId, ...stored(5) })
      await t.silent(client)
    })

    for (const [type, numbers, provoke] of PROVOKED) {
      test(
        numbers,
        `gives no reason that makes ${type.toUpperCase()} larger than the client takes`,
        async (t) => {
          for (const maximumPacketSize of [100, 40]) {
            const client = await t.open()
            client.send(t.connectPacket({ properties: { maximumPacketSize } }))
            await Promise.race([client.expect('connack'), client.closed])
            if (client.isClosed) continue
            await provoke(t, client)
            check(t, client, maximumPacketSize)
          }
        },
      )
    }

    test(
      '3.2.2-19 3.2.2-20',
      'gives no reason that makes CONNACK larger than the client takes',
      async (t) => {
        for (const maximumPacketSize of [100, 40, 20, 8]) {
          for (const authenticationMethod of [undefined, 'conformance-none']) {
            const client = await t.open()
            client.send(t.connectPacket({ properties: { maximumPacketSize, authenticationMethod } }))
            await Promise.race([client.expect('connack'), client.closed])
            check(t, client, maximumPacketSize)
          }
        }
      },
    )
  })
}

function check(t: TestContext, { received }: RawClient, most: number): void {
  for (const { type, bytes } of received) {
    t.check(bytes.length <= most, `${type} has ${bytes.length} bytes, ${most} may come`)
  }
}
