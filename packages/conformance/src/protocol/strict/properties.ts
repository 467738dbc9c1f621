/** 2.2.2 of MQTT 5.0: packets times properties, those that may not stand there, or not twice, or not so. */
import { Buffer } from 'node:buffer'
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import type { TestContext } from '../../harness/test-context.ts'
import { byte, join, overlong, two, variable } from '../../wire/bytes.ts'
import * as encode from '../../wire/encode.ts'
import { property } from '../../wire/encode-properties.ts'
import type { PropertyKind, PropertyName, PropertySpec } from '../../wire/properties.ts'
import { PROPERTY_LIST } from '../../wire/properties.ts'
import type { Place } from './property-places.ts'
import { PLACES, ready, sent } from './property-places.ts'

/** Properties that a client may not send where a server may. */
const SERVERS_ONLY: Partial<Readonly<Record<Place, readonly PropertyName[]>>> = {
  publish: ['subscriptionIdentifier'],
  disconnect: ['serverReference'],
}

/** A value of each kind that is good for all its properties. */
const GOOD: Readonly<Record<PropertyKind, unknown>> = {
  byte: 1,
  two: 1,
  four: 100,
  variable: 1,
  string: 'conformance/text',
  binary: Buffer.from('data'),
  pair: ['name', 'value'],
}

/** Values out of range, and what the standard says then; more codes where it leaves it open. */
const OUT_OF_RANGE: readonly (readonly [Place, PropertyName, readonly number[], readonly number[]])[] = [
  ['connect', 'receiveMaximum', [0], [0x82]],
  ['connect', 'maximumPacketSize', [0], [0x82]],
  ['connect', 'requestProblemInformation', [2, 255], [0x82]],
  ['connect', 'requestResponseInformation', [2, 255], [0x82]],
  ['will', 'payloadFormat', [2, 255], [0x82, 0x81, 0x99]],
  ['publish', 'payloadFormat', [2, 255], [0x82, 0x81, 0x99]],
  ['subscribe', 'subscriptionIdentifier', [0], [0x82]],
]

/** Identifiers that the standard gives to no property. */
const UNKNOWN = [0x00, 0x04, 0x0a, 0x10, 0x14, 0x1b, 0x20, 0x2b, 0x7f, 0x80, 0x3fff]

