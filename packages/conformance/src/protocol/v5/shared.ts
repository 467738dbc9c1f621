/** 4.8.2 of MQTT 5.0: shared subscriptions. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import type { RawClient } from '../../harness/raw-client.ts'
import type { TestContext } from '../../harness/test-context.ts'
import * as encode from '../../wire/encode.ts'
import type { Publish } from '../../wire/packets.ts'
import { fresh, stored } from '../sessions.ts'

export function shared(): Chapter {
  return chapter(5, '4.8 Shared subscriptions', (test) => {
    for (const filter of [
      '$share//a',
      '$share/a+b/c',
      '$share/+/c',
      '$share/#/c',
      '$share/a#/c',
      '$share/a',
      '$share/',
      '$share/a/',
    ]) {
      const numbers = filter === '$share//a' || filter === '$share/' ? '4.8.2-1' : '4.8.2-2'
      test(numbers, `does not accept the shared filter ${filter}`, async (t) => {
        await available(t)
        const client = await t.connect()
        client.send(encode.subscribe(5, { id: 1, filters: [filter] }))
        await Promise.race([client.closed, client.expect('suback', { codes: [0x8f] })])
        if (client.isClosed) await client.expectRefusal(0x81, 0x82, 0x8f)
      })
    }

    for (const filter of ['$share/g/a#', '$share/g/a/#/b', '$share/g/+a']) {
      test('', `does not accept ${filter}, whose filter is malformed`, async (t) => {
        await available(t)
        const client = await t.connect()
        client.send(encode.subscribe(5, { id: 1, filters: [filter] }))
        await Promise.race([client.closed, client.expect('suback', { codes: [0x8f] })])
        if (client.isClosed) await client.expectRefusal(0x81, 0x82, 0x8f)
      })
    }

    test(
      '4.8.2-1',
      'takes $share/ followed by a share name and a filter for a shared subscription',
      async (t) => {
        const { members, group } = await groupOf(t, 2, 1)
        const publisher = await t.connect()
        for (let at = 0; at < 10; at++)
          await publisher.publish({ topic: t.topic(), payload: `${at}`, qos: 1 })
        const got = await collect(t, members, publisher)
        t.check(got.length === 10, `${got.length} messages came of 10 for ${group}`)
        t.check(new Set(got.map(({ payload }) => payload.toString())).size === 10, 'some came twice')
      },
    )

    test('3.8.3-4', 'closes when no local is set on a shared subscription', async (t) => {
      await available(t)
      const client = await t.connect()
      client.send(
        encode.subscribe(5, { id: 1, filters: [{ filter: `$share/a/${t.topic()}`, noLocal: true }] }),
      )
      await client.expectRefusal(0x82)
    })

    test('4.8.2-3', 'respects the QoS granted to the member that it chose', async (t) => {
      await available(t)
      for (const qos of [0, 1, 2]) {
        const client = await t.connect()
        const filter = `$share/g${qos}/${t.topic(`${qos}`)}`
        const { codes } = await client.subscribe({ filter, qos })
        for (const published of [0, 1, 2]) {
          await client.publish({ topic: t.topic(`${qos}`), payload: 'x', qos: published })
          await client.message({ qos: Math.min(published, codes[0]) })
        }
      }
    })

    test('', 'gives each group, and each subscription of its own, a copy', async (t) => {
      await available(t)
      const clients = [await t.connect(), await t.connect(), await t.connect()]
      const filters = [`$share/one/${t.topic()}`, `$share/two/${t.topic()}`, t.topic()]
      for (const [at, client] of clients.entries()) await client.subscribe(filters[at])
      await clients[0].publish({ topic: t.topic(), payload: 'x' })
      for (const client of clients) await client.message({ payload: 'x' })
      for (const client of clients) await t.silent(client, clients[0])
    })

    test('', 'gives a client both copies of a shared subscription and one of its own', async (t) => {
      await available(t)
      const client = await t.connect()
      await client.subscribe(`$share/one/${t.topic()}`, t.topic())
      await client.publish({ topic: t.topic(), payload: 'x' })
      await client.message({ payload: 'x' })
      await client.message({ payload: 'x' })
      await t.silent(client)
    })

    test('', 'sends no retained messages to a shared subscription', async (t) => {
      await available(t)
      const client = await t.connect()
      await t.keep(client, { topic: t.topic(), payload: 'kept', qos: 1 })
      await client.subscribe({ filter: `$share/one/${t.topic()}`, qos: 1 })
      await t.silent(client)
    })

    test('', 'stops giving messages to a member that left its group', async (t) => {
      const { members, group } = await groupOf(t, 2, 1)
      const publisher = await t.connect()
      const { codes } = await members[0].unsubscribe(group)
      t.check(codes[0] === 0, `UNSUBACK says ${codes}`)
      for (let at = 0; at < 4; at++) {
        await publisher.publish({ topic: t.topic(), payload: `${at}`, qos: 1 })
        await members[1].message({ payload: `${at}` })
      }
      await t.silent(members[0], publisher)
    })

    test('', 'sends the subscription identifier of the member that it chose', async (t) => {
      await available(t)
      const client = await t.connect()
      const filters = [`$share/one/${t.topic()}`]
      await client.subscribeWith({ filters, properties: { subscriptionIdentifier: [11] } })
      await client.publish({ topic: t.topic(), payload: 'x' })
      await client.message({ properties: { subscriptionIdentifier: [11] } })
    })

    test('', 'gives all messages to the members that are connected', async (t) => {
      const { members } = await groupOf(t, 2, 1)
      await members[0].drop()
      await t.target.settle?.()
      const publisher = await t.connect()
      await publisher.ping()
      for (let at = 0; at < 6; at++) {
        await publisher.publish({ topic: t.topic(), payload: `${at}`, qos: 1 })
        await members[1].message({ payload: `${at}` })
      }
    })

    test('4.8.2-4', 'completes a message of QoS 2 when the member that it went to comes back', async (t) => {
      const { one, message, clientId } = await held(t)
      await one.drop()
      await t.target.settle?.()
      const client = await t.connect({ clientId, ...stored(5) })
      await client.message({ payload: 'held', id: message.id, dup: true })
    })

    test(
      '4.8.2-5',
      'gives a message of QoS 2 to nobody else when the session that it went to ends',
      async (t) => {
        const { one, clientId, rest } = await held(t)
        await one.drop()
        await t.target.settle?.()
        await t.connect({ clientId, clean: true })
        for (const other of rest) await t.silent(other)
      },
    )

    for (const [name, qos, ack] of [
      ['PUBACK', 1, 'puback'],
      ['PUBREC', 2, 'pubrec'],
    ] as const) {
      test('4.8.2-6', `gives a message to nobody else whose ${name} refuses it`, async (t) => {
        const { members } = await groupOf(t, 2, qos)
        const publisher = await t.connect()
        await publisher.publish({ topic: t.topic(), payload: 'refused', qos })
        const chosen = await Promise.any(
          members.map(async (member) => ({ member, got: await member.expect('publish') })),
        )
        chosen.member.send(encode.ack(5, ack, chosen.got.id, 0x80))
        for (const member of members) await t.silent(member, publisher)
      })
    }
  })
}

/** Skips brokers that announce to have no shared subscriptions. */
async function available(t: TestContext): Promise<void> {
  const { connack } = await t.accepted()
  if (connack.properties.sharedSubscriptionAvailable === 0) t.skip('it has no shared subscriptions')
}

