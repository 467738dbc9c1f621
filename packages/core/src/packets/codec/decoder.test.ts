/** Core's own decoder and encoder of the hot packets, held equal to mqtt-packet on every valid packet. */
import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import * as mqtt from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { grouped } from '../../../../../test/support/grouped.ts'
import type { AckType } from '../ack.ts'
import { ACK_HEADER } from '../ack.ts'
import { DEFAULT_SETTINGS } from '../client-settings.ts'
import type { Packet, ProtocolVersion, QoS } from '../packets.ts'
import { Publish } from '../publish.ts'
import type { UserPropertiesInit } from '../user-properties.ts'
import { Decoder } from './decoder.ts'
import { encodePacket } from './encode-packet.ts'
import { Inbox } from './inbox.ts'
import { TopicAliases } from './topic-aliases.ts'

const VERSIONS = [3, 4, 5] as const

/** What core reads in these chunks, of a client that is connected. */
function read(chunks: readonly Uint8Array[], protocolVersion: ProtocolVersion): Packet[] {
  const inbox = new Inbox(10_000_000)
  inbox.awaitsConnect = false
  const source = { inbox, protocolVersion, bridge: false, aliases: new TopicAliases(100) }
  const decoder = new Decoder({ levels: 64, bytes: 4_096 })
  const packets: Packet[] = []
  for (const chunk of chunks) {
    inbox.push(Buffer.from(chunk))
    while (inbox.advance()) packets.push(decoder.decode(source))
  }
  return packets
}

/** What mqtt-packet reads in them. */
function reference(bytes: Buffer, protocolVersion: ProtocolVersion): mqtt.Packet[] {
  const packets: mqtt.Packet[] = []
  const parser = mqtt.parser({ protocolVersion })
  parser.on('packet', (packet) => packets.push(packet))
  parser.on('error', (error: Error) => {
    throw error
  })
  parser.parse(bytes)
  return packets
}

/** Compared faster than bytes. */
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** What a hot packet says, in a shape that both sides share. */
function said(packet: Packet | mqtt.Packet): object {
  if (packet.cmd === 'publish') {
    const { topic, qos, retain, dup, properties } = packet
    return {
      cmd: packet.cmd,
      topic,
      qos,
      retain,
      dup,
      packetId: idOf(packet),
      payload: hex(packet.payload as Buffer),
      properties: plain(properties),
    }
  }
  const { cmd, reasonCode, properties } = packet as mqtt.IPubackPacket
  return { cmd, packetId: idOf(packet), reasonCode: reasonCode ?? 0, properties: plain(properties) }
}

/** With core's word for the packet identifier. */
function inOurWords({ messageId, ...others }: mqtt.Packet): object {
  return messageId === undefined ? others : { packetId: messageId, ...others }
}

/** The packet identifier, which mqtt-packet calls otherwise; 0 for none. */
function idOf(packet: object): number {
  const { packetId, messageId } = packet as { packetId?: number; messageId?: number }
  return packetId ?? messageId ?? 0
}

/** Without prototypes, absent where empty. */
function plain(properties: object | undefined): object | undefined {
  if (properties === undefined || Object.keys(properties).length === 0) return undefined
  const entries = Object.entries(properties).map(([key, value]) => [
    key,
    key !== 'userProperties' ? value : Array.isArray(value) ? grouped(value) : { ...value },
  ])
  return Object.fromEntries(entries)
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end))
}

const text = fc.string({ unit: fc.constantFrom(...'abcXYZ019 _-$äß世界🌍'), maxLength: 12 })
const topic = fc
  .array(text, { minLength: 1, maxLength: 8 })
  .map((levels) => levels.join('/'))
  .filter((name) => name !== '')
const longTopic = fc.integer({ min: 120, max: 400 }).map((length) => 'l'.repeat(length))
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.integer({ min: 0, max: 70_000 }).map((length) => new Uint8Array(length).fill(0x78)),
)
const id = fc.integer({ min: 1, max: 65_535 })
// mqtt-packet writes no packet where there is no pair, and forgets an empty value that comes before another of its name.
const word = text.filter((value) => value !== '')
const userProperties = fc.dictionary(word, fc.oneof(text, fc.array(word, { minLength: 2, maxLength: 3 })), {
  minKeys: 1,
  maxKeys: 4,
})

