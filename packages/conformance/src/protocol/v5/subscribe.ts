/** 3.8 to 3.11 of MQTT 5.0: subscription options, identifiers and reason codes. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import type { Publish } from '../../wire/packets.ts'
import { fresh, stored } from '../sessions.ts'

export function subscribe(): Chapter {
  return chapter(5, '3.8 SUBSCRIBE of 5.0', (test) => {
    test('3.8.3-3', 'does not send a message back to its publisher who set no local', async (t) => {
      const client = await t.connect()
      await client.subscribe({ filter: t.topic(), qos: 2, noLocal: true })
      const other = await t.connect()
      await other.subscribe({ filter: t.topic(), qos: 2, noLocal: true })
      for (const qos of [0, 1, 2]) {
        await client.publish({ topic: t.topic(), payload: `own ${qos}`, qos })
        await other.message({ payload: `own ${qos}` })
        await other.publish({ topic: t.topic(), payload: `other ${qos}`, qos })
        await client.message({ payload: `other ${qos}` })
      }
      await t.silent(client)
      await t.silent(other)
    })

    test(
      '3.8.3-3',
      'heeds no local for a message that waited for the session of its publisher',
      async (t) => {
        const clientId = t.clientId()
        const before = await t.connect({ clientId, ...fresh(5) })
        await before.subscribe({ filter: t.topic(), qos: 1, noLocal: true })
        await before.publish({ topic: t.topic(), payload: 'own', qos: 1 })
        await before.disconnect()
        const client = await t.connect({ clientId, ...stored(5) })
        await t.silent(client)
      },
    )

    test('3.8.3-3', 'heeds no local for the one filter that has it', async (t) => {
      const client = await t.connect()
      await client.subscribe({ filter: t.topic('a'), noLocal: true }, t.topic('b'))
      await client.publish({ topic: t.topic('a'), payload: 'a' })
      await client.publish({ topic: t.topic('b'), payload: 'b' })
      await client.message({ payload: 'b' })
      await t.silent(client)
    })

    test('3.8.4-3', 'replaces all options of a subscription, and its identifier', async (t) => {
      const client = await t.connect()
      const filter = t.topic()
      await client.subscribeWith({
        filters: [{ filter, qos: 1, noLocal: true, retainAsPublished: true }],
        properties: { subscriptionIdentifier: [1] },
      })
      await client.subscribeWith({
        filters: [{ filter, qos: 0 }],
        properties: { subscriptionIdentifier: [2] },
      })
      await t.keep(client, { topic: filter, payload: 'x', qos: 1 })
      await client.message({ qos: 0, retain: false, properties: { subscriptionIdentifier: [2] } })
      await client.subscribe({ filter, retainHandling: 2 })
      await client.publish({ topic: filter, payload: 'y' })
      await client.message({ payload: 'y', properties: { subscriptionIdentifier: undefined } })
      await t.silent(client)
    })

    for (const id of [1, 127, 128, 16_384, 268_435_455]) {
      test(
        '3.3.4-3',
        `sends the subscription identifier ${id} with what the subscription brings`,
        async (t) => {
          const client = await t.connect()
          await client.subscribeWith({
            filters: [t.topic('#')],
            properties: { subscriptionIdentifier: [id] },
          })
          await client.publish({ topic: t.topic('x'), payload: 'x' })
          await client.message({ properties: { subscriptionIdentifier: [id] } })
        },
      )
    }

    const all = '3.3.4-3 3.3.4-4 3.3.4-5'
    test(all, 'sends the identifiers of all subscriptions that match, together or in copies', async (t) => {
      const client = await t.connect()
      for (const [at, filter] of [t.topic('a/b'), t.topic('a/+'), t.topic('#'), t.topic('other')].entries()) {
        await client.subscribeWith({ filters: [filter], properties: { subscriptionIdentifier: [at + 1] } })
      }
      await client.subscribe(t.topic('+/b'))
      await client.publish({ topic: t.topic('a/b'), payload: 'x' })
      await t.barrier(client)
      const copies = client.received.filter((packet): packet is Publish => packet.type === 'publish')
      const ids = copies.flatMap(({ properties }) => properties.subscriptionIdentifier ?? [])
      t.check([...ids].sort().join() === '1,2,3', `${copies.length} copies brought ${ids}`)
      if (copies.length === 1) return
      const each = copies.every(({ properties }) => (properties.subscriptionIdentifier ?? []).length <= 1)
      t.check(each && copies.length === 4, 'some copies bring identifiers of others')
    })

    test('3.3.4-3', 'sends one identifier for all filters of a SUBSCRIBE', async (t) => {
      const client = await t.connect()
      await client.subscribeWith({
        filters: [t.topic('a'), t.topic('b')],
        properties: { subscriptionIdentifier: [9] },
      })
      for (const below of ['a', 'b']) {
        await client.publish({ topic: t.topic(below), payload: below })
        await client.message({ payload: below, properties: { subscriptionIdentifier: [9] } })
      }
    })

    test('3.3.4-3', 'sends the identifier with retained messages', async (t) => {
      const client = await t.connect()
      await t.keep(client, { topic: t.topic(), payload: 'kept', qos: 1 })
      await client.subscribeWith({ filters: [t.topic()], properties: { subscriptionIdentifier: [7] } })
      await client.message({ retain: true, properties: { subscriptionIdentifier: [7] } })
    })

    test('3.3.4-3', 'keeps identifiers with a session that is away', async (t) => {
      const clientId = t.clientId()
      const before = await t.connect({ clientId, ...fresh(5) })
      const filters = [{ filter: t.topic(), qos: 1 }]
      await before.subscribeWith({ filters, properties: { subscriptionIdentifier: [5] } })
      await before.disconnect()
      const publisher = await t.connect()
      await publisher.publish({ topic: t.topic(), payload: 'queued', qos: 1 })
      const client = await t.connect({ clientId, ...stored(5) })
      await client.message({ payload: 'queued', properties: { subscriptionIdentifier: [5] } })
      await publisher.publish({ topic: t.topic(), payload: 'live', qos: 1 })
      await client.message({ payload: 'live', properties: { subscriptionIdentifier: [5] } })
    })

    test('3.3.4-3', 'sends no identifier to others', async (t) => {
      const [one, other] = [await t.connect(), await t.connect()]
      await one.subscribeWith({ filters: [t.topic()], properties: { subscriptionIdentifier: [5] } })
      await other.subscribe(t.topic())
      await one.publish({ topic: t.topic(), payload: 'x' })
      await one.message({ properties: { subscriptionIdentifier: [5] } })
      await other.message({ properties: { subscriptionIdentifier: undefined } })
    })

    test(
      '3.9.3-2',
      'answers a filter that its rules forbid with 0x87, among others that are granted',
      async (t) => {
        const forbidden = t.need('forbiddenTopic')
        const client = await t.connect()
        const suback = await client.trySubscribe({
          filters: [t.topic('a'), forbidden, { filter: t.topic('b'), qos: 1 }],
        })
        t.check(suback.codes.join() === [0, 0x87, 1].join(), `it answered ${suback.codes}`)
      },
    )

    test(
      '3.11.3-1 3.11.3-2 3.10.4-6',
      'answers each filter of UNSUBSCRIBE with its own code, in their order',
      async (t) => {
        const client = await t.connect()
        await client.subscribe(t.topic('a'), t.topic('b/+'))
        const { codes } = await client.unsubscribe(
          t.topic('never'),
          t.topic('a'),
          t.topic('a'),
          t.topic('b/+'),
        )
        t.check(codes.join() === [0x11, 0x00, 0x11, 0x00].join(), `it answered ${codes}`)
      },
    )

    test('3.11.3-2', 'answers 0x11 to a filter that only matches the same topics', async (t) => {
      const client = await t.connect()
      await client.subscribe(t.topic('a'))
      const { codes } = await client.unsubscribe(t.topic('+'))
      t.check(codes.join() === '17', `it answered ${codes}`)
    })
  })
}
