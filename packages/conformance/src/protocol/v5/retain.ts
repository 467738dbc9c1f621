/** 3.3.1.3 and 3.8.3.1 of MQTT 5.0: retain handling and retain as published. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import { fresh, stored } from '../sessions.ts'

export function retain(): Chapter {
  return chapter(5, '3.3.1 RETAIN of 5.0', (test) => {
    test('3.3.1-9', 'sends retained messages at every SUBSCRIBE with retain handling 0', async (t) => {
      const client = await t.connect()
      await t.keep(client, { topic: t.topic(), payload: 'kept', qos: 1 })
      for (let time = 0; time < 2; time++) {
        await client.subscribe({ filter: t.topic(), retainHandling: 0 })
        await client.message({ payload: 'kept', retain: true })
      }
      await t.silent(client)
    })

    test(
      '3.3.1-10',
      'sends retained messages with retain handling 1 only to a new subscription',
      async (t) => {
        const client = await t.connect()
        await t.keep(client, { topic: t.topic(), payload: 'kept', qos: 1 })
        await client.subscribe({ filter: t.topic(), retainHandling: 1 })
        await client.message({ payload: 'kept', retain: true })
        await client.subscribe({ filter: t.topic(), qos: 1, retainHandling: 1 })
        await t.silent(client)
        await client.unsubscribe(t.topic())
        await client.subscribe({ filter: t.topic(), retainHandling: 1 })
        await client.message({ payload: 'kept', retain: true })
      },
    )

    test('3.3.1-10', 'takes a subscription that a resumed session has for one that exists', async (t) => {
      const clientId = t.clientId()
      const before = await t.connect({ clientId, ...fresh(5) })
      await t.keep(before, { topic: t.topic(), payload: 'kept', qos: 1 })
      await before.subscribe({ filter: t.topic(), retainHandling: 1 })
      await before.message({ payload: 'kept' })
      await before.disconnect()
      const client = await t.connect({ clientId, ...stored(5) })
      await client.subscribe({ filter: t.topic(), retainHandling: 1 })
      await t.silent(client)
    })

    test('3.3.1-11', 'sends no retained messages with retain handling 2', async (t) => {
      const client = await t.connect()
      await t.keep(client, { topic: t.topic(), payload: 'kept', qos: 1 })
      await client.subscribe({ filter: t.topic(), retainHandling: 2 })
      await t.silent(client)
      await t.keep(client, { topic: t.topic(), payload: 'live', qos: 1 })
      await client.message({ payload: 'live', retain: false })
    })

    test('3.3.1-9 3.3.1-11', 'heeds the retain handling of each filter of a SUBSCRIBE', async (t) => {
      const client = await t.connect()
      for (const below of ['a', 'b', 'c']) {
        await t.keep(client, { topic: t.topic(below), payload: below, qos: 1 })
      }
      await client.subscribe(
        ...['a', 'b', 'c'].map((below, at) => ({ filter: t.topic(below), retainHandling: 2 - at })),
      )
      const got = [await client.message({ retain: true }), await client.message({ retain: true })]
      t.check(
        got
          .map(({ payload }) => payload.toString())
          .sort()
          .join() === 'b,c',
        'others came',
      )
      await t.silent(client)
    })

    for (const retained of [true, false]) {
      test(
        '3.3.1-12',
        `clears RETAIN without retain as published, where it was ${retained ? 'set' : 'clear'}`,
        async (t) => {
          const client = await t.connect()
          await client.subscribe({ filter: t.topic(), qos: 2, retainAsPublished: false })
          for (const qos of [0, 1, 2]) {
            await client.publish({ topic: t.topic(), payload: `${qos}`, qos, retain: retained })
            await client.message({ payload: `${qos}`, retain: false })
          }
        },
      )

      test('3.3.1-13', `keeps RETAIN ${retained ? 'set' : 'clear'} with retain as published`, async (t) => {
        const client = await t.connect()
        await client.subscribe({ filter: t.topic(), qos: 2, retainAsPublished: true })
        for (const qos of [0, 1, 2]) {
          await client.publish({ topic: t.topic(), payload: `${qos}`, qos, retain: retained })
          await client.message({ payload: `${qos}`, retain: retained })
        }
      })
    }

    test('3.3.1-13', 'keeps RETAIN for a session that is away', async (t) => {
      const clientId = t.clientId()
      const before = await t.connect({ clientId, ...fresh(5) })
      await before.subscribe({ filter: t.topic(), qos: 1, retainAsPublished: true })
      await before.disconnect()
      const publisher = await t.connect()
      await t.keep(publisher, { topic: t.topic(), payload: 'kept', qos: 1 })
      await publisher.publish({ topic: t.topic(), payload: 'plain', qos: 1 })
      const client = await t.connect({ clientId, ...stored(5) })
      await client.message({ payload: 'kept', retain: true })
      await client.message({ payload: 'plain', retain: false })
    })

    test(
      '',
      'sends what a new subscription brings with RETAIN, whatever retain as published says',
      async (t) => {
        const client = await t.connect()
        await t.keep(client, { topic: t.topic(), payload: 'kept', qos: 1 })
        for (const retainAsPublished of [true, false]) {
          await client.subscribe({ filter: t.topic(), retainAsPublished })
          await client.message({ payload: 'kept', retain: true })
        }
      },
    )
  })
}