const publish = fc
  .record({
    topic: fc.oneof(topic, longTopic),
    payload: payload.map((bytes) => Buffer.from(bytes)),
    qos: fc.constantFrom<QoS>(0, 1, 2),
    retain: fc.boolean(),
    dup: fc.boolean(),
    messageId: id,
  })
  .map(
    ({ dup, messageId, ...rest }): mqtt.IPublishPacket => ({
      cmd: 'publish',
      ...rest,
      dup: dup && rest.qos > 0,
      messageId: rest.qos > 0 ? messageId : undefined,
    }),
  )

const properties = fc.record(
  {
    payloadFormatIndicator: fc.boolean(),
    messageExpiryInterval: fc.integer({ min: 0, max: 0xffff_ffff }),
    responseTopic: topic,
    correlationData: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
    contentType: text,
    userProperties,
  },
  { requiredKeys: [] },
)

const ack = fc
  .record({ cmd: fc.constantFrom<AckType>('puback', 'pubrec', 'pubrel', 'pubcomp'), messageId: id })
  .map((packet) => packet as mqtt.IPubackPacket)

const reasons: Record<string, readonly number[]> = {
  puback: [0, 16, 128, 131, 135, 144, 145, 151, 153],
  pubrec: [0, 16, 128, 131, 135, 144, 145, 151, 153],
  pubrel: [0, 146],
  pubcomp: [0, 146],
}

const ackWithReason = fc
  .tuple(ack, fc.nat(), fc.record({ reasonString: text, userProperties }, { requiredKeys: [] }))
  .map(([packet, which, extra]) => ({
    ...packet,
    reasonCode: reasons[packet.cmd][which % reasons[packet.cmd].length],
    properties: extra,
  }))

const places = fc.array(fc.nat(), { maxLength: 12 })

