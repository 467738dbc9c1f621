/** 3.1.2.4 and 4.1: what a session keeps, for how long, and who gets it back. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import type { TestContext } from '../../harness/test-context.ts'
import * as encode from '../../wire/encode.ts'
import type { Version } from '../../wire/packet-types.ts'
import type { Connack } from '../../wire/packets.ts'
import { fresh, stored } from '../sessions.ts'

export function session(version: Version): Chapter {
  return chapter(version, '4.1 Session state', (test) => {
    const again = { 4: '3.1.2-4 3.2.2-2', 5: '3.1.2-5 3.2.2-3' }
    test(again, 'resumes a stored session, and says so', async (t) => {
      const clientId = t.clientId()
      const before = await t.connect({ clientId, ...fresh(version) })
      await before.subscribe({ filter: t.topic(), qos: 1 })
      await before.disconnect()
      const { client, connack } = await t.accepted({ clientId, ...stored(version) })
      checkPresent(t, connack, true)
      const publisher = await t.connect()
      await publisher.publish({ topic: t.topic(), payload: 'still subscribed', qos: 1 })
      await client.message({ payload: 'still subscribed', qos: 1 })
    })

    test({ 4: '3.2.2-3', 5: '3.1.2-6 3.2.2-3' }, 'begins a session where there is none', async (t) => {
      const { client, connack } = await t.accepted(stored(version))
      checkPresent(t, connack, false)
      await client.subscribe(t.topic())
      await client.publish({ topic: t.topic(), payload: 'x' })
      await client.message({ payload: 'x' })
    })

    test(
      { 4: '3.1.2-4', 5: '3.1.2-6' },
      'stores the session that it began where there was none',
      async (t) => {
        const clientId = t.clientId()
        const before = await t.connect({ clientId, ...stored(version) })
        await before.disconnect()
        const { connack } = await t.accepted({ clientId, ...stored(version) })
        checkPresent(t, connack, true)
      },
    )

    const discards = { 4: '3.1.2-6 3.2.2-1', 5: '3.1.2-4 3.2.2-2' }
    test(discards, 'discards the old session, its subscriptions and its queue, when asked to', async (t) => {
      const clientId = t.clientId()
      const before = await t.connect({ clientId, ...fresh(version) })
      await before.subscribe({ filter: t.topic(), qos: 1 })
      await before.disconnect()
      const publisher = await t.connect()
      await publisher.publish({ topic: t.topic(), payload: 'queued', qos: 1 })
      const { client, connack } = await t.accepted({ clientId, clean: true })
      checkPresent(t, connack, false)
      await publisher.publish({ topic: t.topic(), payload: 'live', qos: 1 })
      await t.silent(client, publisher)
    })

    test(discards, 'begins anew while the old session is still connected', async (t) => {
      const clientId = t.clientId()
      const before = await t.connect({ clientId, ...fresh(version) })
      await before.subscribe(t.topic())
      const { client, connack } = await t.accepted({ clientId, clean: true })
      checkPresent(t, connack, false)
      const publisher = await t.connect()
      await publisher.publish({ topic: t.topic(), payload: 'x' })
      await t.silent(client, publisher)
    })

    test({ 4: '3.1.4-3', 5: '3.1.4-4' }, 'begins anew or resumes as each CONNECT asks', async (t) => {
      const clientId = t.clientId()
      for (const [clean, present] of [
        [true, false],
        [false, version === 5],
        [false, true],
        [true, false],
      ]) {
        const { client, connack } = await t.accepted({ clientId, ...stored(version), clean })
        checkPresent(t, connack, present)
        await client.disconnect()
      }
    })

    const temporary = { 4: '3.1.2-6 3.2.2-3', 5: '4.1.0-2 3.2.2-3' }
    test(temporary, 'keeps nothing of a session that was to end with its connection', async (t) => {
      const clientId = t.clientId()
      const before = await t.connect({ clientId, clean: true })
      await before.subscribe({ filter: t.topic(), qos: 1 })
      await before.disconnect()
      const { client, connack } = await t.accepted({ clientId, ...stored(version) })
      checkPresent(t, connack, false)
      const publisher = await t.connect()
      await publisher.publish({ topic: t.topic(), payload: 'x', qos: 1 })
      await t.silent(client, publisher)
    })

    for (const qos of [1, 2]) {
      const queues = { 4: '3.1.2-5 4.5.0-1', 5: '3.1.2-23 4.5.0-1' }
      test(queues, `keeps QoS ${qos} messages for a session without a connection`, async (t) => {
        const clientId = t.clientId()
        const before = await t.connect({ clientId, ...fresh(version) })
        await before.subscribe({ filter: t.topic(), qos })
        await before.disconnect()
        const publisher = await t.connect()
        for (const payload of ['one', 'two', 'three'])
          await publisher.publish({ topic: t.topic(), payload, qos })
        const client = await t.connect({ clientId, ...stored(version) })
        for (const payload of ['one', 'two', 'three'])
          await client.message({ topic: t.topic(), payload, qos })
        await t.silent(client)
      })
    }

    test(
      { 4: '4.1.0-1', 5: '3.1.2-23' },
      'keeps subscriptions and queue when the network fails too',
      async (t) => {
        const clientId = t.clientId()
        const before = await t.connect({ clientId, ...fresh(version) })
        await before.subscribe({ filter: t.topic(), qos: 1 })
        await before.drop()
        await t.target.settle?.()
        const publisher = await t.connect()
        await publisher.publish({ topic: t.topic(), payload: 'queued', qos: 1 })
        const { client, connack } = await t.accepted({ clientId, ...stored(version) })
        checkPresent(t, connack, true)
        await client.message({ payload: 'queued', qos: 1 })
      },
    )

    const lasts = { 4: '4.1.0-2', 5: '4.1.0-1' }
    test(lasts, 'does not lose a session while it is connected, stored or not', async (t) => {
      for (const clean of [true, false]) {
        const client = await t.connect({ clean })
        await client.subscribe({ filter: t.topic(`${clean}`), qos: 1 })
        await t.connect({ clean: true })
        await client.publish({ topic: t.topic(`${clean}`), payload: 'kept', qos: 1 })
        await client.message({ payload: 'kept', qos: 1 })
      }
    })

    test(lasts, 'hands a connected session to the newer connection of its client', async (t) => {
      const clientId = t.clientId()
      const older = await t.connect({ clientId, ...fresh(version) })
      await older.subscribe({ filter: t.topic(), qos: 1 })
      const { client, connack } = await t.accepted({ clientId, ...stored(version) })
      checkPresent(t, connack, true)
      await client.publish({ topic: t.topic(), payload: 'x', qos: 1 })
      await client.message({ payload: 'x', qos: 1 })
    })

    test({ 4: '3.1.2-7' }, 'keeps a retained message when the session of its publisher ends', async (t) => {
      const publisher = await t.connect({ clean: true })
      await t.keep(publisher, { topic: t.topic(), payload: 'stays', qos: 1 })
      await publisher.disconnect()
      const client = await t.connect()
      await client.subscribe(t.topic())
      await client.message({ payload: 'stays', retain: true })
    })

    for (const qos of [1, 2]) {
      const resent = { 4: '4.4.0-1 3.3.1-1', 5: `4.4.0-1 3.3.1-1 ${qos === 1 ? '4.3.2-3' : '4.3.3-3'}` }
      test(
        resent,
        `sends an unacknowledged PUBLISH of QoS ${qos} again, with DUP and its identifier`,
        async (t) => {
          const clientId = t.clientId()
          const before = await t.connect({ clientId, ...fresh(version) })
          await before.subscribe({ filter: t.topic(), qos })
          const publisher = await t.connect()
          await publisher.publish({ topic: t.topic(), payload: 'again', qos })
          const { id } = await before.expect('publish', { dup: false, qos })
          await before.drop()
          const client = await t.connect({ clientId, ...stored(version) })
          await client.message({ id, dup: true, qos, payload: 'again' })
          await t.silent(client)
        },
      )
    }

    test(
      { 4: '4.4.0-1', 5: '4.4.0-1 4.3.3-5' },
      'sends an unacknowledged PUBREL again, with the same identifier',
      async (t) => {
        const clientId = t.clientId()
        const before = await t.connect({ clientId, ...fresh(version) })
        await before.subscribe({ filter: t.topic(), qos: 2 })
        const publisher = await t.connect()
        await publisher.publish({ topic: t.topic(), payload: 'x', qos: 2 })
        const { id } = await before.expect('publish', { qos: 2 })
        before.send(encode.ack(version, 'pubrec', id))
        await before.expect('pubrel', { id })
        await before.drop()
        const client = await t.connect({ clientId, ...stored(version) })
        await client.expect('pubrel', { id })
        client.send(encode.ack(version, 'pubcomp', id))
        await t.silent(client)
      },
    )

    test({ 4: '4.3.3-1', 5: '4.3.3-6' }, 'never sends a PUBLISH again whose PUBREL it sent', async (t) => {
      const clientId = t.clientId()
      const before = await t.connect({ clientId, ...fresh(version) })
      await before.subscribe({ filter: t.topic(), qos: 2 })
      const publisher = await t.connect()
      await publisher.publish({ topic: t.topic(), payload: 'x', qos: 2 })
      const { id } = await before.expect('publish', { qos: 2 })
      before.send(encode.ack(version, 'pubrec', id))
      await before.expect('pubrel', { id })
      await before.drop()
      const client = await t.connect({ clientId, ...stored(version) })
      await client.expect('pubrel', { id })
      await client.ping()
      client.expectNothing()
    })

    const once = { 4: '4.3.3-2', 5: '4.3.3-10' }
    test(once, 'remembers an unreleased QoS 2 message of the client over a reconnect', async (t) => {
      const watcher = await t.connect()
      await watcher.subscribe({ filter: t.topic(), qos: 2 })
      const clientId = t.clientId()
      const before = await t.connect({ clientId, ...fresh(version) })
      const message = { topic: t.topic(), payload: 'once', qos: 2, id: 5 }
      before.send(encode.publish(version, message))
      await before.expect('pubrec', { id: 5 })
      await before.drop()
      const client = await t.connect({ clientId, ...stored(version) })
      client.send(encode.publish(version, { ...message, dup: true }))
      await client.expect('pubrec', { id: 5 })
      client.send(encode.ack(version, 'pubrel', 5))
      await client.expect('pubcomp', { id: 5 })
      await watcher.message({ payload: 'once' })
      await t.silent(watcher, client)
    })

    test(
      { 5: '4.4.0-1' },
      'sends nothing again while the connection lasts',
      async (t) => {
        const client = await t.connect()
        await client.subscribe({ filter: t.topic(), qos: 1 })
        await client.publish({ topic: t.topic(), payload: 'x', qos: 1 })
        const { id } = await client.expect('publish', { qos: 1 })
        await t.advance(t.target.advance === undefined ? 3_000 : 120_000)
        await client.ping()
        client.expectNothing()
        client.send(encode.ack(version, 'puback', id))
        await t.silent(client)
      },
      { slow: true },
    )

    test('', 'sends nothing again that was acknowledged', async (t) => {
      const clientId = t.clientId()
      const before = await t.connect({ clientId, ...fresh(version) })
      await before.subscribe({ filter: t.topic(), qos: 2 })
      const publisher = await t.connect()
      for (const qos of [1, 2]) {
        await publisher.publish({ topic: t.topic(), payload: 'x', qos })
        await before.message({ payload: 'x', qos })
      }
      await before.ping()
      await before.disconnect()
      const client = await t.connect({ clientId, ...stored(version) })
      await t.silent(client)
    })
  })
}

/** MQTT 3.1 has no such flag. */
function checkPresent(t: TestContext, { sessionPresent }: Connack, expected: boolean): void {
  t.check(
    t.version === 3 ? !sessionPresent : sessionPresent === expected,
    `session present is ${sessionPresent}`,
  )
}
