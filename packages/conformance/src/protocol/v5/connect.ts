/** 3.1 and 3.2 of MQTT 5.0: CONNECT, CONNACK and what they settle. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import { Remark } from '../../harness/errors.ts'
import { byte, field, join } from '../../wire/bytes.ts'
import * as encode from '../../wire/encode.ts'
import { LONG } from '../sessions.ts'

/** What may refuse an unknown protocol: nothing, CONNACK 0x84 of 5.0, or that of 3.1.1. */
const REFUSALS = ['', '2003008400', '20020001']

export function connect(): Chapter {
  return chapter(5, '3.1 CONNECT of 5.0', (test) => {
    for (const protocolName of ['', 'MQT', 'MQTTT', 'mqtt', 'MQTX', 'HTTP', 'MQIsdp']) {
      test('3.1.2-1', `does not serve the protocol name "${protocolName}"`, async (t) => {
        const client = await t.open(5, false)
        client.send(t.connectPacket({ protocolName }))
        await client.expectClose()
        const answer = client.bytes.toString('hex')
        t.check(REFUSALS.includes(answer) || /^20....(81|82)/.test(answer), `it answered ${answer}`)
      })
    }

    for (const protocolLevel of [0, 1, 2, 6, 127, 255]) {
      test('3.1.2-2', `does not serve protocol version ${protocolLevel}`, async (t) => {
        const client = await t.open(5, false)
        client.send(t.connectPacket({ protocolLevel }))
        await client.expectClose()
        const answer = client.bytes.toString('hex')
        t.check(REFUSALS.includes(answer), `it answered ${answer}`)
      })
    }

    const id = join(field('conformance'))
    const cases: readonly (readonly [string, string, number, Uint8Array])[] = [
      ['3.1.2-16', 'a user name is there and its flag is not set', 0x02, join(id, field('name'))],
      ['3.1.2-17', 'the user name flag is set and no user name is there', 0x82, id],
      [
        '3.1.2-18',
        'a password is there and its flag is not set',
        0x82,
        join(id, field('name'), field('word')),
      ],
      ['3.1.2-19', 'the password flag is set and no password is there', 0xc2, join(id, field('name'))],
    ]
    for (const [numbers, what, flags, payload] of cases) {
      test(`${numbers} 3.1.4-1`, `closes when ${what}`, async (t) => {
        const client = await t.open()
        client.send(encode.connect(5, { flags, payload }))
        await client.expectRefusal(0x81)
      })
    }

    test('', 'reads a password without a user name', async (t) => {
      const client = await t.open()
      client.send(encode.connect(5, { clientId: t.clientId(), password: 'word' }))
      await client.expect('connack', { code: [0x00, 0x86, 0x87] })
    })

    test('3.1.3-6 3.1.3-7 3.2.2-16', 'assigns identifiers that are new, and tells them', async (t) => {
      const assigned = new Set<string>()
      for (let at = 0; at < 5; at++) {
        const { connack } = await t.accepted({ clientId: '' })
        const { assignedClientId = '' } = connack.properties
        t.check(assignedClientId !== '', 'no identifier was told')
        assigned.add(assignedClientId)
      }
      t.check(assigned.size === 5, 'one identifier was assigned twice')
    })

    test('3.1.3-7', 'knows a client by the identifier that it assigned', async (t) => {
      const properties = { sessionExpiry: LONG }
      const first = await t.accepted({ clientId: '', properties })
      await first.client.subscribe(t.topic())
      await first.client.disconnect()
      const clientId = first.connack.properties.assignedClientId ?? ''
      const again = await t.accepted({ clientId, clean: false, properties })
      t.check(again.connack.sessionPresent, 'the session was not found')
      await again.client.publish({ topic: t.topic(), payload: 'x' })
      await again.client.message({ payload: 'x' })
    })

    test('3.1.3-6', 'assigns an identifier without clean start too', async (t) => {
      const { connack } = await t.accepted({ clientId: '', clean: false })
      t.check(!connack.sessionPresent && connack.properties.assignedClientId !== undefined, 'none was told')
    })

    test('', 'assigns nothing to a client that has an identifier', async (t) => {
      const { connack } = await t.accepted()
      t.check(connack.properties.assignedClientId === undefined, 'it did')
    })

    test('3.1.3-8', 'closes when it does not like the client identifier', async (t) => {
      const client = await t.open()
      client.send(t.connectPacket({ clientId: t.need('refusedClientId') }))
      await client.expectRefusal(0x85)
    })

    test('3.1.4-2', 'closes when user name and password are wrong', async (t) => {
      const client = await t.open()
      client.send(t.connectPacket(t.need('strangers')))
      await client.expectRefusal(0x86, 0x87)
    })

    test('3.2.0-2', 'sends one CONNACK and no more', async (t) => {
      const client = await t.connect()
      await client.subscribe({ filter: t.topic(), qos: 2 })
      for (const qos of [0, 1, 2]) {
        await client.publish({ topic: t.topic(), payload: `${qos}`, qos })
        await client.message({ payload: `${qos}` })
      }
      client.send(t.connectPacket())
      await client.gone()
      const connacks = client.received.filter(({ type }) => type === 'connack')
      t.check(connacks.length === 1, `${connacks.length} came`)
    })

    test('3.2.2-1', 'leaves the reserved bits of the acknowledge flags at 0', async (t) => {
      const clientId = t.clientId()
      for (const clean of [true, false]) {
        const { client, connack } = await t.accepted({ clientId, clean, properties: { sessionExpiry: LONG } })
        t.check((connack.bytes[2] & 0xfe) === 0, `the flags are ${connack.bytes[2]}`)
        await client.disconnect()
      }
    })

    const refused = '3.2.2-6 3.2.2-7 3.2.2-8 3.14.0-1 4.13.2-1'
    test(refused, 'says that no session is present, why, and closes, when it refuses', async (t) => {
      const clientId = t.clientId()
      const before = await t.connect({ clientId, properties: { sessionExpiry: LONG } })
      await before.disconnect()
      const client = await t.open()
      const properties = { sessionExpiry: LONG, authenticationMethod: 'conformance-none' }
      client.send(t.connectPacket({ clientId, clean: false, properties }))
      await client.gone()
      const [answer] = client.received
      if (answer === undefined) throw new Remark('closed without a reason; CONNACK with 0x8c was due')
      // That its code is one of the table's is seen when it is decoded.
      t.check(answer.type === 'connack', `${answer.type} came`)
      await client.expect('connack', { sessionPresent: false, code: [0x8c, 0x87] })
      await client.expectClose()
    })

    test('3.14.0-1', 'never sends DISCONNECT to a client that it did not accept', async (t) => {
      const bad = {
        flags: { flags: 0x03 },
        'cut short': { payload: Uint8Array.of(0, 9, 97) },
        property: { properties: Uint8Array.of(0x2b, 0) },
        repeated: { properties: join(byte(0x17), byte(1), byte(0x17), byte(1)) },
      }
      await t.each<encode.ConnectInput>(bad, async (changes) => {
        const client = await t.open()
        client.send(t.connectPacket(changes))
        await client.gone()
        const types = client.received.map(({ type }) => type)
        t.check(types.every((type) => type === 'connack') && types.length <= 1, `${types} came`)
      })
    })

    test('3.1.2-28', 'tells no response information to a client that did not ask', async (t) => {
      for (const properties of [{}, { requestResponseInformation: 0 }]) {
        const { connack } = await t.accepted({ properties })
        t.check(connack.properties.responseInformation === undefined, 'it told')
      }
    })

    test('', 'accepts every property of CONNECT', async (t) => {
      const will = {
        topic: t.topic(),
        properties: {
          willDelay: 1,
          payloadFormat: 1,
          messageExpiry: 60,
          contentType: 'text/plain',
          responseTopic: t.topic('answer'),
          correlationData: Uint8Array.of(1, 2, 3),
          userProperty: [['a', '1']] as const,
        },
      }
      const { client } = await t.accepted({
        will,
        properties: {
          sessionExpiry: 60,
          receiveMaximum: 10,
          maximumPacketSize: 100_000,
          topicAliasMaximum: 10,
          requestResponseInformation: 1,
          requestProblemInformation: 1,
          userProperty: [
            ['a', '1'],
            ['a', '2'],
            ['', ''],
          ],
        },
      })
      await client.ping()
      await client.disconnect()
    })

    test(
      '3.1.2-29',
      'gives no reasons to a client that asked for none, but in CONNACK and DISCONNECT',
      async (t) => {
        const client = await t.connect({ properties: { requestProblemInformation: 0 } })
        const filters = [t.topic(), '$share/a/b', t.target.forbiddenTopic ?? t.topic('x')]
        await client.trySubscribe({ filters })
        await client.unsubscribe(t.topic('never'))
        for (const topic of [t.topic('nobody'), t.target.forbiddenTopic ?? t.topic('nobody')]) {
          for (const qos of [1, 2]) await client.publish({ topic, payload: 'x', qos })
        }
        client.send(encode.ack(5, 'pubrel', 4_000), encode.ack(5, 'pubrec', 4_001))
        await Promise.race([client.closed, client.ping()])
        for (const { type, properties } of client.received) {
          if (type === 'connack' || type === 'disconnect' || type === 'publish') continue
          const none = properties.reasonString === undefined && properties.userProperty === undefined
          t.check(none, `${type} gave one`)
        }
      },
    )
  })
}
