/** 4.6: the order of messages and of what acknowledges them. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import * as encode from '../../wire/encode.ts'
import type { Version } from '../../wire/packet-types.ts'
import type { Publish } from '../../wire/packets.ts'
import { fresh, stored } from '../sessions.ts'

const COUNT = 20
const numbers = Array.from({ length: COUNT }, (_, at) => `${at}`)

export function order(version: Version): Chapter {
  return chapter(version, '4.6 Order', (test) => {
    for (const qos of [0, 1, 2]) {
      test(
        '4.6.0-5 4.6.0-6',
        `delivers messages of QoS ${qos} in the order in which they were published`,
        async (t) => {
          const client = await t.connect()
          await client.subscribe({ filter: t.topic(), qos })
          const publisher = await t.connect()
          const packets = numbers.map((payload, at) =>
            encode.publish(version, { topic: t.topic(), payload, qos, id: at + 1 }),
          )
          publisher.send(...packets)
          if (qos === 2) {
            for (const at of numbers.keys()) {
              await publisher.expect('pubrec', { id: at + 1 })
              publisher.send(encode.ack(version, 'pubrel', at + 1))
            }
          }
          for (const payload of numbers) {
            const message = await client.expect('publish', { payload })
            if (qos === 1) client.send(encode.ack(version, 'puback', message.id))
            if (qos === 2) client.send(encode.ack(version, 'pubrec', message.id))
          }
        },
      )
    }

    test('4.6.0-6', 'keeps the order for a session that was away', async (t) => {
      const clientId = t.clientId()
      const before = await t.connect({ clientId, ...fresh(version) })
      await before.subscribe({ filter: t.topic(), qos: 1 })
      await before.disconnect()
      const publisher = await t.connect()
      for (const payload of numbers) await publisher.publish({ topic: t.topic(), payload, qos: 1 })
      const client = await t.connect({ clientId, ...stored(version) })
      for (const payload of numbers) await client.message({ payload })
    })

    test({ 4: '4.6.0-1' }, 'sends messages again in their original order', async (t) => {
      const clientId = t.clientId()
      const before = await t.connect({ clientId, ...fresh(version) })
      await before.subscribe({ filter: t.topic(), qos: 2 })
      const publisher = await t.connect()
      const some = numbers.slice(0, 6)
      for (const [at, payload] of some.entries()) {
        await publisher.publish({ topic: t.topic(), payload, qos: 1 + (at % 2) })
      }
      const ids: number[] = []
      for (const payload of some) ids.push((await before.expect('publish', { payload })).id)
      await before.drop()
      const client = await t.connect({ clientId, ...stored(version) })
      for (const [at, payload] of some.entries()) {
        await client.expect('publish', { payload, dup: true, id: ids[at] })
      }
    })

    test({ 4: '4.6.0-2' }, 'sends PUBACK in the order of the PUBLISH packets', async (t) => {
      const client = await t.connect()
      const ids = numbers.map((_, at) => 100 - at)
      client.send(...ids.map((id) => encode.publish(version, { topic: t.topic(), payload: 'x', qos: 1, id })))
      for (const id of ids) await client.expect('puback', { id })
    })

    test({ 4: '4.6.0-3' }, 'sends PUBREC in the order of the PUBLISH packets', async (t) => {
      const client = await t.connect()
      const ids = numbers.slice(0, 10).map((_, at) => 100 - at)
      client.send(...ids.map((id) => encode.publish(version, { topic: t.topic(), payload: 'x', qos: 2, id })))
      for (const id of ids) await client.expect('pubrec', { id })
    })

    test({ 4: '4.6.0-4' }, 'sends PUBREL in the order of the PUBREC packets', async (t) => {
      const client = await t.connect()
      await client.subscribe({ filter: t.topic(), qos: 2 })
      const messages: Publish[] = []
      for (let at = 0; at < 6; at++) {
        await client.publish({ topic: t.topic(), payload: `${at}`, qos: 2 })
        messages.push(await client.expect('publish', { payload: `${at}` }))
      }
      const ids = messages.map(({ id }) => id).reverse()
      client.send(...ids.map((id) => encode.ack(version, 'pubrec', id)))
      for (const id of ids) await client.expect('pubrel', { id })
    })
  })
}
