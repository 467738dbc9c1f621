/** Topic alias and subscription identifiers belong to one connection, and user properties to the message. */
import type { Context, RetainedMessage, Store } from '@mqtt-stack/core'
import { Publish } from '@mqtt-stack/core'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import type { TestClient } from '@mqtt-stack/testing'
import { expect, it } from 'vitest'
import { broker5 } from '../../../test/rig/broker.ts'
import { frame, pair, properties, text } from '../../../test/rig/bytes.ts'

const PAIRS = [
  ['b', '1'],
  ['a', '2'],
  ['b', '3'],
] as const
const SECTION = properties(...PAIRS.map(([name, value]) => pair(name, value)))

const propertiesOf = ({ received }: TestClient) =>
  received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.properties] : []))

it('[MQTT-3.3.2-7] an alias that broker.publish is given reaches nobody', async () => {
  const { broker, client, seconds } = broker5()
  const one = await client()
  await one.subscribe('t')
  await broker.publish('t', 'p', { properties: { topicAlias: 7, subscriptionIdentifier: 3 } as object })
  await broker.publish('t', 'p', { properties: { topicAlias: 7, contentType: 'text' } as object })
  await seconds(0)
  expect(propertiesOf(one)).toEqual([undefined, { contentType: 'text' }])
})

it('[MQTT-3.3.2-7] a rule that copies packet.properties passes no alias on, and keeps the order of user properties', async () => {
  const copy = {
    name: 'Copy',
    relayMessage(ctx: Context<'relayMessage'>) {
      ctx.packet = ctx.packet.with({ topic: 'copy', properties: ctx.packet.properties })
    },
  }
  const { client, seconds } = broker5({ use: [copy] })
  const one = await client()
  await one.subscribe('copy')
  const publisher = await client()
  publisher.raw(frame(0x30, text('a'), properties([35, 0, 7], SECTION.subarray(1)), Buffer.from('x')))
  publisher.raw(frame(0x30, text(''), properties([35, 0, 7], SECTION.subarray(1)), Buffer.from('y')))
  await seconds(0)
  expect(propertiesOf(one)).toEqual(Array(2).fill({ userProperties: PAIRS }))
})

/** Keeps what is retained as an object, as a database would, and makes messages of it again. */
class ObjectStore extends MemoryBackend {
  readonly #kept = new Map<string, string>()

  override storeRetainedMessage(ctx: Context<'storeRetainedMessage'>): void {
    const { topic, packet } = ctx
    this.#kept.set(topic, JSON.stringify({ payload: String(packet.payload), properties: packet.properties }))
  }

  override lookupRetainedMessages(_ctx: object, store: Store<'lookupRetainedMessages'>): void {
    for (const [topic, json] of this.#kept) {
      const packet = Publish.from({ topic, retain: true, ...JSON.parse(json) })
      store.push({ topic, packet, messageId: 1, expiresAt: 0 } satisfies RetainedMessage)
    }
  }
}

it('[MQTT-3.3.2-18] a store that keeps objects keeps the order of user properties, and no alias', async () => {
  const { client, seconds } = broker5({ backend: new ObjectStore() })
  const publisher = await client()
  publisher.raw(frame(0x31, text('a'), properties([35, 0, 7], SECTION.subarray(1)), Buffer.from('x')))
  const one = await client()
  await one.subscribe('a')
  await seconds(0)
  expect(propertiesOf(one)).toEqual([{ userProperties: PAIRS }])
})

it('[MQTT-3.1.3-10] a test client writes and reads user properties in their order, wills included', async () => {
  const { client, seconds } = broker5()
  const one = await client()
  await one.subscribe('#')
  const will = {
    topic: 'gone',
    payload: 'x',
    qos: 0,
    retain: false,
    properties: { userProperties: PAIRS, willDelayInterval: 0 },
  } as const
  const publisher = await client({ will, properties: { userProperties: PAIRS } })
  await publisher.publish('a', 'x', { qos: 1, properties: { userProperties: PAIRS } })
  await publisher.drop()
  await seconds(1)
  expect(propertiesOf(one)).toEqual(Array(2).fill({ userProperties: PAIRS }))
})
