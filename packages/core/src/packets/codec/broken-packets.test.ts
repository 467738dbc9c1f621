/** Whatever comes over the wire, nothing but a ProtocolError comes out of it, and it stays with its connection. */
import { Buffer } from 'node:buffer'

import { acceptAll, settle, streamPair, testStack } from '@mqtt-stack/testing'
import fc from 'fast-check'
import * as mqtt from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import type { MiddlewareLike } from '../../contract/middleware.ts'
import type { Packet, ProtocolVersion } from '../packets.ts'
import { ProtocolError } from '../protocol-error.ts'
import { Decoder } from './decoder.ts'
import { Inbox } from './inbox.ts'
import { lengthBytes, writeLength } from './length.ts'
import { CLIENT_TYPES_5 } from './packet-type.ts'
import { TopicAliases } from './topic-aliases.ts'

const VERSIONS = [3, 4, 5] as const

const user = { userProperties: { name: 'value' } }

/** One packet of each type, with everything that it can hold. */
function samples(version: ProtocolVersion): Buffer[] {
  const five = version === 5
  const will = { topic: 'will/ü', payload: Buffer.from('gone'), qos: 1, retain: true } as const
  const packets: mqtt.Packet[] = [
    {
      cmd: 'connect',
      protocolId: version === 3 ? 'MQIsdp' : 'MQTT',
      protocolVersion: version,
      clientId: 'idé',
      clean: true,
      keepalive: 60,
      username: 'user',
      password: Buffer.from('word'),
      will: five ? { ...will, properties: { willDelayInterval: 5, contentType: 'text', ...user } } : will,
      properties: five
        ? {
            sessionExpiryInterval: 9,
            receiveMaximum: 5,
            topicAliasMaximum: 3,
            authenticationMethod: 'm',
            ...user,
          }
        : undefined,
    },
    {
      cmd: 'publish',
      topic: 'a/b',
      payload: 'hello',
      qos: 0,
      dup: false,
      retain: true,
      properties: five ? { contentType: 'x', topicAlias: 3, ...user } : undefined,
    },
    {
      cmd: 'publish',
      topic: 'ü/€',
      payload: 'hello',
      qos: 2,
      dup: true,
      retain: false,
      messageId: 258,
      properties: five
        ? {
            messageExpiryInterval: 7,
            responseTopic: 'r',
            correlationData: Buffer.from('c'),
            payloadFormatIndicator: true,
          }
        : undefined,
    },
    ...(['puback', 'pubrec', 'pubrel', 'pubcomp'] as const).map(
      (cmd): mqtt.Packet => ({
        cmd,
        messageId: 258,
        ...(five ? { reasonCode: 0, properties: { reasonString: 'why', ...user } } : {}),
      }),
    ),
    {
      cmd: 'subscribe',
      messageId: 258,
      subscriptions: [
        { topic: 'a/+', qos: 1 },
        { topic: five ? '$share/g/b' : 'b/#', qos: 2 },
      ],
      properties: five ? { subscriptionIdentifier: 300, ...user } : undefined,
    },
    {
      cmd: 'unsubscribe',
      messageId: 258,
      unsubscriptions: ['a/+', 'ü/#'],
      properties: five ? user : undefined,
    },
    { cmd: 'pingreq' },
    {
      cmd: 'disconnect',
      ...(five
        ? { reasonCode: 4, properties: { sessionExpiryInterval: 3, reasonString: 'bye', ...user } }
        : {}),
    },
    // What only a server sends.
    { cmd: 'connack', sessionPresent: true, returnCode: 0, reasonCode: 0 },
    { cmd: 'suback', messageId: 258, granted: [0, 1, 128] },
    { cmd: 'unsuback', messageId: 258, granted: [0] },
    { cmd: 'pingresp' },
  ]
  if (five)
    packets.push({
      cmd: 'auth',
      reasonCode: 0x18,
      properties: { authenticationMethod: 'm', authenticationData: Buffer.from('d') },
    })
  return packets.map((packet) => mqtt.generate(packet, { protocolVersion: version }))
}

const decoder = new Decoder({ levels: 64, bytes: 4_096 })

