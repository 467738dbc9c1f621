/** 4.9 of MQTT 5.0: how many messages may be under way, both ways. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import * as encode from '../../wire/encode.ts'
import type { Publish } from '../../wire/packets.ts'
import { fresh, stored } from '../sessions.ts'

export function flow(): Chapter {
  return chapter(5, '4.9 Flow control', (test) => {
    for (const qos of [1, 2]) {
      for (const receiveMaximum of [1, 3]) {
        const title = `has no more than ${receiveMaximum} messages of QoS ${qos} under way to a client that takes ${receiveMaximum}`
        test('3.3.4-9 4.9.0-1 4.9.0-2', title, async (t) => {
          const client = await t.connect({ properties: { receiveMaximum } })
          await client.subscribe({ filter: t.topic(), qos })
          const publisher = await t.connect()
          const payloads = ['1', '2', '3', '4', '5', '6', '7']
          for (const payload of payloads) await publisher.publish({ topic: t.topic(), payload, qos })
          const held: Publish[] = []
          for (let at = 0; at < receiveMaximum; at++)
            held.push(await client.expect('publish', { payload: payloads[at] }))
          await t.silent(client, publisher, [0])
          // Each that is completed lets one more come.
          for (let at = receiveMaximum; at < payloads.length; at++) {
            await client.acknowledge(held.shift()!)
            held.push(await client.expect('publish', { payload: payloads[at] }))
            await t.silent(client, publisher, [0])
          }
        })
      }
    }

    test('4.9.0-2', 'counts a message of QoS 2 until PUBCOMP', async (t) => {
      const client = await t.connect({ properties: { receiveMaximum: 1 } })
      await client.subscribe({ filter: t.topic(), qos: 2 })
      const publisher = await t.connect()
      for (const payload of ['1', '2']) await publisher.publish({ topic: t.topic(), payload, qos: 2 })
      const { id } = await client.expect('publish', { payload: '1' })
      client.send(encode.ack(5, 'pubrec', id))
      await client.expect('pubrel', { id })
      await t.silent(client, publisher, [0])
      client.send(encode.ack(5, 'pubcomp', id))
      await client.message({ payload: '2' })
    })

    for (const [name, qos, ack] of [
      ['PUBACK', 1, 'puback'],
      ['PUBREC', 2, 'pubrec'],
    ] as const) {
      test('3.3.4-9', `counts a message no longer whose ${name} refuses it`, async (t) => {
        const client = await t.connect({ properties: { receiveMaximum: 1 } })
        await client.subscribe({ filter: t.topic(), qos })
        const publisher = await t.connect()
        for (const payload of ['1', '2', '3']) await publisher.publish({ topic: t.topic(), payload, qos })
        for (const payload of ['1', '2', '3']) {
          const { id } = await client.expect('publish', { payload })
          client.send(encode.ack(5, ack, id, 0x83))
        }
        await t.silent(client, publisher)
      })
    }

    test('4.9.0-1', 'takes 65,535 for a client that says nothing', async (t) => {
      const client = await t.connect()
      await client.subscribe({ filter: t.topic(), qos: 1 })
      const publisher = await t.connect()
      // At least one may be under way; how many more is the server's choice.
      await publisher.publish({ topic: t.topic(), payload: 'x', qos: 1 })
      await client.message({ payload: 'x' })
    })

    test('3.3.4-10 4.9.0-3', 'answers everything else while the window of a client is full', async (t) => {
      const client = await t.connect({ properties: { receiveMaximum: 1 } })
      await client.subscribe({ filter: t.topic(), qos: 1 })
      for (const payload of ['1', '2', '3']) await client.publish({ topic: t.topic(), payload, qos: 1 })
      await client.expect('publish', { payload: '1' })
      await client.ping()
      await client.subscribe(t.topic('other'))
      await client.publish({ topic: t.topic('else'), payload: 'x', qos: 1 })
      await client.publish({ topic: t.topic('else'), payload: 'x', qos: 2 })
      await client.unsubscribe(t.topic('other'))
      client.expectNothing()
    })

    test('3.3.4-9', 'heeds the window of a session that comes back', async (t) => {
      const clientId = t.clientId()
      const before = await t.connect({ clientId, ...fresh(5) })
      await before.subscribe({ filter: t.topic(), qos: 1 })
      await before.disconnect()
      const publisher = await t.connect()
      const payloads = ['1', '2', '3', '4', '5']
      for (const payload of payloads) await publisher.publish({ topic: t.topic(), payload, qos: 1 })
      const properties = { sessionExpiry: 600, receiveMaximum: 2 }
      const client = await t.connect({ clientId, ...stored(5, { properties }) })
      const first = await client.expect('publish', { payload: '1' })
      const second = await client.expect('publish', { payload: '2' })
      await t.silent(client, publisher, [0])
      await client.acknowledge(first)
      await client.message({ payload: '3' })
      await client.acknowledge(second)
      for (const payload of ['4', '5']) await client.message({ payload })
    })

    test('3.3.4-7', 'closes when a client has more messages under way than it takes', async (t) => {
      const { client, connack } = await t.accepted()
      const { receiveMaximum = 65_535 } = connack.properties
      if (receiveMaximum > 10_000) t.skip('it takes more than a test should send')
      const message = { topic: t.topic(), payload: 'x', qos: 2 }
      const ids = Array.from({ length: receiveMaximum + 1 }, (_, at) => at + 1)
      client.send(...ids.map((id) => encode.publish(5, { ...message, id })))
      await client.gone()
      for (const _ of client.received.filter(({ type }) => type === 'pubrec')) await client.expect('pubrec')
      await client.expectRefusal(0x93)
    })

    test('', 'takes as many messages under way as it announced', async (t) => {
      const { client, connack } = await t.accepted()
      const count = Math.min(connack.properties.receiveMaximum ?? 65_535, 1_000)
      for (let round = 0; round < 2; round++) {
        const ids = Array.from({ length: count }, (_, at) => at + 1)
        client.send(...ids.map((id) => encode.publish(5, { topic: t.topic(), payload: 'x', qos: 2, id })))
        for (const id of ids) await client.expect('pubrec', { id })
        client.send(...ids.map((id) => encode.ack(5, 'pubrel', id)))
        for (const id of ids) await client.expect('pubcomp', { id })
      }
      await client.ping()
    })
  })
}
