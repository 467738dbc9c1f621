/** 3.3.1.3: retained messages. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import type { Version } from '../../wire/packet-types.ts'

export function retain(version: Version): Chapter {
  return chapter(version, '3.3.1 RETAIN', (test) => {
    test(
      { 4: '3.3.1-5 3.3.1-6', 5: '3.3.1-5 3.3.1-9' },
      'keeps a retained message for later subscribers',
      async (t) => {
        const publisher = await t.connect()
        await t.keep(publisher, { topic: t.topic(), payload: 'kept', qos: 1 })
        for (let one = 0; one < 2; one++) {
          const client = await t.connect()
          await client.subscribe({ filter: t.topic(), qos: 1 })
          await client.message({ topic: t.topic(), payload: 'kept', qos: 1, retain: true })
          await t.silent(client)
        }
      },
    )

    for (const stored of [0, 1, 2]) {
      for (const granted of [0, 1, 2]) {
        const qos = Math.min(stored, granted)
        test(
          '3.3.1-5',
          `gives a message retained at QoS ${stored} to a subscription of QoS ${granted} at ${qos}`,
          async (t) => {
            const client = await t.connect()
            await t.keep(client, { topic: t.topic(), payload: 'kept', qos: stored })
            await client.subscribe({ filter: t.topic(), qos: granted })
            await client.message({ payload: 'kept', qos, retain: true })
          },
        )
      }
    }

    test({ 4: '3.3.1-6', 5: '3.3.1-5' }, 'keeps only the last retained message of a topic', async (t) => {
      const client = await t.connect()
      for (const payload of ['one', 'two', 'three']) {
        await t.keep(client, { topic: t.topic(), payload, qos: 1 })
      }
      await client.subscribe(t.topic())
      await client.message({ payload: 'three', retain: true })
      await t.silent(client)
    })

    test(
      { 4: '3.3.1-6', 5: '3.3.1-9' },
      'sends the retained messages of all topics that match',
      async (t) => {
        const client = await t.connect()
        const topics = ['a', 'a/b', 'a/c', 'b/b'].map((below) => t.topic(below))
        for (const topic of topics) await t.keep(client, { topic, payload: topic, qos: 1 })
        for (const [filter, expected] of [
          [t.topic('#'), topics],
          [t.topic('+/b'), [topics[1], topics[3]]],
          [t.topic('a/#'), topics.slice(0, 3)],
        ] as const) {
          const reader = await t.connect()
          await reader.subscribe({ filter, qos: 1 })
          const got: string[] = []
          for (const _ of expected) got.push((await reader.message({ retain: true })).topic)
          t.check(got.sort().join() === [...expected].sort().join(), `${filter} brought ${got}`)
          await t.silent(reader)
        }
      },
    )

    test({ 4: '3.3.1-7' }, 'replaces a retained message by a retained message of QoS 0', async (t) => {
      const client = await t.connect()
      await t.keep(client, { topic: t.topic(), payload: 'old', qos: 1 })
      await t.keep(client, { topic: t.topic(), payload: 'new', qos: 0 })
      await client.ping()
      const reader = await t.connect()
      await reader.subscribe({ filter: t.topic(), qos: 1 })
      await t.barrier(reader)
      // The broker may drop it at any time; the old one must be gone.
      const payloads = reader.received.map((packet) =>
        packet.type === 'publish' ? packet.payload.toString() : '',
      )
      t.check(!payloads.includes('old'), 'the old one came')
    })

    test({ 4: '3.3.1-8' }, 'sets RETAIN on what a new subscription brings', async (t) => {
      const client = await t.connect()
      await t.keep(client, { topic: t.topic(), payload: 'kept' })
      await client.subscribe(t.topic())
      await client.message({ payload: 'kept', retain: true })
    })

    test(
      { 4: '3.3.1-9', 5: '3.3.1-12' },
      'clears RETAIN on what an established subscription brings',
      async (t) => {
        const client = await t.connect()
        await client.subscribe({ filter: t.topic(), qos: 2 })
        for (const qos of [0, 1, 2]) {
          await t.keep(client, { topic: t.topic(), payload: `${qos}`, qos })
          await client.message({ payload: `${qos}`, qos, retain: false })
        }
      },
    )

    const removed = { 4: '3.3.1-10 3.3.1-11', 5: '3.3.1-6 3.3.1-7' }
    for (const qos of [0, 1, 2]) {
      test(
        removed,
        `removes the retained message by an empty one of QoS ${qos}, and does not keep that`,
        async (t) => {
          const client = await t.connect()
          await t.keep(client, { topic: t.topic(), payload: 'old', qos: 1 })
          await t.keep(client, { topic: t.topic(), payload: '', qos })
          await client.ping()
          const reader = await t.connect()
          await reader.subscribe({ filter: t.topic(), qos: 2 })
          await t.silent(reader)
        },
      )
    }

    test(
      { 4: '3.3.1-10', 5: '3.3.1-6' },
      'sends an empty retained message to those who are subscribed',
      async (t) => {
        const client = await t.connect()
        await client.subscribe({ filter: t.topic(), qos: 1 })
        await t.keep(client, { topic: t.topic(), payload: '', qos: 1 })
        await client.message({ topic: t.topic(), payload: '', retain: false })
      },
    )

    const untouched = { 4: '3.3.1-12', 5: '3.3.1-8' }
    test(untouched, 'does not keep a message without RETAIN', async (t) => {
      const client = await t.connect()
      await client.publish({ topic: t.topic(), payload: 'live', qos: 1 })
      const reader = await t.connect()
      await reader.subscribe(t.topic())
      await t.silent(reader)
    })

    for (const payload of ['other', '']) {
      const what = payload === '' ? 'an empty message' : 'a message'
      test(untouched, `does not touch the retained message by ${what} without RETAIN`, async (t) => {
        const client = await t.connect()
        await t.keep(client, { topic: t.topic(), payload: 'kept', qos: 1 })
        await client.publish({ topic: t.topic(), payload, qos: 1 })
        const reader = await t.connect()
        await reader.subscribe(t.topic())
        await reader.message({ payload: 'kept', retain: true })
      })
    }

    test('', 'answers an empty retained message for a topic that has none', async (t) => {
      const client = await t.connect()
      for (const qos of [0, 1, 2]) await t.keep(client, { topic: t.topic(), payload: '', qos })
      await client.ping()
    })
  })
}