/** Reads as a stack does: until it fails. Anything but a ProtocolError comes out. */
function read(bytes: Buffer, version: ProtocolVersion, first: boolean): Packet[] {
  const inbox = new Inbox(100_000)
  inbox.awaitsConnect = first
  if (version === 5) inbox.types = CLIENT_TYPES_5
  const source = { inbox, protocolVersion: version, bridge: false, aliases: new TopicAliases(10) }
  const packets: Packet[] = []
  inbox.push(bytes)
  try {
    while (inbox.advance()) {
      const packet = decoder.decode(source)
      inbox.awaitsConnect = false
      packets.push(packet)
      // What is read lazily must not fail later.
      if (packet.cmd === 'publish')
        JSON.stringify([packet.payload, packet.properties, packet.layout(version !== 5, true)])
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
  }
  return packets
}

/** The first `size` bytes of a frame's body as a whole frame: a length that is right, contents that are cut. */
function shortened(bytes: Buffer, body: number, size: number): Buffer {
  const frame = Buffer.alloc(1 + lengthBytes(size) + size)
  frame[0] = bytes[0]
  bytes.copy(frame, writeLength(frame, 1, size), body, body + size)
  return frame
}

function bodyOf(bytes: Buffer): number {
  let at = 1
  while (bytes[at] > 127) at++
  return at + 1
}

describe.each(VERSIONS)('bytes of version %i', (version) => {
  const valid = samples(version)

  it('are read where they are a client’s', () => {
    const types = valid.flatMap((bytes) => read(bytes, version, bytes[0] >> 4 === 1)).map(({ cmd }) => cmd)
    const expected = [
      'connect',
      'publish',
      'publish',
      'puback',
      'pubrec',
      'pubrel',
      'pubcomp',
      'subscribe',
      'unsubscribe',
      'pingreq',
      'disconnect',
    ]
    expect(types).toEqual(version === 5 ? [...expected, 'auth'] : expected)
  })

  it('every prefix of every packet throws nothing but ProtocolError', () => {
    for (const bytes of valid) {
      const body = bodyOf(bytes)
      for (const first of [true, false]) {
        for (let size = 0; size < bytes.length; size++) read(bytes.subarray(0, size), version, first)
        for (let size = 0; size < bytes.length - body; size++)
          read(shortened(bytes, body, size), version, first)
      }
    }
  })

  it('every change of a single byte of every packet throws nothing but ProtocolError', () => {
    for (const bytes of valid) {
      const changed = Buffer.concat([bytes, Buffer.of(0xc0, 0)])
      const first = bytes[0] >> 4 === 1
      for (let at = 0; at < bytes.length; at++) {
        for (let value = 0; value < 256; value++) {
          changed[at] = value
          read(changed, version, first)
        }
        changed[at] = bytes[at]
      }
    }
  })

  it('random changes, cuts and repeats throw nothing but ProtocolError', () => {
    const change = fc.record({
      at: fc.nat(),
      value: fc.integer({ min: 0, max: 255 }),
      take: fc.nat({ max: 3 }),
    })
    fc.assert(
      fc.property(fc.nat(), fc.array(change, { maxLength: 6 }), fc.boolean(), (which, changes, first) => {
        let bytes = Buffer.from(valid[which % valid.length])
        for (const { at, value, take } of changes) {
          const place = at % bytes.length
          bytes = Buffer.concat([bytes.subarray(0, place), Buffer.of(value), bytes.subarray(place + take)])
        }
        read(bytes, version, first)
      }),
      { numRuns: 2_000 },
    )
  })

  it('any bytes at all throw nothing but ProtocolError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, first) => {
        read(Buffer.from(bytes), version, first)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('in a stack', () => {
  const everything: MiddlewareLike = {
    name: 'Everything',
    handle(client, packet) {
      if (packet.cmd === 'pingreq') client.write({ cmd: 'pingresp' })
    },
  }

  it.each(VERSIONS)(
    'broken packets of version %i end their connection and disturb nobody else',
    async (version) => {
      const { stack, client, logger } = await testStack(everything, acceptAll())
      const bystander = await client()
      const [connect, ...others] = samples(version)
      const broken: Buffer[] = []
      for (const bytes of [connect, ...others]) {
        const before = bytes === connect ? [] : [connect]
        for (let at = 0; at < bytes.length; at++) {
          const changed = Buffer.from(bytes)
          changed[at] ^= 1 << (at % 8)
          broken.push(Buffer.concat([...before, changed]), Buffer.concat([...before, bytes.subarray(0, at)]))
        }
      }
      for (const bytes of broken) {
        const [device, broker] = streamPair()
        device.on('error', () => {})
        device.resume()
        stack.connect(broker, { transport: 'memory', local: true })
        device.end(bytes)
      }
      await settle()
      expect([...stack.clients].map(({ id }) => id)).toEqual(['client-1'])
      expect(logger.lines.filter(({ level }) => level !== 'debug')).toEqual([])
      expect((await bystander.ping()).cmd).toBe('pingresp')
    },
  )
})