export function properties(): Chapter {
  return chapter(5, '2.2.2 Properties', (test) => {
    for (const place of PLACES) {
      const where = place === 'will' ? 'the will' : place.toUpperCase()
      // An AUTH that nobody expects is a protocol error too.
      const also = place === 'auth' ? [0x82] : []
      const others = PROPERTY_LIST.filter(([, spec]) => !spec.places.includes(place))
      const own = PROPERTY_LIST.filter(
        ([name, spec]) => spec.places.includes(place) && !SERVERS_ONLY[place]?.includes(name),
      )

      test('', `closes when ${where} carries a property of other packets`, async (t) => {
        await t.each(cases(others), async ([name, { kind }]) => {
          await refused(t, place, property(name, GOOD[kind]), 0x81, ...also)
        })
      })

      test('', `closes when ${where} carries a property that does not exist`, async (t) => {
        const ids = Object.fromEntries(UNKNOWN.map((id) => [`property ${id}`, id]))
        await t.each(ids, async (id) => await refused(t, place, join(variable(id), two(1)), 0x81, ...also))
      })

      const single = own.filter(([, { kind }]) => kind !== 'pair')
      if (single.length > 0) {
        test('', `closes when a property stands twice in ${where}`, async (t) => {
          await t.each(cases(single), async ([name, { kind }]) => {
            const one = property(name, GOOD[kind])
            await refused(t, place, join(one, one), 0x82)
          })
        })
      }

      test('', `closes when a property of ${where} is cut short`, async (t) => {
        await t.each(cases(own), async ([name, { kind }]) => {
          const whole = property(name, GOOD[kind])
          for (let length = 1; length < whole.length; length++) {
            await refused(t, place, whole.subarray(0, length), 0x81, ...also)
          }
        })
      })

      test('', `closes when the properties of ${where} are longer than the packet`, async (t) => {
        await refusedBytes(
          t,
          place,
          join(variable(100), property('userProperty', ['name', 'value'])),
          0x81,
          ...also,
        )
      })

      test('', `closes when the length of the properties of ${where} has five bytes`, async (t) => {
        await refusedBytes(t, place, Buffer.from('8080808000', 'hex'), 0x81, ...also)
      })

      test(
        '1.5.5-1',
        `closes when the length of the properties of ${where} has more bytes than it needs`,
        async (t) => {
          await refusedBytes(t, place, overlong(0, 2), 0x81, ...also)
        },
      )

      test(
        '1.5.5-1',
        `closes when a property's identifier in ${where} has more bytes than it needs`,
        async (t) => {
          const user = property('userProperty', ['name', 'value'])
          await refused(t, place, join(overlong(user[0], 2), user.subarray(1)), 0x81, ...also)
        },
      )

      if (place !== 'auth') {
        test('', `takes a user property of ${where} as often as it comes`, async (t) => {
          const user = property('userProperty', ['name', 'value'])
          const client = await sent(t, place, counted(join(user, user, user)))
          await t.advance(0)
          if (place === 'disconnect') await client.expectClose()
          else if (place === 'connect' || place === 'will') await client.expect('connack', { code: 0 })
          else await client.ping()
        })
      }
    }

    for (const [place, name, values, codes] of OUT_OF_RANGE) {
      test(
        '',
        `closes when ${name} of ${place === 'will' ? 'the will' : place.toUpperCase()} is out of range`,
        async (t) => {
          const numbered = Object.fromEntries(values.map((value) => [`${value}`, value]))
          await t.each(numbered, async (value) => {
            const client = await sent(t, place, counted(property(name, value)))
            // The standard names the two values and does not say what a third one is.
            if (name === 'payloadFormat') await t.recommended(client.expectRefusal(...codes))
            else await client.expectRefusal(...codes)
          })
        },
      )
    }

    test('1.5.5-1', 'closes when a subscription identifier has more bytes than it needs', async (t) => {
      await refused(t, 'subscribe', join(byte(0x0b), overlong(1, 2)), 0x81)
    })

    test('', 'closes when a subscription identifier has five bytes', async (t) => {
      await refused(t, 'subscribe', join(byte(0x0b), Buffer.from('8080808001', 'hex')), 0x81)
    })

    test('3.3.4-6', 'closes when a client puts a subscription identifier into PUBLISH', async (t) => {
      await refused(t, 'publish', property('subscriptionIdentifier', 1), 0x82)
    })

    test('', 'closes when CONNECT has authentication data and no method', async (t) => {
      await refused(t, 'connect', property('authenticationData', Buffer.from('data')), 0x82)
    })

    test('', 'closes when DISCONNECT makes a session last that was to end with its connection', async (t) => {
      const client = await t.connect()
      client.send(encode.disconnect(5, 0, { sessionExpiry: 60 }))
      await client.expectRefusal(0x82)
    })

    for (const name of ['connect', 'publish', 'subscribe', 'unsubscribe'] as const) {
      test('2.2.2-1', `closes when ${name.toUpperCase()} has no property length at all`, async (t) => {
        // The same packet as 3.1.1 has it: what stands there is no length that fits.
        const bytes = {
          connect: join(
            encode.connect(4, { clientId: 'a' }).subarray(0, 8),
            byte(5),
            encode.connect(4, { clientId: 'a' }).subarray(9),
          ),
          publish: encode.publish(4, { topic: t.topic(), payload: '\u007f' }),
          subscribe: encode.subscribe(4, { filters: ['\u0161'.repeat(40)] }),
          unsubscribe: encode.unsubscribe(4, { filters: ['\u0161'.repeat(40)] }),
        }[name]
        const client = name === 'connect' ? await t.open() : await t.connect()
        client.send(bytes)
        await client.expectRefusal(0x81, 0x82)
      })
    }

    test('2.2.2-1', 'ends its own packets without properties by a property length of 0', async (t) => {
      // Decoding wants the length; without one nothing of this would be read.
      const client = await t.connect({ properties: { requestProblemInformation: 0 } })
      const suback = await client.subscribe(t.topic())
      t.check(suback.bytes[4] === 0, `SUBACK is ${suback.bytes.toString('hex')}`)
      await client.publish({ topic: t.topic(), payload: 'x' })
      const message = await client.message({ payload: 'x' })
      t.check(message.bytes[4 + t.topic().length] === 0, `PUBLISH is ${message.bytes.toString('hex')}`)
      const unsuback = await client.unsubscribe(t.topic())
      t.check(unsuback.bytes[4] === 0, `UNSUBACK is ${unsuback.bytes.toString('hex')}`)
    })

    for (const [name, codes] of Object.entries(WRONG_CODES)) {
      const place = name as keyof typeof WRONG_CODES
      test(
        '',
        `closes when ${place.toUpperCase()} has a reason code of other packets, or none of the standard`,
        async (t) => {
          await t.each(Object.fromEntries(codes.map((code) => [`code ${code}`, code])), async (code) => {
            const { client, id } = await ready(t, place)
            client.send(place === 'disconnect' ? encode.disconnect(5, code) : encode.ack(5, place, id, code))
            await client.expectRefusal(0x82, 0x81)
          })
        },
      )
    }
  })
}

/** Reason codes that a client may not send there. */
const WRONG_CODES = {
  puback: [0x01, 0x04, 0x11, 0x18, 0x7f, 0x81, 0x82, 0x8e, 0x92, 0xa2, 0xff],
  pubrec: [0x01, 0x04, 0x11, 0x18, 0x7f, 0x81, 0x82, 0x8e, 0x92, 0xa2, 0xff],
  pubrel: [0x01, 0x10, 0x80, 0x87, 0x91, 0x93, 0xff],
  pubcomp: [0x01, 0x10, 0x80, 0x87, 0x91, 0x93, 0xff],
  disconnect: [0x01, 0x02, 0x10, 0x7f, 0xff],
} as const

function cases(list: typeof PROPERTY_LIST): Record<string, readonly [PropertyName, PropertySpec]> {
  return Object.fromEntries(list.map((line) => [line[0], line]))
}

/** The packet with these properties is refused with one of these codes. */
async function refused(t: TestContext, place: Place, bytes: Uint8Array, ...codes: number[]): Promise<void> {
  await refusedBytes(t, place, counted(bytes), ...codes)
}

/** Properties behind their length. */
function counted(bytes: Uint8Array): Uint8Array {
  return join(variable(bytes.length), bytes)
}

/** The same, the length of the properties included. */
async function refusedBytes(
  t: TestContext,
  place: Place,
  bytes: Uint8Array,
  ...codes: number[]
): Promise<void> {
  const client = await sent(t, place, bytes)
  await client.expectRefusal(...codes)
}
