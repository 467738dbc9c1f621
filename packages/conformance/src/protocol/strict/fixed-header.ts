/** 2.1 and 2.2 of both standards: types, flags and lengths that no packet may have. */
import type { Chapter, Numbers } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import type { RawClient } from '../../harness/raw-client.ts'
import type { TestContext } from '../../harness/test-context.ts'
import { join, packet } from '../../wire/bytes.ts'
import * as encode from '../../wire/encode.ts'
import type { PacketName, Version } from '../../wire/packet-types.ts'
import { fixedFlags, TYPE } from '../../wire/packet-types.ts'
import type { ClientPacket } from './samples.ts'
import { bodyOf, samples, withBody } from './samples.ts'

/** Packets whose flags have a number of their own. */
const FLAGS: Partial<Readonly<Record<PacketName, Numbers>>> = {
  pubrel: { 4: '2.2.2-2', 5: '2.1.3-1 3.6.1-1' },
  subscribe: { 4: '2.2.2-2', 5: '2.1.3-1 3.8.1-1' },
  unsubscribe: { 4: '2.2.2-2 3.10.1-1', 5: '2.1.3-1 3.10.1-1' },
  disconnect: { 4: '2.2.2-2 3.14.1-1', 5: '2.1.3-1 3.14.1-1' },
  auth: { 5: '2.1.3-1 3.15.1-1' },
}

/** Where the protocol version stands in the body of a CONNECT. */
const VERSION_AT = 6

