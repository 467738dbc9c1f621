/** Clients of 5.0 and of 3.1.1 on one broker. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import { LONG } from '../sessions.ts'

export function mixed(): Chapter {
  return chapter(5, 'Versions together', (test) => {
    for (const qos of [0, 1, 2]) {
      test('', `brings messages of QoS ${qos} from 5.0 to 3.1.1, without properties`, async (t) => {
        const older = await t.connect({ version: 4 })
        await older.subscribe({ filter: t.topic(), qos })
        const client = await t.connect()
        const properties = {
          contentType: 'text/plain',
          userProperty: [['a', 'b']] as const,
          messageExpiry: 60,
        }
        await client.publish({ topic: t.topic(), payload: 'to the old', qos, properties })
        await older.message({ topic: t.topic(), payload: 'to the old', qos })
        await t.silent(older, client)
      })

      test('', `brings messages of QoS ${qos} from 3.1.1 to 5.0, without properties`, async (t) => {
        const client = await t.connect()
        await client.subscribe({ filter: t.topic(), qos })
        const older = await t.connect({ version: 4 })
        await older.publish({ topic: t.topic(), payload: 'to the new', qos })
        const { properties } = await client.message({ topic: t.topic(), payload: 'to the new', qos })
        t.check(Object.keys(properties).length === 0, `it has ${Object.keys(properties)}`)
        await t.silent(client, older)
      })
    }

    test('', 'gives the topic to a 3.1.1 subscriber where the publisher sent an alias', async (t) => {
      const { client, connack } = await t.accepted()
      if ((connack.properties.topicAliasMaximum ?? 0) === 0) t.skip('it takes no aliases')
      const older = await t.connect({ version: 4 })
      await older.subscribe(t.topic())
      await client.publish({ topic: t.topic(), payload: 'set', properties: { topicAlias: 1 } })
      await client.publish({ topic: '', payload: 'used', properties: { topicAlias: 1 } })
      for (const payload of ['set', 'used']) await older.message({ topic: t.topic(), payload })
    })

    test('', 'gives messages retained by either version to subscribers of the other', async (t) => {
      const [client, older] = [await t.connect(), await t.connect({ version: 4 })]
      await t.keep(client, { topic: t.topic('new'), payload: 'of 5.0', qos: 1 })
      await t.keep(older, { topic: t.topic('old'), payload: 'of 3.1.1', qos: 1 })
      await client.subscribe({ filter: t.topic('old'), qos: 1 })
      await client.message({ payload: 'of 3.1.1', retain: true })
      await older.subscribe({ filter: t.topic('new'), qos: 1 })
      await older.message({ payload: 'of 5.0', retain: true })
    })

    test('', 'gives wills of either version to subscribers of the other', async (t) => {
      const [client, older] = [await t.connect(), await t.connect({ version: 4 })]
      await client.subscribe(t.topic('old'))
      await older.subscribe(t.topic('new'))
      const [one, other] = [
        await t.connect({
          will: { topic: t.topic('new'), payload: 'new', properties: { contentType: 'x' } },
        }),
        await t.connect({ version: 4, will: { topic: t.topic('old'), payload: 'old' } }),
      ]
      await Promise.all([one.drop(), other.drop()])
      await client.message({ payload: 'old' })
      await older.message({ payload: 'new' })
    })

    test('', 'lets a session be resumed by a client that has changed its version', async (t) => {
      const clientId = t.clientId()
      const before = await t.connect({ version: 4, clientId, clean: false })
      await before.subscribe({ filter: t.topic(), qos: 1 })
      await before.disconnect()
      const publisher = await t.connect()
      await publisher.publish({ topic: t.topic(), payload: 'queued', qos: 1 })
      const { client, connack } = await t.accepted({
        clientId,
        clean: false,
        properties: { sessionExpiry: LONG },
      })
      t.check(connack.sessionPresent, 'the session was gone')
      await client.message({ payload: 'queued' })
      await client.disconnect()
      await publisher.publish({ topic: t.topic(), payload: 'queued again', qos: 1 })
      const back = await t.connect({ version: 4, clientId, clean: false })
      await back.message({ payload: 'queued again' })
    })

    test('', 'takes over a connection of the other version', async (t) => {
      const clientId = t.clientId()
      const older = await t.connect({ version: 4, clientId })
      const client = await t.connect({ clientId })
      await older.expectClose()
      const last = await t.connect({ version: 4, clientId })
      await client.expectRefusal(0x8e)
      await last.ping()
    })

    test('', 'shares a topic among members of both versions that it lets in', async (t) => {
      const [client, publisher] = [await t.connect(), await t.connect({ version: 4 })]
      const { codes } = await client.trySubscribe({ filters: [`$share/both/${t.topic()}`] })
      if (codes[0] >= 0x80) t.skip('it has no shared subscriptions')
      await publisher.publish({ topic: t.topic(), payload: 'x' })
      await client.message({ payload: 'x' })
    })
  })
}