interface Group {
  readonly members: readonly RawClient[]
  readonly group: string
}

async function groupOf(t: TestContext, size: number, qos: number): Promise<Group> {
  await available(t)
  const group = `$share/group/${t.topic()}`
  const members: RawClient[] = []
  for (let at = 0; at < size; at++) {
    const member = await t.connect()
    await member.subscribe({ filter: group, qos })
    members.push(member)
  }
  return { members, group }
}

/** All messages that came to the members, acknowledged. */
async function collect(t: TestContext, members: readonly RawClient[], from: RawClient): Promise<Publish[]> {
  const all: Publish[] = []
  for (const member of members) {
    await t.barrier(member, from)
    const came = member.received.filter((packet): packet is Publish => packet.type === 'publish')
    for (const message of came) await member.acknowledge(message)
    all.push(...came)
  }
  return all
}

interface Held {
  readonly one: RawClient
  readonly clientId: string
  readonly message: Publish
  readonly rest: readonly RawClient[]
}

/** A group of two stored sessions, of which one was sent a message of QoS 2 and has not answered. */
async function held(t: TestContext): Promise<Held> {
  await available(t)
  const ids = [t.clientId(), t.clientId()]
  const members: RawClient[] = []
  for (const clientId of ids) {
    const member = await t.connect({ clientId, ...fresh(5) })
    await member.subscribe({ filter: `$share/group/${t.topic()}`, qos: 2 })
    members.push(member)
  }
  const publisher = await t.connect()
  await publisher.publish({ topic: t.topic(), payload: 'held', qos: 2 })
  const at = await Promise.any(
    members.map(async (member, index) => {
      await member.expectMatching('publish', () => true)
      return index
    }),
  )
  const message = members[at].received.find((packet): packet is Publish => packet.type === 'publish')!
  return { one: members[at], clientId: ids[at], message, rest: members.filter((_, index) => index !== at) }
}
