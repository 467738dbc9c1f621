/** 3.1 and 3.2: the exchange of CONNECT and CONNACK, as far as both standards agree. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import { field, join } from '../../wire/bytes.ts'
import * as encode from '../../wire/encode.ts'
import type { Version } from '../../wire/packet-types.ts'
import { stored } from '../sessions.ts'

export function connect(version: Version): Chapter {
  return chapter(version, '3.1 CONNECT', (test) => {
    test({ 4: '3.1.4-4', 5: '3.1.4-5' }, 'accepts a good CONNECT with a CONNACK of code 0', async (t) => {
      const client = await t.open()
      client.send(t.connectPacket())
      await client.expect('connack', { code: 0 })
    })

    test('3.2.0-1', 'sends CONNACK before anything else, however fast the client is', async (t) => {
      const client = await t.open()
      const subscribe = encode.subscribe(version, { id: 1, filters: [t.topic()] })
      client.send(t.connectPacket(), subscribe, encode.pingreq())
      const first = await client.next()
      t.check(first.type === 'connack', `the first packet was ${first.type}`)
      await client.expect('suback', { id: 1 })
      await client.expect('pingresp')
    })

    for (const [name, packet] of Object.entries(notConnect(version))) {
      test('3.1.0-1', `closes a connection whose first packet is ${name}`, async (t) => {
        const client = await t.open()
        client.send(packet)
        await client.expectClose()
      })
    }

    test('3.1.0-2', 'takes a second CONNECT as a violation and closes', async (t) => {
      const client = await t.connect()
      client.send(t.connectPacket())
      await client.expectRefusal(0x82)
    })

    test('3.1.0-2', 'does not accept the same CONNECT twice either', async (t) => {
      const input = t.input()
      const client = await t.connect(input)
      client.send(encode.connect(version, input))
      await client.expectRefusal(0x82)
    })

    test('3.1.2-3', 'closes when the reserved connect flag is set', async (t) => {
      const client = await t.open()
      const flags = 0x03 | (t.target.credentials === undefined ? 0 : 0xc0)
      client.send(t.connectPacket({ flags }))
      await client.expectRefusal(0x81)
    })

    const characters = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
    for (const clientId of [...characters.match(/.{1,23}/g)!, '7']) {
      test('3.1.3-5', `allows the client identifier ${clientId}`, async (t) => {
        const client = await t.connect({ clientId })
        await client.ping()
      })
    }

    test('3.1.3-3', 'closes when there is no client identifier at all', async (t) => {
      const client = await t.open()
      client.send(t.connectPacket({ payload: new Uint8Array(), flags: 0x02 }))
      await client.expectRefusal(0x81)
    })

    test('3.1.3-1', 'reads identifier, will, user name and password in this order', async (t) => {
      const { username, password } = t.target.credentials ?? {}
      const watcher = await t.connect()
      await watcher.subscribe(t.topic('will'))
      const client = await t.connect({
        will: { topic: t.topic('will'), payload: 'in order' },
        username,
        password,
      })
      await client.drop()
      await watcher.message({ topic: t.topic('will'), payload: 'in order' })
    })

    test('3.1.3-2', 'knows a session by its client identifier', async (t) => {
      const [one, other] = [t.clientId(), t.clientId()]
      const first = await t.connect({ clientId: one, ...stored(version) })
      await first.subscribe(t.topic())
      await first.disconnect()
      const second = await t.accepted({ clientId: other, ...stored(version) })
      t.check(!second.connack.sessionPresent, 'another identifier got the session')
      const again = await t.accepted({ clientId: one, ...stored(version) })
      t.check(again.connack.sessionPresent || version === 3, 'the session was not found again')
      await again.client.publish({ topic: t.topic(), payload: 'x' })
      await again.client.message({ payload: 'x' })
      await t.silent(second.client, again.client)
    })

    test('3.1.4-1', 'closes when bytes follow the last field of a CONNECT', async (t) => {
      const client = await t.open()
      client.send(t.connectPacket({ payload: join(field(t.clientId()), field('left over')), flags: 0x02 }))
      await client.expectRefusal(0x81)
    })

    test('3.1.4-1', 'closes when a field of the CONNECT is cut short', async (t) => {
      const client = await t.open()
      client.send(t.connectPacket({ payload: field('abc').subarray(0, 4), flags: 0x02 }))
      await client.expectRefusal(0x81)
    })

    test(
      { 4: '3.1.4-2', 5: '3.1.4-3' },
      'disconnects the older of two clients with one identifier',
      async (t) => {
        const clientId = t.clientId()
        const older = await t.connect({ clientId })
        const newer = await t.connect({ clientId })
        await older.expectRefusal(0x8e)
        await newer.ping()
      },
    )

    test(
      { 4: '3.1.4-5', 5: '3.1.4-6' },
      'ignores what stands behind a CONNECT that it rejects',
      async (t) => {
        const watcher = await t.connect()
        await watcher.subscribe({ filter: t.topic(), qos: 1 })
        const client = await t.open()
        const publish = encode.publish(version, { topic: t.topic(), payload: 'never', qos: 1, retain: true })
        client.send(t.connectPacket({ flags: 0x03, payload: field(t.clientId()) }), publish)
        await client.expectRefusal(0x81)
        const publisher = await t.connect()
        await t.silent(watcher, publisher)
        await publisher.subscribe(t.topic())
        await t.silent(publisher)
      },
    )

    test(
      { 4: '7.1.1-1', 5: '4.2.0-1' },
      'takes packets from a stream of bytes, however it is cut',
      async (t) => {
        const client = await t.open()
        const topic = t.topic()
        const packets = join(
          t.connectPacket(),
          encode.subscribe(version, { id: 7, filters: [topic] }),
          encode.publish(version, { topic, payload: 'byte by byte' }),
          encode.pingreq(),
        )
        for (const byte of packets) {
          client.send(Uint8Array.of(byte))
          await new Promise((resolve) => setImmediate(resolve))
        }
        await client.expect('connack', { code: 0 })
        await client.expect('suback', { id: 7 })
        await client.message({ topic, payload: 'byte by byte' })
        await client.expect('pingresp')
        client.expectNothing()
      },
    )

    test(
      { 4: '7.0.0-2' },
      'asks for no extension: a client of the standard alone can publish and subscribe',
      async (t) => {
        const subscriber = await t.connect()
        await subscriber.subscribe({ filter: t.topic('#'), qos: 2 })
        const publisher = await t.connect()
        for (const qos of [0, 1, 2]) {
          await publisher.publish({ topic: t.topic(`${qos}`), payload: `at ${qos}`, qos })
          await subscriber.message({ topic: t.topic(`${qos}`), payload: `at ${qos}`, qos, retain: false })
        }
        await subscriber.unsubscribe(t.topic('#'))
        await Promise.all([subscriber.disconnect(), publisher.disconnect()])
      },
    )
  })
}

function notConnect(version: Version): Record<string, Uint8Array> {
  return {
    PUBLISH: encode.publish(version, { topic: 'conformance/early', payload: 'x' }),
    SUBSCRIBE: encode.subscribe(version, { id: 1, filters: ['conformance/early'] }),
    UNSUBSCRIBE: encode.unsubscribe(version, { id: 1, filters: ['conformance/early'] }),
    PINGREQ: encode.pingreq(),
    DISCONNECT: encode.disconnect(version),
    PUBACK: encode.ack(version, 'puback', 1),
    PUBREC: encode.ack(version, 'pubrec', 1),
    PUBREL: encode.ack(version, 'pubrel', 1),
    PUBCOMP: encode.ack(version, 'pubcomp', 1),
    ...(version === 5 ? { AUTH: encode.auth(0x18, { authenticationMethod: 'none' }) } : {}),
  }
}
