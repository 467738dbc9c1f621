/** 3.15 and 4.12 of MQTT 5.0: enhanced authentication. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import type { RawClient } from '../../harness/raw-client.ts'
import type { EnhancedAuthentication } from '../../harness/target.ts'
import type { TestContext } from '../../harness/test-context.ts'
import * as encode from '../../wire/encode.ts'
import type { Auth, Connack } from '../../wire/packets.ts'

const CONTINUE = 0x18
const AGAIN = 0x19

export function auth(): Chapter {
  return chapter(5, '4.12 Enhanced authentication', (test) => {
    test('4.12.0-1', 'closes when it does not know the authentication method', async (t) => {
      const client = await t.open()
      const properties = { authenticationMethod: 'conformance-none', authenticationData: Uint8Array.of(1) }
      client.send(t.connectPacket({ properties }))
      await client.expectRefusal(0x8c, 0x87)
    })

    test('4.12.0-6', 'speaks of no method to a client that named none', async (t) => {
      const { client, connack } = await t.accepted()
      t.check(connack.properties.authenticationMethod === undefined, 'CONNACK names one')
      await client.ping()
      t.check(
        client.received.every(({ type }) => type !== 'auth'),
        'AUTH came',
      )
    })

    for (const code of [0x00, CONTINUE, AGAIN]) {
      test('4.12.0-7', `closes on AUTH of code ${code} from a client that named no method`, async (t) => {
        const client = await t.connect()
        client.send(encode.auth(code, { authenticationMethod: 'conformance-none' }))
        await client.expectRefusal(0x82)
      })
    }

    const exchange = '4.12.0-2 4.12.0-5 3.15.2-1'
    test(exchange, 'asks by AUTH of 0x18 with the method of CONNECT, and names it in CONNACK', async (t) => {
      const enhanced = t.need('enhanced')
      const { challenge, connack } = await authenticated(t, enhanced)
      const { authenticationMethod } = challenge.properties
      t.check(challenge.code === CONTINUE, `AUTH says ${challenge.code}`)
      t.check(authenticationMethod === enhanced.method, `AUTH names ${authenticationMethod}`)
      t.check(connack.properties.authenticationMethod === enhanced.method, 'CONNACK does not')
    })

    test('4.12.0-4', 'closes when the client proves to be somebody else', async (t) => {
      const enhanced = t.need('enhanced')
      const { client } = await challenged(t, enhanced)
      client.send(answerOf(enhanced, enhanced.wrong))
      await client.expectRefusal(0x86, 0x87)
    })

    for (const code of [0x00, AGAIN]) {
      test('4.12.0-3', `closes when the client answers by AUTH of code ${code}`, async (t) => {
        const enhanced = t.need('enhanced')
        const { client, challenge } = await challenged(t, enhanced)
        const data = enhanced.answer(challenge.properties.authenticationData ?? new Uint8Array())
        client.send(answerOf(enhanced, data, code))
        await client.expectRefusal(0x82, 0x81)
      })
    }

    test('4.12.0-5', 'closes when the client answers with another method', async (t) => {
      const enhanced = t.need('enhanced')
      const { client, challenge } = await challenged(t, enhanced)
      const data = enhanced.answer(challenge.properties.authenticationData ?? new Uint8Array())
      client.send(answerOf({ ...enhanced, method: 'conformance-none' }, data))
      await client.expectRefusal(0x82, 0x8c)
    })

    test('3.1.2-30', 'closes when a client sends something else before it is accepted', async (t) => {
      await t.each({ publish: 0, subscribe: 1, pingreq: 2 }, async (which) => {
        const { client } = await challenged(t, t.need('enhanced'))
        const packets = [
          encode.publish(5, { topic: t.topic(), payload: 'x' }),
          encode.subscribe(5, { filters: [t.topic()] }),
          encode.pingreq(),
        ]
        client.send(packets[which])
        await client.expectRefusal(0x82)
      })
    })

    test('4.12.1-1', 'lets a client authenticate again, and serves it meanwhile', async (t) => {
      const enhanced = t.need('enhanced')
      const { client } = await authenticated(t, enhanced)
      client.send(answerOf(enhanced, enhanced.first, AGAIN))
      const { properties } = await client.expect('auth', { code: CONTINUE })
      await client.ping()
      client.send(answerOf(enhanced, enhanced.answer(properties.authenticationData ?? new Uint8Array())))
      const done = await client.expect('auth', { code: 0x00 })
      t.check(done.properties.authenticationMethod === enhanced.method, 'the last AUTH names no method')
      await client.ping()
    })

    test('4.12.1-1', 'closes when a client wants to authenticate again by another method', async (t) => {
      const enhanced = t.need('enhanced')
      const { client } = await authenticated(t, enhanced)
      client.send(answerOf({ ...enhanced, method: 'conformance-none' }, enhanced.first, AGAIN))
      await client.expectRefusal(0x82, 0x8c)
    })

    test('4.12.1-2', 'closes when a client fails to authenticate again', async (t) => {
      const enhanced = t.need('enhanced')
      const { client } = await authenticated(t, enhanced)
      client.send(answerOf(enhanced, enhanced.first, AGAIN))
      await client.expect('auth', { code: CONTINUE })
      client.send(answerOf(enhanced, enhanced.wrong))
      await client.expectRefusal(0x87, 0x86)
    })

    test('3.15.2-2 3.15.2-3', 'gives no reason that makes AUTH larger than the client takes', async (t) => {
      const enhanced = t.need('enhanced')
      const { client, challenge } = await challenged(t, enhanced, 100)
      t.check(challenge.bytes.length <= 100, `AUTH has ${challenge.bytes.length} bytes`)
      client.send(answerOf(enhanced, enhanced.wrong))
      await client.gone()
      t.check(
        client.received.every(({ bytes }) => bytes.length <= 100),
        'the refusal is larger',
      )
    })
  })
}

function answerOf({ method }: EnhancedAuthentication, data: Uint8Array, code = CONTINUE): Uint8Array {
  return encode.auth(code, { authenticationMethod: method, authenticationData: data })
}

interface Challenged {
  readonly client: RawClient
  readonly challenge: Auth
}

/** A client that the broker has asked to prove itself. */
async function challenged(
  t: TestContext,
  { method, first }: EnhancedAuthentication,
  maximumPacketSize?: number,
): Promise<Challenged> {
  const client = await t.open()
  const properties = { authenticationMethod: method, authenticationData: first, maximumPacketSize }
  client.send(encode.connect(5, { clientId: t.clientId(), properties }))
  return { client, challenge: await client.expect('auth') }
}

/** A client that has proved itself. */
async function authenticated(
  t: TestContext,
  enhanced: EnhancedAuthentication,
): Promise<Challenged & { connack: Connack }> {
  const { client, challenge } = await challenged(t, enhanced)
  client.send(
    answerOf(enhanced, enhanced.answer(challenge.properties.authenticationData ?? new Uint8Array())),
  )
  return { client, challenge, connack: await client.expect('connack', { code: 0 }) }
}
