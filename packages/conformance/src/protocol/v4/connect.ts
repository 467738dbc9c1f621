/** 3.1 and 3.2 of MQTT 3.1.1: what 5.0 does otherwise. */
import { Buffer } from 'node:buffer'
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import type { RawClient } from '../../harness/raw-client.ts'
import { field, join } from '../../wire/bytes.ts'
import * as encode from '../../wire/encode.ts'

/** CONNACK with return code 1: unacceptable protocol level. */
const UNACCEPTABLE = Buffer.of(0x20, 0x02, 0x00, 0x01)

export function connect(): Chapter {
  return chapter(4, '3.1 CONNECT of 3.1.1', (test) => {
    for (const protocolName of ['', 'MQT', 'MQTTT', 'mqtt', 'MQTX', 'HTTP', 'MQIsdp']) {
      test('3.1.2-1', `does not serve 3.1.1 by the protocol name "${protocolName}"`, async (t) => {
        const client = await t.open(4, false)
        client.send(t.connectPacket({ protocolName }))
        await client.expectClose()
        t.check(
          client.bytes[3] !== 0 || client.bytes.length === 0,
          `it answered ${client.bytes.toString('hex')}`,
        )
      })
    }

    for (const protocolLevel of [0, 1, 2, 6, 127, 255]) {
      test('3.1.2-2', `answers protocol level ${protocolLevel} with return code 1, and closes`, async (t) => {
        const client = await t.open(4, false)
        client.send(t.connectPacket({ protocolLevel }))
        await client.expectClose()
        t.check(client.bytes.equals(UNACCEPTABLE), `it answered "${client.bytes.toString('hex')}"`)
      })
    }

    test('3.1.3-6', 'gives every client without an identifier a session of its own', async (t) => {
      const clients: RawClient[] = []
      for (let at = 0; at < 3; at++) clients.push(await t.connect({ clientId: '' }))
      for (const [at, client] of clients.entries()) await client.subscribe(t.topic(`${at}`))
      for (const [at, client] of clients.entries()) {
        await client.publish({ topic: t.topic(`${at}`), payload: `${at}` })
        await client.message({ payload: `${at}` })
        await t.silent(client)
      }
    })

    test(
      '3.1.3-7 3.1.3-8',
      'refuses an empty client identifier without clean session by return code 2',
      async (t) => {
        const client = await t.open()
        client.send(t.connectPacket({ clientId: '', clean: false }))
        await client.expect('connack', { code: 2, sessionPresent: false })
        await client.expectClose()
      },
    )

    test('3.1.3-9', 'refuses a client identifier that it does not like by return code 2', async (t) => {
      const clientId = t.target.refusedClientId ?? ''
      const client = await t.open()
      client.send(t.connectPacket({ clientId, clean: clientId !== '' }))
      const { code } = await client.expect('connack')
      if (code === 0) t.skip('it refuses no identifier')
      t.check(code === 2, `the return code is ${code}`)
      await client.expectClose()
    })

    test('3.2.2-4 3.2.2-5', 'says that no session is present, and closes, when it refuses', async (t) => {
      const clientId = t.clientId()
      const before = await t.connect({ clientId, clean: false })
      await before.disconnect()
      const client = await t.open(4, false)
      client.send(t.connectPacket({ clientId, clean: false, protocolLevel: 9 }))
      await client.expectClose()
      t.check(client.bytes.equals(UNACCEPTABLE), `it answered "${client.bytes.toString('hex')}"`)
    })

    test('3.2.2-5', 'closes behind a refusal of user name and password', async (t) => {
      const client = await t.open()
      client.send(t.connectPacket(t.need('strangers')))
      await client.expect('connack', { code: [4, 5], sessionPresent: false })
      await client.expectClose()
    })

    test('3.2.2-6', 'closes without a CONNACK where no return code fits', async (t) => {
      await t.each(unfit(), async (changes) => {
        const client = await t.open()
        client.send(encode.connect(4, { clientId: t.clientId(), ...changes }))
        await client.expectClose()
      })
    })

    const id = field('conformance')
    const cases: readonly (readonly [string, string, number, Uint8Array])[] = [
      ['3.1.2-18', 'a user name is there and its flag is not set', 0x02, join(id, field('name'))],
      ['3.1.2-19', 'the user name flag is set and no user name is there', 0x82, id],
      [
        '3.1.2-20',
        'a password is there and its flag is not set',
        0x82,
        join(id, field('name'), field('word')),
      ],
      ['3.1.2-21', 'the password flag is set and no password is there', 0xc2, join(id, field('name'))],
      ['3.1.2-22', 'there is a password without a user name', 0x42, join(id, field('word'))],
    ]
    for (const [numbers, what, flags, payload] of cases) {
      test(`${numbers} 3.1.4-1`, `closes without a CONNACK when ${what}`, async (t) => {
        const client = await t.open()
        client.send(encode.connect(4, { flags, payload }))
        await client.expectClose()
      })
    }

    test('', 'takes any bytes for a password', async (t) => {
      const { username } = t.target.credentials ?? { username: 'conformance' }
      const client = await t.open()
      const password = Uint8Array.of(0, 0xff, 0x80, 0)
      client.send(encode.connect(4, { clientId: t.clientId(), username, password }))
      // It may know nobody by that password, but it must have read it.
      await client.expect('connack', { code: [0, 4, 5] })
    })
  })
}

/** CONNECT packets that break a rule without a return code of its own. */
function unfit(): Record<string, encode.ConnectInput> {
  const id = field('conformance')
  return {
    'reserved flag': { flags: 0x03 },
    'will QoS without will': { flags: 0x0a },
    'will QoS 3': { will: { topic: 'conformance/x', qos: 3 } },
    'no payload': { payload: new Uint8Array() },
    'trailing bytes': { payload: join(id, Uint8Array.of(0)) },
    'identifier cut short': { payload: id.subarray(0, 5) },
  }
}
