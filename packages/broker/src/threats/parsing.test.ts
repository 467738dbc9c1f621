/** What broke the parsers of other brokers. Each connection is one of many; a neighbour is served throughout. */
import { Buffer } from 'node:buffer'
import { beforeAll, describe, expect, test } from 'vitest'
import * as bytes from '../../../../packages/conformance/src/wire/bytes.ts'
import * as encode from '../../../../packages/conformance/src/wire/encode.ts'
import { processorTime } from '../../../../test/support/processor-time.ts'
import { property } from '../../../conformance/src/wire/encode-properties.ts'
import { TYPE } from '../../../conformance/src/wire/packet-types.ts'
import type { Phase, Version } from '../../../fuzz/src/corpus.ts'
import { ID_LENGTH } from '../../../fuzz/src/corpus.ts'
import type { Outcome } from '../../../fuzz/src/stand.ts'
import { Stand } from '../../../fuzz/src/stand.ts'

const VERSIONS = [3, 4, 5] as const
const MALFORMED = 0x81
const PROTOCOL_ERROR = 0x82
const TOPIC_FILTER_INVALID = 0x8f
const TOPIC_NAME_INVALID = 0x90
const PACKET_TOO_LARGE = 0x95

let stand: Stand

beforeAll(async () => {
  stand = await Stand.open({ stack: { connectLimit: 100_000 } })
  return () => stand.close()
})

/** What comes of one packet, sent by a connection of its own. */
async function send(version: Version, phase: Phase, packet: Uint8Array): Promise<Outcome> {
  const chunks = (): Buffer[] => [Buffer.from(packet)]
  const [outcome] = await stand.serve([{ name: 'threat', version, phase, chunks }])
  return outcome
}

/** The connection is closed for this reason; the stand holds that a 5.0 client is told. */
async function refused(
  version: Version,
  phase: Phase,
  packet: Uint8Array,
  reasonCode: number | undefined,
): Promise<Outcome> {
  const outcome = await send(version, phase, packet)
  expect(outcome).toMatchObject({ closed: true, reasonCode })
  return outcome
}

describe.each(VERSIONS)('version %i: a topic', (version) => {
  /** As many levels as there are slashes, and one. */
  const slashes = (count: number): string => '/'.repeat(count)
  const clientId = 'x'.repeat(ID_LENGTH)

  // Aedes GHSA-xxqp-5qx8-gj5q, Mosquitto's stack overflow by 65,535 slashes.
  test.each([64, 1_000, 65_535])('of %i slashes ends the connection that uses it', async (count) => {
    const topic = slashes(count)
    await refused(version, 'connected', encode.publish(version, { topic }), TOPIC_NAME_INVALID)
    await refused(
      version,
      'connected',
      encode.publish(version, { topic, qos: 1, retain: true }),
      TOPIC_NAME_INVALID,
    )
    await refused(version, 'connected', encode.subscribe(version, { filters: [topic] }), TOPIC_FILTER_INVALID)
    await refused(
      version,
      'connected',
      encode.unsubscribe(version, { filters: [topic] }),
      TOPIC_FILTER_INVALID,
    )
    await refused(
      version,
      'first',
      encode.connect(version, { clientId, will: { topic } }),
      TOPIC_NAME_INVALID,
    )
    if (version !== 5) return
    const filters = [`$share/group/${topic.slice(0, 65_000)}`]
    await refused(5, 'connected', encode.subscribe(5, { filters }), TOPIC_FILTER_INVALID)
  })

  test('of 64 levels is served', async () => {
    const topic = slashes(63)
    const filters = [topic, `${slashes(62)}/+`]
    for (const packet of [
      encode.publish(version, { topic, qos: 1, retain: true }),
      encode.subscribe(version, { filters }),
      encode.unsubscribe(version, { filters }),
    ])
      expect(await send(version, 'connected', packet)).toMatchObject({ closed: false })
    const connect = encode.connect(version, { clientId, will: { topic } })
    expect(await send(version, 'first', connect)).toMatchObject({ closed: false })
  })

  // Mosquitto CVE-2021-34432.
  test('that is empty, without an alias, ends the connection', async () => {
    await refused(version, 'connected', encode.publish(version, { topic: '' }), PROTOCOL_ERROR)
    await refused(version, 'connected', encode.subscribe(version, { filters: [''] }), PROTOCOL_ERROR)
    await refused(version, 'connected', encode.unsubscribe(version, { filters: [''] }), PROTOCOL_ERROR)
    await refused(
      version,
      'first',
      encode.connect(version, { clientId, will: { topic: '' } }),
      PROTOCOL_ERROR,
    )
  })
})

