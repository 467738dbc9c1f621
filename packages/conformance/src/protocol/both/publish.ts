/** 3.3 and 4.3: PUBLISH and what completes it, both ways. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import * as encode from '../../wire/encode.ts'
import type { Version } from '../../wire/packet-types.ts'
import type { Publish } from '../../wire/packets.ts'

/** Identifiers with the bits at the ends of both bytes. */
const IDS = [1, 255, 256, 32_768, 65_535]

export function publish(version: Version): Chapter {
  return chapter(version, '3.3 PUBLISH', (test) => {
    test({ 5: '3.3.4-1' }, 'answers nothing to QoS 0', async (t) => {
      const client = await t.connect()
      client.send(encode.publish(version, { topic: t.topic(), payload: 'x' }))
      await client.ping()
      client.expectNothing()
    })

    test(
      { 4: '2.3.1-6', 5: '2.2.1-5 3.3.4-1 4.3.2-4' },
      'answers QoS 1 with PUBACK of the same identifier',
      async (t) => {
        const client = await t.connect()
        for (const id of IDS) {
          client.send(encode.publish(version, { topic: t.topic(), payload: 'x', qos: 1, id }))
          await client.expect('puback', { id })
        }
        await t.silent(client)
      },
    )

    const second = { 4: '2.3.1-6 4.3.3-2', 5: '2.2.1-5 3.3.4-1 4.3.3-8' }
    test(second, 'answers QoS 2 with PUBREC of the same identifier', async (t) => {
      const client = await t.connect()
      for (const id of IDS) {
        client.send(encode.publish(version, { topic: t.topic(), payload: 'x', qos: 2, id }))
        await client.expect('pubrec', { id })
      }
      await client.ping()
      client.expectNothing()
    })

    test({ 4: '4.3.3-2', 5: '4.3.3-11' }, 'answers PUBREL with PUBCOMP of the same identifier', async (t) => {
      const client = await t.connect()
      for (const id of IDS) {
        client.send(encode.publish(version, { topic: t.topic(), payload: 'x', qos: 2, id }))
        await client.expect('pubrec', { id })
        client.send(encode.ack(version, 'pubrel', id))
        await client.expect('pubcomp', { id, code: 0 })
      }
      await t.silent(client)
    })

    test(
      { 5: '4.3.2-5' },
      'takes a PUBLISH with an identifier it has acknowledged for a new one, DUP or not',
      async (t) => {
        const client = await t.connect()
        const watcher = await t.connect()
        await watcher.subscribe({ filter: t.topic(), qos: 1 })
        for (const dup of [false, false, true]) {
          await client.publish({ topic: t.topic(), payload: `${dup}`, qos: 1, id: 9, dup })
          await watcher.message({ payload: `${dup}` })
        }
        await t.silent(watcher, client)
      },
    )

    const once = { 4: '4.3.3-2', 5: '4.3.3-10' }
    for (const dup of [true, false]) {
      test(
        once,
        `delivers a QoS 2 message once that is sent again ${dup ? 'with' : 'without'} DUP`,
        async (t) => {
          const client = await t.connect()
          const watcher = await t.connect()
          await watcher.subscribe({ filter: t.topic(), qos: 2 })
          const message = { topic: t.topic(), payload: 'once', qos: 2, id: 3 }
          for (const again of [false, true]) {
            client.send(encode.publish(version, { ...message, dup: dup && again }))
            await client.expect('pubrec', { id: 3 })
          }
          client.send(encode.ack(version, 'pubrel', 3))
          await client.expect('pubcomp', { id: 3, code: 0 })
          await watcher.message({ payload: 'once', dup: false })
          await t.silent(watcher, client)
        },
      )
    }

    test(
      { 4: '4.3.3-2', 5: '4.3.3-12' },
      'takes a PUBLISH with an identifier it has completed for a new one',
      async (t) => {
        const client = await t.connect()
        const watcher = await t.connect()
        await watcher.subscribe({ filter: t.topic(), qos: 2 })
        for (const payload of ['first', 'second']) {
          await client.publish({ topic: t.topic(), payload, qos: 2, id: 4 })
          await watcher.message({ payload })
        }
      },
    )

    test({ 4: '4.3.3-2' }, 'answers a PUBREL that it does not know with PUBCOMP', async (t) => {
      const client = await t.connect()
      client.send(encode.ack(version, 'pubrel', 77))
      await client.expect('pubcomp', { id: 77, code: version === 5 ? [0x00, 0x92] : 0 })
    })

    test({ 4: '2.3.1-5', 5: '2.2.1-2' }, 'puts no identifier in a PUBLISH of QoS 0', async (t) => {
      const client = await t.connect()
      await client.subscribe(t.topic())
      await client.publish({ topic: t.topic(), payload: '\u0001\u0002payload' })
      const { bytes, qos } = await client.message({ payload: '\u0001\u0002payload' })
      const sent = encode.publish(version, { topic: t.topic(), payload: '\u0001\u0002payload' })
      t.check(qos === 0 && bytes.equals(sent), `came as ${bytes.toString('hex')}`)
    })

    test({ 4: '3.3.1-2', 5: '3.3.1-2 4.3.1-1' }, 'sends QoS 0 with DUP 0', async (t) => {
      const client = await t.connect()
      await client.subscribe(t.topic())
      const publisher = await t.connect()
      await publisher.publish({ topic: t.topic(), payload: 'x', qos: 1, dup: true })
      await client.message({ payload: 'x', qos: 0, dup: false })
    })

    test('3.3.1-3', 'does not hand on DUP', async (t) => {
      const client = await t.connect()
      await client.subscribe({ filter: t.topic(), qos: 2 })
      const publisher = await t.connect()
      for (const qos of [1, 2]) {
        await publisher.publish({ topic: t.topic(), payload: `${qos}`, qos, dup: true })
        await client.message({ payload: `${qos}`, qos, dup: false })
      }
    })

    const fresh = { 4: '4.3.3-1 2.3.1-4', 5: '2.2.1-4 4.3.2-1 4.3.2-2 4.3.3-1 4.3.3-2' }
    test(fresh, 'sends new messages with unused identifiers and DUP 0', async (t) => {
      const client = await t.connect()
      await client.subscribe({ filter: t.topic('1'), qos: 1 }, { filter: t.topic('2'), qos: 2 })
      const publisher = await t.connect()
      for (let at = 0; at < 10; at++) {
        const qos = 1 + (at % 2)
        await publisher.publish({ topic: t.topic(`${qos}`), payload: `${at}`, qos })
      }
      const messages: Publish[] = []
      for (let at = 0; at < 10; at++) messages.push(await client.expect('publish', { dup: false }))
      const ids = messages.map(({ id }) => id)
      t.check(new Set(ids).size === 10, `the identifiers are ${ids}`)
      for (const message of messages) await client.acknowledge(message)
      await t.silent(client)
    })

    test({ 4: '2.3.1-4' }, 'gives no identifier to another message before it is acknowledged', async (t) => {
      const client = await t.connect()
      await client.subscribe({ filter: t.topic(), qos: 1 })
      await client.publish({ topic: t.topic(), payload: 'held', qos: 1 })
      const held = await client.expect('publish', { payload: 'held' })
      for (let at = 0; at < 50; at++) {
        await client.publish({ topic: t.topic(), payload: `${at}`, qos: 1 })
        const { id } = await client.message({ payload: `${at}` })
        t.check(id !== held.id, `identifier ${id} was given twice`)
      }
      await client.acknowledge(held)
    })

    test('', 'keeps the identifiers of both directions apart', async (t) => {
      const client = await t.connect()
      await client.subscribe({ filter: t.topic(), qos: 2 })
      const publisher = await t.connect()
      await publisher.publish({ topic: t.topic(), payload: 'to the client', qos: 2 })
      const { id } = await client.expect('publish', { payload: 'to the client' })
      client.send(encode.publish(version, { topic: t.topic('other'), payload: 'x', qos: 2, id }))
      await client.expect('pubrec', { id })
      client.send(encode.ack(version, 'pubrec', id))
      await client.expect('pubrel', { id })
      client.send(encode.ack(version, 'pubrel', id), encode.ack(version, 'pubcomp', id))
      await client.expect('pubcomp', { id, code: 0 })
      await t.silent(client)
    })

    test({ 4: '4.3.3-1', 5: '4.3.3-4' }, 'answers PUBREC with PUBREL of the same identifier', async (t) => {
      const client = await t.connect()
      await client.subscribe({ filter: t.topic(), qos: 2 })
      await client.publish({ topic: t.topic(), payload: 'x', qos: 2 })
      const { id } = await client.expect('publish', { qos: 2 })
      client.send(encode.ack(version, 'pubrec', id))
      await client.expect('pubrel', { id })
      client.send(encode.ack(version, 'pubcomp', id))
      await t.silent(client)
    })

    test(
      { 4: '4.3.3-1', 5: '4.3.3-5' },
      'answers a repeated PUBREC with PUBREL again, until PUBCOMP',
      async (t) => {
        const client = await t.connect()
        await client.subscribe({ filter: t.topic(), qos: 2 })
        await client.publish({ topic: t.topic(), payload: 'x', qos: 2 })
        const { id } = await client.expect('publish', { qos: 2 })
        for (let time = 0; time < 2; time++) {
          client.send(encode.ack(version, 'pubrec', id))
          await client.expect('pubrel', { id })
        }
        client.send(encode.ack(version, 'pubcomp', id))
        await t.silent(client)
      },
    )

    test({ 4: '3.3.2-1', 5: '3.3.2-1 3.3.2-3' }, 'sends the topic name as it was published', async (t) => {
      const client = await t.connect()
      await client.subscribe(t.topic('#'))
      const publisher = await t.connect()
      for (const below of ['a', 'a/b', 'a//b/', 'grüße/日本語/🚌']) {
        await publisher.publish({ topic: t.topic(below), payload: 'x' })
        await client.message({ topic: t.topic(below) })
      }
    })

    for (const length of [0, 1, 127, 128, 16_383, 16_384, 100_000]) {
      test('', `carries a payload of ${length} bytes as it is`, async (t) => {
        const client = await t.connect()
        await client.subscribe({ filter: t.topic(), qos: 1 })
        const payload = Uint8Array.from({ length }, (_, at) => (at * 7) % 256)
        for (const qos of [0, 1]) {
          await client.publish({ topic: t.topic(), payload, qos })
          const message = await client.message({ qos })
          t.check(message.payload.equals(payload), `${message.payload.length} bytes came, or others`)
        }
      })
    }

    test('', 'delivers to every subscriber', async (t) => {
      const clients = [await t.connect(), await t.connect(), await t.connect()]
      for (const [qos, client] of clients.entries()) await client.subscribe({ filter: t.topic(), qos })
      await clients[0].publish({ topic: t.topic(), payload: 'all', qos: 2 })
      for (const [qos, client] of clients.entries()) await client.message({ payload: 'all', qos })
    })

    test('', 'answers a PUBLISH that nobody subscribed to', async (t) => {
      const client = await t.connect()
      for (const qos of [1, 2]) {
        const answer = await client.publish({ topic: t.topic(), payload: 'x', qos })
        t.check(
          answer !== undefined && 'code' in answer && [0x00, 0x10].includes(answer.code),
          'it was refused',
        )
      }
    })
  })
}
