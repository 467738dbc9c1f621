/** 3.3.2.3.4 of MQTT 5.0: topic aliases, both ways. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import type { Connected, TestContext } from '../../harness/test-context.ts'
import * as encode from '../../wire/encode.ts'
import { stored } from '../sessions.ts'

export function alias(): Chapter {
  return chapter(5, '3.3.2 Topic alias', (test) => {
    test('3.3.2-12', 'takes every alias up to the maximum that it announced', async (t) => {
      const { client, maximum } = await withAliases(t)
      await client.subscribe(t.topic('#'))
      const last = Math.min(maximum, 50)
      const aliases = Array.from({ length: last }, (_, at) => (at === last - 1 ? maximum : at + 1))
      for (const topicAlias of aliases) {
        const topic = t.topic(`${topicAlias}`)
        await client.publish({ topic, payload: 'set', properties: { topicAlias } })
        await client.message({ topic, payload: 'set' })
      }
      for (const topicAlias of aliases) {
        await client.publish({ topic: '', payload: 'used', properties: { topicAlias } })
        const { topic, properties } = await client.message({ payload: 'used' })
        t.check(topic === t.topic(`${topicAlias}`), `alias ${topicAlias} became ${topic}`)
        t.check(properties.topicAlias === undefined, 'the alias was handed on')
      }
    })

    test('3.3.2-12', 'lets an alias be given to another topic', async (t) => {
      const { client } = await withAliases(t)
      await client.subscribe(t.topic('#'))
      const properties = { topicAlias: 1 }
      for (const below of ['a', 'b', 'a']) {
        await client.publish({ topic: t.topic(below), payload: 'set', properties })
        await client.message({ topic: t.topic(below) })
        await client.publish({ topic: '', payload: 'used', properties })
        await client.message({ topic: t.topic(below), payload: 'used' })
      }
    })

    for (const qos of [1, 2]) {
      test('3.3.2-12', `takes aliases at QoS ${qos}, and retains under the topic's name`, async (t) => {
        const { client } = await withAliases(t)
        const properties = { topicAlias: 1 }
        await client.publish({ topic: t.topic(), payload: 'set', qos, properties })
        await t.keep(client, { topic: '', payload: 'kept', qos, properties })
        await client.subscribe(t.topic())
        await client.message({ topic: t.topic(), payload: 'kept', retain: true })
      })
    }

    test('3.3.2-8', 'closes when an alias is 0', async (t) => {
      const client = await t.connect()
      client.send(encode.publish(5, { topic: t.topic(), properties: { topicAlias: 0 } }))
      await client.expectRefusal(0x94, 0x82)
    })

    test('3.2.2-17 3.3.2-9', 'closes when an alias is greater than it announced', async (t) => {
      const { client, maximum } = await withAliases(t)
      if (maximum === 65_535) t.skip('it takes all there are')
      client.send(encode.publish(5, { topic: t.topic(), properties: { topicAlias: maximum + 1 } }))
      await client.expectRefusal(0x94)
    })

    test('3.2.2-18', 'closes on any alias where it announced none', async (t) => {
      const { client, connack } = await t.accepted()
      if ((connack.properties.topicAliasMaximum ?? 0) > 0) t.skip('it takes some')
      client.send(encode.publish(5, { topic: t.topic(), properties: { topicAlias: 1 } }))
      await client.expectRefusal(0x94)
    })

    test('', 'closes on an alias that was never set', async (t) => {
      const { client } = await withAliases(t)
      client.send(encode.publish(5, { topic: '', properties: { topicAlias: 1 } }))
      await client.expectRefusal(0x82, 0x94)
    })

    test('3.3.2-7', "does not carry a client's aliases over to its next connection", async (t) => {
      const clientId = t.clientId()
      const { client: before } = await withAliases(t, await t.accepted({ clientId, ...stored(5) }))
      await before.publish({ topic: t.topic(), payload: 'set', qos: 1, properties: { topicAlias: 1 } })
      await before.disconnect()
      const client = await t.connect({ clientId, ...stored(5) })
      client.send(encode.publish(5, { topic: '', payload: 'used', properties: { topicAlias: 1 } }))
      await client.expectRefusal(0x82, 0x94)
    })

    test('3.3.2-7', 'keeps the aliases of its clients apart', async (t) => {
      const [one, other] = [(await withAliases(t)).client, await t.connect()]
      await one.publish({ topic: t.topic(), payload: 'set', qos: 1, properties: { topicAlias: 1 } })
      other.send(encode.publish(5, { topic: '', payload: 'used', properties: { topicAlias: 1 } }))
      await other.expectRefusal(0x82, 0x94)
    })

    test('3.1.2-27', 'sends no alias to a client that asked for none', async (t) => {
      for (const properties of [{}, { topicAliasMaximum: 0 }]) {
        const client = await t.connect({ properties })
        await client.subscribe(t.topic('#'))
        for (let at = 0; at < 5; at++) {
          await client.publish({ topic: t.topic('same'), payload: 'x' })
          const message = await client.message({ topic: t.topic('same') })
          t.check(message.properties.topicAlias === undefined, 'it did')
        }
      }
    })

    test(
      '3.1.2-26 3.3.2-11',
      'sends no alias above what the client takes, and means the right topic by it',
      async (t) => {
        const client = await t.connect({ properties: { topicAliasMaximum: 2 } })
        await client.subscribe(t.topic('#'))
        const known = new Map<number, string>()
        for (const below of ['a', 'b', 'c', 'a', 'b', 'c', 'd', 'a', 'a']) {
          await client.publish({ topic: t.topic(below), payload: below })
          const { topic, properties } = await client.message({ payload: below })
          const { topicAlias } = properties
          t.check(topicAlias === undefined || topicAlias <= 2, `it used ${topicAlias}`)
          if (topicAlias !== undefined && topic !== '') known.set(topicAlias, topic)
          const meant = topic === '' ? known.get(topicAlias ?? 0) : topic
          t.check(meant === t.topic(below), `it meant ${meant}`)
        }
      },
    )

    test('3.3.2-7', 'sets its own aliases anew on every connection', async (t) => {
      const clientId = t.clientId()
      const properties = { topicAliasMaximum: 5, sessionExpiry: 600 }
      const before = await t.connect({ clientId, properties })
      await before.subscribe({ filter: t.topic(), qos: 1 })
      for (let at = 0; at < 3; at++) {
        await before.publish({ topic: t.topic(), payload: 'x', qos: 1 })
        await before.message()
      }
      await before.disconnect()
      const client = await t.connect({ clientId, clean: false, properties })
      await client.publish({ topic: t.topic(), payload: 'x', qos: 1 })
      await client.message({ topic: t.topic() })
    })
  })
}

/** A client of a broker that takes aliases, and how many. */
async function withAliases(t: TestContext, connected?: Connected): Promise<Connected & { maximum: number }> {
  const { client, connack } = connected ?? (await t.accepted())
  const maximum = connack.properties.topicAliasMaximum ?? 0
  return maximum > 0 ? { client, connack, maximum } : t.skip('it takes no aliases')
}