describe('decoding', () => {
  const hot = fc.array(fc.oneof(publish, ack), { minLength: 1, maxLength: 6 })
  it.each([3, 4] as const)(
    'equals mqtt-packet on every PUBLISH and acknowledgement of version %i, in any chunking',
    (version) => {
      fc.assert(
        fc.property(hot, places, (packets, where) => {
          const bytes = Buffer.concat(
            packets.map((packet) => mqtt.generate(packet, { protocolVersion: version })),
          )
          expect(read(cut(bytes, where), version).map(said)).toEqual(reference(bytes, version).map(said))
        }),
        { numRuns: 500 },
      )
    },
  )

  it('equals mqtt-packet on every PUBLISH and acknowledgement of version 5, properties included', () => {
    const full = fc.tuple(publish, properties).map(([packet, extra]) => ({ ...packet, properties: extra }))
    fc.assert(
      fc.property(
        fc.array(fc.oneof(full, publish, ack, ackWithReason), { minLength: 1, maxLength: 6 }),
        places,
        (packets, where) => {
          const bytes = Buffer.concat(packets.map((packet) => mqtt.generate(packet, { protocolVersion: 5 })))
          expect(read(cut(bytes, where), 5).map(said)).toEqual(reference(bytes, 5).map(said))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('takes a retransmitted PUBREL of 3.1, which may carry DUP', () => {
    expect(read([Uint8Array.of(0x6a, 2, 0, 9)], 3)).toMatchObject([{ cmd: 'pubrel', packetId: 9 }])
    expect(() => read([Uint8Array.of(0x6a, 2, 0, 9)], 4)).toThrow(
      expect.objectContaining({ code: 'MALFORMED_PACKET' }),
    )
  })

  it.each([8, 10])(
    'takes a retransmitted SUBSCRIBE and UNSUBSCRIBE of 3.1, which may carry DUP (type %i)',
    (type) => {
      const body = type === 8 ? [0, 9, 0, 1, 0x61, 1] : [0, 9, 0, 1, 0x61]
      const bytes = Uint8Array.of((type << 4) | 0x0a, body.length, ...body)
      expect(read([bytes], 3)).toMatchObject([{ packetId: 9 }])
      expect(() => read([bytes], 4)).toThrow(expect.objectContaining({ code: 'MALFORMED_PACKET' }))
    },
  )

  it('gives a topic that comes again as the same text, and never another’s', () => {
    const topics = Array.from({ length: 20_000 }, (_, i) => `t/${i}/${'ab'.repeat(i % 40)}`)
    const frames = topics.map((name) =>
      mqtt.generate({ cmd: 'publish', topic: name, payload: '', qos: 0, dup: false, retain: false }),
    )
    const bytes = Buffer.concat([...frames, ...frames])
    expect(read([bytes], 4).map((packet) => packet.cmd === 'publish' && packet.topic)).toEqual([
      ...topics,
      ...topics,
    ])
  })

  it('never takes a longer topic that was remembered for one that it begins with', () => {
    const topics = Array.from({ length: 20_000 }, (_, i) => [`home/${i}`, 'home']).flat()
    const frames = topics.map((name) =>
      mqtt.generate({ cmd: 'publish', topic: name, payload: '', qos: 0, dup: false, retain: false }),
    )
    const read4 = read([Buffer.concat(frames)], 4)
    expect(read4.map((packet) => packet.cmd === 'publish' && packet.topic)).toEqual(topics)
  })

  it.each<[string, Parameters<typeof mqtt.generate>[0]]>([
    [
      'SUBSCRIBE',
      {
        cmd: 'subscribe',
        messageId: 7,
        subscriptions: [
          { topic: 'a/#', qos: 1 },
          { topic: '+/b', qos: 2 },
        ],
      },
    ],
    ['UNSUBSCRIBE', { cmd: 'unsubscribe', messageId: 7, unsubscriptions: ['a/#', 'b'] }],
    ['DISCONNECT with a reason', { cmd: 'disconnect', reasonCode: 4 }],
  ])('leaves %s to mqtt-packet', (_name, packet) => {
    for (const version of VERSIONS) {
      if (packet.cmd === 'disconnect' && version < 5) continue
      const bytes = mqtt.generate(packet, { protocolVersion: version })
      for (let at = 0; at <= bytes.length; at++) {
        const packets = read(cut(bytes, [at]), version)
        const wanted = reference(bytes, version).map(inOurWords)
        expect(JSON.stringify(packets)).toBe(JSON.stringify(wanted))
      }
    }
  })

  it.each(VERSIONS)('reads PINGREQ and DISCONNECT without a body in version %i', (version) => {
    expect(read([Uint8Array.of(0xc0, 0, 0xe0, 0)], version)).toEqual([
      { cmd: 'pingreq' },
      { cmd: 'disconnect', reasonCode: 0 },
    ])
  })

  it('one client’s CONNECT does not change how another’s packets are read', () => {
    const decoder = new Decoder({ levels: 64, bytes: 4_096 })
    const sourceOf = (
      version: ProtocolVersion,
      ...packets: mqtt.Packet[]
    ): Parameters<Decoder['decode']>[0] => {
      const inbox = new Inbox(10_000)
      for (const packet of packets) inbox.push(mqtt.generate(packet, { protocolVersion: version }))
      inbox.advance()
      return { inbox, protocolVersion: 4, bridge: false, aliases: new TopicAliases(0) }
    }
    const connect: mqtt.IConnectPacket = {
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 5,
      clientId: 'a',
      clean: true,
      keepalive: 0,
    }
    const five = sourceOf(5, connect)
    expect(decoder.decode(five)).toMatchObject({ cmd: 'connect', protocolVersion: 5 })
    expect(five.protocolVersion).toBe(5)
    const subscribe: mqtt.Packet = { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 0 }] }
    const four = sourceOf(4, connect, subscribe)
    four.inbox.awaitsConnect = false
    four.inbox.advance()
    expect(decoder.decode(four)).toMatchObject({ cmd: 'subscribe', subscriptions: [{ topic: 'a', qos: 0 }] })
  })
})

describe('encoding', () => {
  /** The bytes of a layout with its first byte and identifier set, as an outbox does. */
  function stamped(message: Publish, v5: boolean, packet: mqtt.IPublishPacket): Buffer {
    const { bytes, start, length, idAt } = message.layout(v5, packet.qos > 0)
    const copy = Buffer.from(bytes.subarray(start, start + length))
    copy[0] = 0x30 | (packet.dup ? 8 : 0) | (packet.qos << 1) | (packet.retain ? 1 : 0)
    if (packet.qos > 0) copy.writeUInt16BE(packet.messageId as number, idAt)
    return copy
  }

  it('a PUBLISH equals mqtt-packet’s, byte for byte, for every version and QoS of the receiver', () => {
    fc.assert(
      fc.property(publish, publish, fc.boolean(), ({ topic: name, payload: bytes, qos }, flags, v5) => {
        const message = Publish.from({ topic: name, payload: bytes as Buffer, qos })
        const wanted: mqtt.IPublishPacket = { ...flags, topic: name, payload: bytes }
        expect(hex(stamped(message, v5, wanted))).toBe(
          hex(mqtt.generate(wanted, { protocolVersion: v5 ? 5 : 4 })),
        )
      }),
      { numRuns: 500 },
    )
  })

  it('a PUBLISH that was read goes on to receivers of either version as mqtt-packet would send it', () => {
    fc.assert(
      fc.property(publish, publish, fc.constantFrom(...VERSIONS), fc.boolean(), (sent, flags, from, v5) => {
        const [message] = read([mqtt.generate(sent, { protocolVersion: from })], from)
        const wanted: mqtt.IPublishPacket = { ...flags, topic: sent.topic, payload: sent.payload }
        expect(hex(stamped(message as Publish, v5, wanted))).toBe(
          hex(mqtt.generate(wanted, { protocolVersion: v5 ? 5 : 4 })),
        )
      }),
      { numRuns: 500 },
    )
  })

  it('the properties of a PUBLISH that was read go on to 5.0 receivers, and to no older one', () => {
    fc.assert(
      fc.property(publish, properties, fc.boolean(), (sent, extra, v5) => {
        const bytes = mqtt.generate({ ...sent, properties: extra }, { protocolVersion: 5 })
        const [message] = read([bytes], 5)
        const [received] = reference(stamped(message as Publish, v5, sent), v5 ? 5 : 4)
        const wanted = v5 ? reference(bytes, 5)[0] : sent
        expect(said(received)).toEqual(said(wanted))
      }),
      { numRuns: 300 },
    )
  })

  it('user properties without a pair leave everything else as it is', () => {
    for (const none of [{}, { name: [] }, []] as UserPropertiesInit[]) {
      const message = Publish.from({
        topic: 'a',
        payload: 'x',
        properties: { contentType: 'text', userProperties: none },
      })
      expect(plain(message.properties)).toEqual({ contentType: 'text' })
      const connack = {
        cmd: 'connack',
        sessionPresent: false,
        reasonCode: 0,
        properties: { userProperties: none },
      } as const
      expect([...(encodePacket(connack, 5, DEFAULT_SETTINGS) ?? [])]).toEqual([0x20, 3, 0, 0, 0])
    }
  })

  it('a CONNACK and a PINGRESP equal mqtt-packet’s; a CONNACK that says nothing is no acceptance', () => {
    for (const version of VERSIONS) {
      for (const packet of [
        { cmd: 'pingresp' },
        { cmd: 'connack', sessionPresent: true, returnCode: 0, reasonCode: 0 },
        { cmd: 'connack', sessionPresent: false, returnCode: 5, reasonCode: 135 },
      ] as const)
        expect(encodePacket(packet, version, DEFAULT_SETTINGS)).toEqual(
          mqtt.generate(packet, { protocolVersion: version }),
        )
    }
    const silent = { cmd: 'connack', sessionPresent: false, reasonCode: 135 } as const
    expect(() => encodePacket(silent, 4, DEFAULT_SETTINGS)).toThrow('Invalid return code')
  })

  it.each(Object.entries(ACK_HEADER))('a %s is as short as it can be', (cmd, header) => {
    const packet = { cmd, messageId: 0x1234 } as mqtt.Packet
    const bytes = [header, 2, 0x12, 0x34]
    for (const protocolVersion of [3, 4])
      expect([...mqtt.generate(packet, { protocolVersion })]).toEqual(bytes)
    expect(reference(Buffer.from(bytes), 5)).toMatchObject([{ ...packet, reasonCode: 0 }])
  })
})