export function fixedHeader(version: Version): Chapter {
  return chapter(version, '2.1 Fixed header', (test) => {
    const names = Object.keys(samples(version, 'a', 'b')) as ClientPacket[]

    for (const name of names.filter((one) => one !== 'publish')) {
      const right = fixedFlags(name)
      const numbers = FLAGS[name] ?? { 4: '2.2.2-2', 5: '2.1.3-1' }
      test(numbers, `closes when the flags of ${name.toUpperCase()} are not ${right}`, async (t) => {
        const wrong = Array.from({ length: 16 }, (_, flags) => flags).filter((flags) => flags !== right)
        await t.each(Object.fromEntries(wrong.map((flags) => [`flags ${flags}`, flags])), async (flags) => {
          const client = await clientFor(t, name)
          const good = name === 'connect' ? t.connectPacket() : sample(t, name)
          client.send(Uint8Array.of((TYPE[name] << 4) | flags), good.subarray(1))
          await client.expectRefusal(0x81)
        })
      })
    }

    test(
      { 4: '2.2.2-1', 5: '2.1.3-1' },
      'sets the flags of its own packets as the standard lists them',
      async (t) => {
        // All that comes is held against the table; this brings one of each type.
        const client = await t.connect()
        await client.subscribe({ filter: t.topic(), qos: 2 })
        for (const qos of [0, 1, 2]) {
          await client.publish({ topic: t.topic(), payload: `${qos}`, qos })
          await client.message({ payload: `${qos}` })
        }
        await client.ping()
        await client.unsubscribe(t.topic())
        await client.publish({ topic: t.topic(), payload: 'x', qos: 2 })
        const types = new Set(client.received.map(({ type }) => type))
        const missing = [
          'connack',
          'publish',
          'puback',
          'pubrec',
          'pubrel',
          'pubcomp',
          'suback',
          'unsuback',
          'pingresp',
        ].filter((type) => !types.has(type as 'publish'))
        t.check(missing.length === 0, `no ${missing} came`)
      },
    )

    const reserved = version === 5 ? [0] : [0, 15]
    for (const type of reserved) {
      test('', `closes on the reserved packet type ${type}, before CONNECT and after`, async (t) => {
        const bytes = [packet(type, 0), packet(type, 2), packet(type, 0, Uint8Array.of(0, 1))]
        await t.each(Object.fromEntries(bytes.map((one) => [one.toString('hex'), one])), async (one) => {
          const early = await t.open()
          early.send(one)
          await early.expectClose()
          const client = await t.connect()
          client.send(one)
          await client.expectRefusal(0x81)
        })
      })
    }

    const theirs = {
      CONNACK: packet(TYPE.connack, 0, Uint8Array.of(0, 0)),
      SUBACK: packet(TYPE.suback, 0, Uint8Array.of(0, 1, 0)),
      UNSUBACK: packet(TYPE.unsuback, 0, Uint8Array.of(0, 1)),
      PINGRESP: packet(TYPE.pingresp, 0),
    }
    for (const [name, bytes] of Object.entries(theirs)) {
      test(
        { 4: '4.8.0-1', 5: '4.13.1-1' },
        `closes on ${name} from a client, which only servers send`,
        async (t) => {
          const early = await t.open()
          early.send(bytes)
          await early.expectClose()
          const client = await t.connect()
          client.send(bytes)
          await client.expectRefusal(0x82, 0x81)
        },
      )
    }

    test(
      { 4: '4.8.0-1', 5: '4.13.1-1' },
      'closes on a remaining length of more than four bytes',
      async (t) => {
        const lengths = ['8080808001', 'ffffffff01', 'ffffffff7f', '8080808000', 'ffffffffff']
        await t.each(
          Object.fromEntries(lengths.map((one) => [one, Buffer.from(one, 'hex')])),
          async (length) => {
            const early = await t.open()
            early.send(join(Uint8Array.of(TYPE.connect << 4), length))
            await early.expectClose()
            const client = await t.connect()
            client.send(join(Uint8Array.of(TYPE.publish << 4), length))
            await client.expectRefusal(0x81)
          },
        )
      },
    )

    test({ 5: '1.5.5-1' }, 'closes on a remaining length in more bytes than it needs', async (t) => {
      const lengths = ['8000', '808000', '80808000']
      await t.each(
        Object.fromEntries(lengths.map((one) => [one, Buffer.from(one, 'hex')])),
        async (length) => {
          const client = await t.connect()
          client.send(join(Uint8Array.of(TYPE.pingreq << 4), length))
          if (version === 5) await client.expectRefusal(0x81)
          // 3.1.1 does not forbid it: either is right.
          else await Promise.race([client.expect('pingresp'), client.closed])
        },
      )
    })

    for (const name of names) {
      test(
        { 4: '4.8.0-1', 5: '4.13.1-1' },
        `closes when a ${name.toUpperCase()} ends too early`,
        async (t) => {
          const { bytes, good } = samples(version, t.topic(), t.clientId())[name]!
          const body = bodyOf(bytes)
          const bad = Array.from({ length: body.length }, (_, length) => length).filter(
            (one) => !good.includes(one),
          )
          await t.each(
            Object.fromEntries(bad.map((length) => [`${length} bytes`, length])),
            async (length) => {
              const client = await clientFor(t, name)
              client.send(withBody(bytes, body.subarray(0, length)))
              // Cut off before its version, a CONNECT asks for no answer in any.
              if (name === 'connect' && length < VERSION_AT + 1) return await client.expectClose()
              await client.expectRefusal(...(length === 0 || isList(name) ? [0x81, 0x82] : [0x81]))
            },
          )
        },
      )
    }

    for (const name of names.filter((one) => one !== 'publish')) {
      test(
        { 4: '4.8.0-1', 5: '4.13.1-1' },
        `closes when bytes follow the end of a ${name.toUpperCase()}`,
        async (t) => {
          const { bytes } = samples(version, t.topic(), t.clientId())[name]!
          await t.each(
            { zero: [0], one: [1], three: [0, 1, 2], letters: [...Buffer.from('abcdef')] },
            async (more) => {
              const client = await clientFor(t, name)
              client.send(withBody(bytes, join(bodyOf(bytes), Uint8Array.from(more))))
              await client.expectRefusal(0x81, ...(isList(name) ? [0x82] : []))
            },
          )
        },
      )
    }

    test('', 'waits for the rest of a packet that is not whole, and answers others meanwhile', async (t) => {
      const slow = await t.connect()
      const bytes = encode.publish(version, { topic: t.topic(), payload: 'slowly', qos: 1, id: 8 })
      slow.send(bytes.subarray(0, 5))
      const other = await t.connect()
      await other.ping()
      slow.send(bytes.subarray(5))
      await slow.expect('puback', { id: 8 })
    })
  })
}

/** Packets whose last field may come again and again. */
function isList(name: ClientPacket): boolean {
  return name === 'subscribe' || name === 'unsubscribe'
}

/** For CONNECT a connection that has seen none, for others one that is accepted. */
async function clientFor(t: TestContext, name: ClientPacket): Promise<RawClient> {
  return name === 'connect' ? await t.open() : await t.connect()
}

function sample(t: TestContext, name: ClientPacket): Uint8Array {
  return samples(t.version, t.topic(), t.clientId())[name]!.bytes
}
