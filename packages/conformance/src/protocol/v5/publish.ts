/** 3.3.2.3 of MQTT 5.0: what a message carries from the publisher to subscribers, live, retained and as a will. */
import { Buffer } from 'node:buffer'
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import { Remark } from '../../harness/errors.ts'
import type { TestContext } from '../../harness/test-context.ts'
import * as encode from '../../wire/encode.ts'
import type { Properties } from '../../wire/properties.ts'
import { hex } from '../../wire/reason-codes.ts'
import { fresh, stored } from '../sessions.ts'

const user = [
  ['b', '2'],
  ['a', '1'],
  ['b', '1'],
  ['', ''],
  ['ä', '日本語'],
  ['a', '1'],
] as const

/** What a broker hands on as it is: statements and values. */
const CARRIED: readonly (readonly [string, string, Properties])[] = [
  ['3.3.2-4', 'payload format', { payloadFormat: 1 }],
  ['3.3.2-4', 'a payload format of 0, or leaves it out', { payloadFormat: 0 }],
  ['3.3.2-20', 'content type', { contentType: 'text/plain; ü' }],
  ['3.3.2-20', 'an empty content type', { contentType: '' }],
  ['3.3.2-15', 'response topic', { responseTopic: 'conformance/answer/ü' }],
  ['3.3.2-16', 'correlation data', { correlationData: Buffer.from('00ff80007f', 'hex') }],
  ['3.3.2-16', 'empty correlation data', { correlationData: Buffer.alloc(0) }],
  ['3.3.2-17 3.3.2-18', 'user properties in their order', { userProperty: user }],
]

