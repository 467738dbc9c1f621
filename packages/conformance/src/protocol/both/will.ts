/** 3.1.2.5 to 3.1.2.7: the will. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import { byte, field, join } from '../../wire/bytes.ts'
import * as encode from '../../wire/encode.ts'
import type { Version } from '../../wire/packet-types.ts'

export function will(version: Version): Chapter {
  return chapter(version, '3.1.2 Will', (test) => {
    const published = { 4: '3.1.2-8', 5: '3.1.2-7 3.1.2-8' }
    test(published, 'publishes the will when the network fails', async (t) => {
      const watcher = await t.connect()
      await watcher.subscribe(t.topic())
      const client = await t.connect({ will: { topic: t.topic(), payload: 'gone' } })
      await client.drop()
      await watcher.message({ topic: t.topic(), payload: 'gone', qos: 0, retain: false })
      await t.silent(watcher)
    })

    test(published, 'publishes the will when the client hangs up without DISCONNECT', async (t) => {
      const watcher = await t.connect()
      await watcher.subscribe(t.topic())
      const client = await t.connect({ will: { topic: t.topic(), payload: 'gone' } })
      client.stream.end()
      await watcher.message({ payload: 'gone' })
    })

    test(published, 'publishes the will when it closes because of an error of the client', async (t) => {
      const watcher = await t.connect()
      await watcher.subscribe(t.topic())
      const client = await t.connect({ will: { topic: t.topic(), payload: 'gone' } })
      client.send(Uint8Array.of(0x00, 0x00))
      await client.gone()
      await watcher.message({ payload: 'gone' })
    })

    test(published, 'publishes the will of a client whose connection is taken over', async (t) => {
      const watcher = await t.connect()
      await watcher.subscribe(t.topic())
      const clientId = t.clientId()
      await t.connect({ clientId, will: { topic: t.topic(), payload: 'gone' } })
      await t.connect({ clientId })
      await watcher.message({ payload: 'gone' })
      await t.silent(watcher)
    })

    test(
      published,
      'publishes the will when the client is silent for too long',
      async (t) => {
        const watcher = await t.connect()
        await watcher.subscribe(t.topic())
        await t.connect({ keepAlive: 1, will: { topic: t.topic(), payload: 'gone' } })
        await t.advance(2_500)
        await watcher.message({ payload: 'gone' })
      },
      { slow: true },
    )

    for (const qos of [0, 1, 2]) {
      test('3.1.2-9', `publishes a will of QoS ${qos} at this QoS`, async (t) => {
        const watcher = await t.connect()
        await watcher.subscribe({ filter: t.topic(), qos: 2 })
        const client = await t.connect({ will: { topic: t.topic(), payload: `at ${qos}`, qos } })
        await client.drop()
        await watcher.message({ payload: `at ${qos}`, qos })
      })
    }

    test('3.1.2-9', 'closes when the will flag is set and no will topic is there', async (t) => {
      const client = await t.open()
      client.send(
        t.connectPacket({
          flags: 0x06,
          payload: field(t.clientId()),
          username: undefined,
          password: undefined,
        }),
      )
      await client.expectRefusal(0x81)
    })

    test('3.1.2-9', 'closes when the will flag is set and no will message is there', async (t) => {
      const client = await t.open()
      const properties = version === 5 ? byte(0) : new Uint8Array()
      client.send(
        t.connectPacket({ flags: 0x06, payload: join(field(t.clientId()), properties, field(t.topic())) }),
      )
      await client.expectRefusal(0x81)
    })

    test('3.1.2-10 3.14.4-3', 'forgets the will of a client that says DISCONNECT', async (t) => {
      const watcher = await t.connect()
      await watcher.subscribe(t.topic())
      const client = await t.connect({ will: { topic: t.topic(), payload: 'never' } })
      await client.disconnect()
      await t.target.settle?.()
      await t.silent(watcher)
    })

    test('3.1.2-10', 'forgets the will once it was published', async (t) => {
      const watcher = await t.connect()
      await watcher.subscribe(t.topic())
      const clientId = t.clientId()
      const before = await t.connect({ clientId, will: { topic: t.topic(), payload: 'once' } })
      await before.drop()
      await watcher.message({ payload: 'once' })
      const client = await t.connect({ clientId, clean: false })
      await client.drop()
      await t.target.settle?.()
      await t.silent(watcher)
    })

    for (const qos of [1, 2]) {
      const flags = 0x02 | (qos << 3)
      test(
        { 4: '3.1.2-11 3.1.2-13', 5: '3.1.2-11' },
        `closes when will QoS is ${qos} without a will`,
        async (t) => {
          const client = await t.open()
          client.send(t.connectPacket({ flags, username: undefined, password: undefined }))
          await client.expectRefusal(0x81)
        },
      )
    }

    test(
      { 4: '3.1.2-11 3.1.2-15', 5: '3.1.2-13' },
      'closes when will retain is set without a will',
      async (t) => {
        const client = await t.open()
        client.send(t.connectPacket({ flags: 0x22, username: undefined, password: undefined }))
        await client.expectRefusal(0x81)
      },
    )

    test({ 4: '3.1.2-11' }, 'closes when a will is there and its flag is not set', async (t) => {
      const client = await t.open()
      const payload = join(field(t.clientId()), field(t.topic()), field('will'))
      client.send(t.connectPacket({ flags: 0x02, payload }))
      await client.expectRefusal(0x81)
    })

    test({ 4: '3.1.2-12' }, 'publishes nothing for a client without a will', async (t) => {
      const watcher = await t.connect()
      await watcher.subscribe(t.topic('#'))
      const client = await t.connect()
      await client.publish({ topic: t.topic('last'), payload: 'of its own' })
      await watcher.message({ payload: 'of its own' })
      await client.drop()
      await t.target.settle?.()
      await t.silent(watcher)
    })

    test({ 4: '3.1.2-14', 5: '3.1.2-12' }, 'closes when will QoS is 3', async (t) => {
      const client = await t.open()
      client.send(t.connectPacket({ will: { topic: t.topic(), qos: 3 } }))
      await client.expectRefusal(0x81)
    })

    test({ 4: '3.1.2-16', 5: '3.1.2-14' }, 'does not retain a will without will retain', async (t) => {
      const watcher = await t.connect()
      await watcher.subscribe(t.topic())
      const client = await t.connect({ will: { topic: t.topic(), payload: 'gone', qos: 1 } })
      await client.drop()
      await watcher.message({ payload: 'gone', retain: false })
      const late = await t.connect()
      await late.subscribe(t.topic())
      await t.silent(late)
    })

    test({ 4: '3.1.2-17', 5: '3.1.2-15' }, 'retains a will with will retain', async (t) => {
      const watcher = await t.connect()
      await watcher.subscribe(t.topic())
      const client = await t.connect({ will: { topic: t.topic(), payload: 'kept', retain: true } })
      await client.drop()
      await watcher.message({ payload: 'kept', retain: false })
      const late = await t.connect()
      await late.subscribe(t.topic())
      await late.message({ payload: 'kept', retain: true })
      await t.keep(watcher, { topic: t.topic() })
    })

    test('', 'removes a retained message by an empty will with will retain', async (t) => {
      const watcher = await t.connect()
      await t.keep(watcher, { topic: t.topic(), payload: 'old', qos: 1 })
      await watcher.subscribe({ filter: t.topic(), qos: 1 })
      await watcher.message({ payload: 'old', retain: true })
      const client = await t.connect({ will: { topic: t.topic(), payload: '', retain: true } })
      await client.drop()
      await watcher.message({ payload: '' })
      const late = await t.connect()
      await late.subscribe(t.topic())
      await t.silent(late)
    })

    test('', 'carries a will of any bytes as they are', async (t) => {
      const watcher = await t.connect()
      await watcher.subscribe(t.topic())
      const payload = Uint8Array.from({ length: 256 }, (_, at) => at)
      const client = await t.connect({ will: { topic: t.topic(), payload } })
      await client.drop()
      await watcher.message({ payload })
    })

    test('', 'publishes no will of a CONNECT that it refused', async (t) => {
      const watcher = await t.connect()
      await watcher.subscribe(t.topic())
      const client = await t.open()
      client.send(
        encode.connect(
          version,
          t.input({ will: { topic: t.topic() }, flags: 0x07, username: undefined, password: undefined }),
        ),
      )
      await client.expectRefusal(0x81)
      await t.target.settle?.()
      await t.silent(watcher)
    })

    for (const topic of ['conformance/+', 'conformance/#', '#', '+', 'conformance/a+b']) {
      test('', `refuses a will for the topic ${topic}`, async (t) => {
        const client = await t.open()
        client.send(t.connectPacket({ will: { topic } }))
        await client.expectRefusal(0x81, 0x82, 0x90)
      })
    }
  })
}