describe.each(VERSIONS)('version %i: a packet', (version) => {
  // Mosquitto CVE-2021-28166.
  test.each(['connack', 'suback', 'unsuback', 'pingresp'] as const)(
    'that only a server sends, %s, ends the connection',
    async (name) => {
      for (const body of [[], [0, 0], [0, 1, 0], [0, 1, 0, 0]]) {
        const packet = bytes.packet(TYPE[name], 0, Buffer.from(body))
        await refused(version, 'connected', packet, PROTOCOL_ERROR)
        expect((await refused(version, 'first', packet, PROTOCOL_ERROR)).frames).toEqual([])
      }
    },
  )

  // Mosquitto #2325.
  test.each(version === 5 ? [0] : [0, 15])('of the reserved type %i ends the connection', async (type) => {
    for (let flags = 0; flags < 16; flags++)
      await refused(version, 'connected', bytes.packet(type, flags, Buffer.alloc(flags)), MALFORMED)
  })

  test('of a type that no client sends ends the connection at its first byte, however the rest looks', async () => {
    for (const type of [0, 2, 9, 11, 13, ...(version === 5 ? [] : [15])]) {
      const reasonCode = type === 0 || type === 15 ? MALFORMED : PROTOCOL_ERROR
      for (const rest of [[], [0xc0], [0x0a, 0xff, 0xff], [0xff, 0xff, 0xff, 0x7f], [0xff, 0xff, 0xff, 0xff]])
        await refused(version, 'connected', Buffer.of((type << 4) | 10, ...rest), reasonCode)
    }
  })

  // NanoMQ #2270.
  test('that ends before its packet identifier ends the connection', async () => {
    for (const qos of [1, 2]) {
      const whole = bytes.field('a')
      for (const body of [whole, Buffer.concat([whole, Buffer.of(0)])])
        await refused(version, 'connected', bytes.packet(TYPE.publish, qos << 1, body), MALFORMED)
    }
  })

  // Mosquitto CVE-2023-0809.
  test('that comes first, is no CONNECT and says that it is huge ends the connection at its first byte', async () => {
    for (let type = 0; type < 16; type++) {
      if (type === TYPE.connect) continue
      const outcome = await refused(version, 'first', Buffer.of(type << 4), PROTOCOL_ERROR)
      expect(outcome.frames).toEqual([])
      await refused(version, 'first', Buffer.of(type << 4, 0xff, 0xff, 0xff, 0x7f), PROTOCOL_ERROR)
    }
  })

  // Mosquitto CVE-2017-7651, EMQX CVE-2021-33175.
  test('that says that it is huge ends the connection before any more of it comes', async () => {
    const huge = (type: number, flags = 0): Buffer => Buffer.of((type << 4) | flags, 0xff, 0xff, 0xff, 0x7f)
    await refused(version, 'first', huge(TYPE.connect), PACKET_TOO_LARGE)
    await refused(version, 'connected', huge(TYPE.publish), PACKET_TOO_LARGE)
    await refused(version, 'connected', huge(TYPE.subscribe, 2), PACKET_TOO_LARGE)
    await refused(version, 'connected', huge(TYPE.puback), PACKET_TOO_LARGE)
  })

  // NanoMQ CVE-2026-21888.
  test.each([
    ['all ones', [0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['zero in five bytes', [0x80, 0x80, 0x80, 0x80, 0x00]],
    ['without end', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ])('whose length has more than four bytes, %s, ends the connection', async (_what, length) => {
    for (const [type, flags] of [
      [3, 0],
      [3, 2],
      [4, 0],
      [6, 2],
      [8, 2],
      [10, 2],
      [12, 0],
      [14, 0],
    ]) {
      const packet = Buffer.from([(type << 4) | flags, ...length])
      await refused(version, 'connected', packet, MALFORMED)
    }
    await refused(version, 'first', Buffer.from([0x10, ...length]), MALFORMED)
  })
})

describe('version 5: variable integers of five bytes', () => {
  const five = Buffer.of(0xff, 0xff, 0xff, 0xff, 0x7f)
  const id = bytes.two(1)
  const more = Buffer.alloc(20)

  test('as the length of properties end the connection', async () => {
    const start = encode.connect(5, { clientId: 'x' }).subarray(2, 12)
    await refused(5, 'first', bytes.packet(TYPE.connect, 0, start, five, more), MALFORMED)
    const will = Buffer.concat([
      Buffer.from(start.subarray(0, 7)),
      Buffer.of(0x06, 0, 0, 0),
      bytes.field('x'),
    ])
    await refused(5, 'first', bytes.packet(TYPE.connect, 0, will, five, more), MALFORMED)
    for (const packet of [
      bytes.packet(TYPE.publish, 0, bytes.field('a'), five, more),
      bytes.packet(TYPE.publish, 2, bytes.field('a'), id, five, more),
      ...[TYPE.puback, TYPE.pubrec, TYPE.pubcomp].map((type) =>
        bytes.packet(type, 0, id, Buffer.of(0), five, more),
      ),
      bytes.packet(TYPE.pubrel, 2, id, Buffer.of(0), five, more),
      bytes.packet(TYPE.subscribe, 2, id, five, more),
      bytes.packet(TYPE.unsubscribe, 2, id, five, more),
      bytes.packet(TYPE.disconnect, 0, Buffer.of(0), five, more),
      bytes.packet(TYPE.auth, 0, Buffer.of(0x19), five, more),
    ])
      await refused(5, 'connected', packet, MALFORMED)
  })

  test('as a subscription identifier end the connection', async () => {
    const properties = Buffer.concat([Buffer.of(0x0b), five])
    await refused(5, 'connected', encode.subscribe(5, { filters: ['a'], properties }), MALFORMED)
  })
})

describe('version 5: user properties', () => {
  /** User properties, about that many bytes of them. */
  const many = (size: number): Buffer => {
    const one = property('userProperty', ['k', 'v'])
    return Buffer.concat(Array.from({ length: Math.floor(size / one.length) }, () => one))
  }

  // Mosquitto CVE-2021-41039: quadratic time.
  test('that fill a packet end the connection, and cost no more than their bytes', async () => {
    const time = async (size: number): Promise<number> => {
      const properties = many(size)
      const began = processorTime()
      await refused(5, 'connected', encode.publish(5, { topic: 'a', properties }), 0x97)
      await refused(5, 'connected', encode.subscribe(5, { filters: ['a'], properties }), 0x97)
      await refused(5, 'connected', encode.unsubscribe(5, { filters: ['a'], properties }), 0x97)
      return processorTime() - began
    }
    await time(50_000)
    const small = await time(50_000)
    // Twenty times the bytes: far from the four hundred times that quadratic work would be.
    expect(await time(1_000_000)).toBeLessThan(100 * (small + 10))
  })

  test('of a CONNECT and its will are as bounded', async () => {
    const clientId = 'x'
    const properties = many(60_000)
    await refused(5, 'first', encode.connect(5, { clientId, properties }), 0x97)
    await refused(5, 'first', encode.connect(5, { clientId, will: { topic: 'a', properties } }), 0x97)
  })
})