export function publish(): Chapter {
  return chapter(5, '3.3 PUBLISH of 5.0', (test) => {
    for (const [numbers, what, properties] of CARRIED) {
      test(numbers, `hands on ${what}`, async (t) => {
        const subscribers = [await t.connect(), await t.connect()]
        for (const [qos, one] of subscribers.entries())
          await one.subscribe({ filter: t.topic(), qos: qos * 2 })
        const publisher = await t.connect()
        for (const qos of [0, 1, 2]) {
          await publisher.publish({ topic: t.topic(), payload: 'text', qos, properties })
          for (const one of subscribers) sameProperties(t, (await one.message()).properties, properties)
        }
      })

      test(numbers, `keeps ${what} in a retained message`, async (t) => {
        const client = await t.connect()
        await t.keep(client, { topic: t.topic(), payload: 'text', qos: 1, properties })
        await client.subscribe(t.topic())
        sameProperties(t, (await client.message({ retain: true })).properties, properties)
      })

      test(numbers, `keeps ${what} in a message for a session that is away`, async (t) => {
        const clientId = t.clientId()
        const before = await t.connect({ clientId, ...fresh(5) })
        await before.subscribe({ filter: t.topic(), qos: 1 })
        await before.disconnect()
        const publisher = await t.connect()
        await publisher.publish({ topic: t.topic(), payload: 'text', qos: 1, properties })
        const client = await t.connect({ clientId, ...stored(5) })
        sameProperties(t, (await client.message()).properties, properties)
      })

      const ofWill = numbers.includes('3.3.2-18') ? '3.1.3-10' : numbers
      test(ofWill, `hands on ${what} of a will`, async (t) => {
        const watcher = await t.connect()
        await watcher.subscribe(t.topic())
        const client = await t.connect({ will: { topic: t.topic(), payload: 'text', properties } })
        await client.drop()
        sameProperties(t, (await watcher.message()).properties, properties)
      })
    }

    test('', 'adds nothing to a message without properties', async (t) => {
      const client = await t.connect()
      await client.subscribe({ filter: t.topic(), qos: 1 })
      await client.publish({ topic: t.topic(), payload: 'x', qos: 1 })
      const { properties } = await client.message()
      t.check(Object.keys(properties).length === 0, `it has ${Object.keys(properties)}`)
    })

    test('', 'hands on all properties together', async (t) => {
      const client = await t.connect()
      await client.subscribe(t.topic())
      const properties: Properties = {
        payloadFormat: 1,
        contentType: 'application/json',
        responseTopic: t.topic('answer'),
        correlationData: Buffer.from('42'),
        userProperty: user,
      }
      await client.publish({ topic: t.topic(), payload: '{}', properties })
      sameProperties(t, (await client.message()).properties, properties)
    })

    for (const responseTopic of ['conformance/+', 'conformance/#', '#', 'conformance/a+']) {
      test('3.3.2-14', `does not take ${responseTopic} for a response topic`, async (t) => {
        const client = await t.connect()
        client.send(encode.publish(5, { topic: t.topic(), payload: 'x', properties: { responseTopic } }))
        await client.expectRefusal(0x82, 0x81, 0x90)
      })
    }

    test('', 'lets a client answer a request by response topic and correlation data', async (t) => {
      const [asking, answering] = [await t.connect(), await t.connect()]
      await asking.subscribe(t.topic('answer'))
      await answering.subscribe(t.topic('request'))
      const correlationData = Buffer.from('7f00', 'hex')
      const request: Properties = { responseTopic: t.topic('answer'), correlationData }
      await asking.publish({ topic: t.topic('request'), payload: 'ask', properties: request })
      const { properties } = await answering.message({ payload: 'ask' })
      await answering.publish({
        topic: properties.responseTopic!,
        payload: 'told',
        properties: { correlationData: properties.correlationData },
      })
      await asking.message({ payload: 'told', properties: { correlationData } })
    })

    test(
      '3.4.2-1 3.5.2-1',
      'answers with reason codes of the standard, and tells when nobody subscribed',
      async (t) => {
        const client = await t.connect()
        for (const qos of [1, 2]) {
          client.send(encode.publish(5, { topic: t.topic(), payload: 'x', qos, id: qos }))
          // All codes are held against the table when they are decoded; these two fit here.
          await client.expect(qos === 1 ? 'puback' : 'pubrec', { id: qos, code: [0x00, 0x10] })
        }
        await client.subscribe({ filter: t.topic(), qos: 0 })
        client.send(encode.publish(5, { topic: t.topic(), payload: 'x', qos: 1, id: 3 }))
        await client.expect('puback', { id: 3, code: 0x00 })
      },
    )

    test(
      '3.4.2-1 3.5.2-1',
      'answers a PUBLISH that its rules forbid with 0x87, and does not deliver it',
      async (t) => {
        const topic = t.need('forbiddenTopic')
        const client = await t.connect()
        client.send(encode.publish(5, { topic, payload: 'x', qos: 1, id: 1 }))
        await client.expect('puback', { id: 1, code: 0x87 })
        client.send(encode.publish(5, { topic, payload: 'x', qos: 2, id: 2 }))
        await client.expect('pubrec', { id: 2, code: 0x87 })
        client.send(encode.publish(5, { topic, payload: 'x' }))
        await client.ping()
        client.expectNothing()
      },
    )

    test('4.3.3-9', 'takes a PUBLISH for a new one after it has refused one of its identifier', async (t) => {
      const topic = t.need('forbiddenTopic')
      const client = await t.connect()
      await client.subscribe({ filter: t.topic(), qos: 2 })
      client.send(encode.publish(5, { topic, payload: 'x', qos: 2, id: 2 }))
      const { code } = await client.expect('pubrec', { id: 2 })
      t.check(code >= 0x80, 'it was not refused')
      await client.publish({ topic: t.topic(), payload: 'new', qos: 2, id: 2 })
      await client.message({ payload: 'new' })
    })

    test('3.7.2-1', 'answers a PUBREL that it does not know with PUBCOMP of 0x92', async (t) => {
      const client = await t.connect()
      client.send(encode.ack(5, 'pubrel', 77))
      notFound((await client.expect('pubcomp', { id: 77 })).code)
    })

    test('3.6.2-1', 'answers a PUBREC that it does not know with PUBREL of 0x92', async (t) => {
      const client = await t.connect()
      client.send(encode.ack(5, 'pubrec', 78))
      notFound((await client.expect('pubrel', { id: 78 })).code)
    })

    const refusing = [
      ['PUBACK', 1, 'puback'],
      ['PUBREC', 2, 'pubrec'],
    ] as const
    for (const [name, qos, ack] of refusing) {
      test('4.4.0-2', `takes a message for acknowledged whose ${name} refuses it`, async (t) => {
        const clientId = t.clientId()
        const before = await t.connect({ clientId, ...fresh(5) })
        await before.subscribe({ filter: t.topic(), qos })
        await before.publish({ topic: t.topic(), payload: 'refused', qos })
        const { id } = await before.expect('publish', { payload: 'refused' })
        before.send(encode.ack(5, ack, id, 0x80))
        await t.silent(before)
        await before.drop()
        const client = await t.connect({ clientId, ...stored(5) })
        await t.silent(client)
      })
    }
  })
}

/** Absent and 0 are one and the same payload format. */
function sameProperties(t: TestContext, actual: Properties, wanted: Properties): void {
  const normal = ({ payloadFormat = 0, ...rest }: Properties): string =>
    JSON.stringify(Object.entries({ payloadFormat, ...rest }).sort())
  t.check(normal(actual) === normal(wanted), `came as ${normal(actual)}`)
}

/** Success is a code of the table too, but not what is the case. */
function notFound(code: number): void {
  if (code !== 0x92) throw new Remark(`said ${hex(code)}, not 0x92`)
}
