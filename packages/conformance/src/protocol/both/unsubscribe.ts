/** 3.10 and 3.11: UNSUBSCRIBE and UNSUBACK. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import * as encode from '../../wire/encode.ts'
import type { Version } from '../../wire/packet-types.ts'

export function unsubscribe(version: Version): Chapter {
  return chapter(version, '3.10 UNSUBSCRIBE', (test) => {
    const answered = { 4: '3.10.4-4 2.3.1-7', 5: '3.10.4-4 3.10.4-5 2.2.1-6' }
    test(answered, 'answers with an UNSUBACK of the same identifier', async (t) => {
      const client = await t.connect()
      await client.subscribe(t.topic())
      for (const id of [1, 255, 256, 65_535]) {
        client.send(encode.unsubscribe(version, { id, filters: [t.topic()] }))
        await client.expect('unsuback', { id })
      }
      await client.ping()
      client.expectNothing()
    })

    test('3.10.4-5', 'answers also where there was no such subscription', async (t) => {
      const client = await t.connect()
      await client.unsubscribe(t.topic('never'), t.topic('#'))
    })

    test('3.10.4-2', 'delivers nothing more', async (t) => {
      const client = await t.connect()
      await client.subscribe({ filter: t.topic(), qos: 1 })
      await client.publish({ topic: t.topic(), payload: 'before', qos: 1 })
      await client.message({ payload: 'before' })
      await client.unsubscribe(t.topic())
      for (const qos of [0, 1]) await client.publish({ topic: t.topic(), payload: 'after', qos })
      await t.silent(client)
    })

    const exactly = [
      ['a/b', ['a/+', 'a/#', '+/b', '#', 'a/B', 'a/b/', '/a/b', 'a/b ', 'a']],
      ['a/+', ['a/b', 'a/#', '+/+', '+/b']],
      ['a/#', ['a/+', 'a', 'a/b', '#', 'a/']],
    ] as const
    for (const [filter, others] of exactly) {
      test('3.10.4-1', `removes ${filter} by exactly this filter and no other`, async (t) => {
        const client = await t.connect()
        await client.subscribe(t.topic(filter))
        await client.unsubscribe(...others.map((other) => t.topic(other)))
        await client.publish({ topic: t.topic('a/b'), payload: 'still there' })
        await client.message({ payload: 'still there' })
        await client.unsubscribe(t.topic(filter))
        await client.publish({ topic: t.topic('a/b'), payload: 'gone' })
        await t.silent(client)
      })
    }

    for (const qos of [1, 2]) {
      test('3.10.4-3', `completes messages of QoS ${qos} that it has begun to deliver`, async (t) => {
        const client = await t.connect()
        await client.subscribe({ filter: t.topic(), qos })
        await client.publish({ topic: t.topic(), payload: 'under way', qos })
        const { id } = await client.expect('publish', { payload: 'under way', qos })
        await client.unsubscribe(t.topic())
        client.send(encode.ack(version, qos === 1 ? 'puback' : 'pubrec', id))
        if (qos === 2) {
          await client.expect('pubrel', { id })
          client.send(encode.ack(version, 'pubcomp', id))
        }
        await t.silent(client)
      })
    }

    test('3.10.4-6', 'takes several filters as if each had come alone, and answers once', async (t) => {
      const client = await t.connect()
      const filters = ['a', 'b', 'c'].map((below) => t.topic(below))
      await client.subscribe(...filters)
      await client.unsubscribe(filters[0], t.topic('never'), filters[2])
      for (const topic of filters) await client.publish({ topic, payload: topic })
      await client.message({ payload: filters[1] })
      await t.silent(client)
    })

    if (version === 3) return
    test('3.10.3-2', 'closes when there is no filter', async (t) => {
      const client = await t.connect()
      client.send(encode.unsubscribe(version, { id: 1, filters: [] }))
      await client.expectRefusal(0x82, 0x81)
    })
  })
}
