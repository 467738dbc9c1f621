/** What the standards demand of the bytes that a client sends: one row a rule, numbered as the standards number it. */
import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import type { Packet, ProtocolVersion } from '../packets.ts'
import { ProtocolError } from '../protocol-error.ts'
import { Decoder } from './decoder.ts'
import { Inbox } from './inbox.ts'
import { writeLength } from './length.ts'
import { CLIENT_TYPES_5 } from './packet-type.ts'
import { TopicAliases } from './topic-aliases.ts'

type Part = number | string | readonly Part[]

/** Numbers are bytes; text is a string of the standard, with its length. */
function bytesOf(...parts: readonly Part[]): number[] {
  return parts.flatMap((part) => {
    if (typeof part === 'number') return [part]
    if (typeof part !== 'string') return bytesOf(...part)
    const text = Buffer.from(part)
    return [text.length >> 8, text.length & 0xff, ...text]
  })
}

/** Bytes with their length before them, as the standard's binary data. */
const binary = (...bytes: number[]): number[] => [bytes.length >> 8, bytes.length & 0xff, ...bytes]

/** A whole frame. */
function frame(header: number, ...body: readonly Part[]): Buffer {
  const bytes = bytesOf(...body)
  const length = Buffer.alloc(4)
  return Buffer.from([header, ...length.subarray(0, writeLength(length, 0, bytes.length)), ...bytes])
}

/** Properties (5.0): their length before them. */
const properties = (...parts: readonly Part[]): number[] => {
  const bytes = bytesOf(...parts)
  return [bytes.length, ...bytes]
}

const decoder = new Decoder({ levels: 64, bytes: 4_096 })

function read(version: ProtocolVersion, bytes: Buffer): Packet {
  const inbox = new Inbox(1_000_000)
  inbox.awaitsConnect = bytes[0] >> 4 === 1
  if (version === 5) inbox.types = CLIENT_TYPES_5
  inbox.push(bytes)
  if (!inbox.advance()) throw new Error('the frame is not whole')
  return decoder.decode({ inbox, protocolVersion: version, bridge: false, aliases: new TopicAliases(10) })
}

const NAMES: Readonly<Record<ProtocolVersion, string>> = { 3: '3.1', 4: '3.1.1', 5: '5.0' }

const MALFORMED = 0x81
const PROTOCOL = 0x82

type Row = readonly [rule: string, version: ProtocolVersion, bytes: Buffer, reasonCode: number]

/** A CONNECT of 3.1.1: flags and payload. */
const connect4 = (flags: number, ...payload: readonly Part[]): Buffer =>
  frame(0x10, 'MQTT', 4, flags, 0, 60, ...payload)
const connect5 = (flags: number, props: number[], ...payload: readonly Part[]): Buffer =>
  frame(0x10, 'MQTT', 5, flags, 0, 60, props, ...payload)

const ILL_FORMED = [0xc3, 0x28]
const SURROGATE = [0xed, 0xa0, 0x80]
const OVERLONG = [0xc0, 0x80]

const REFUSED: readonly Row[] = [
  // Fixed header
  ['the reserved packet type 0', 4, frame(0x00), MALFORMED],
  ['the reserved packet type 15', 4, frame(0xf0), MALFORMED],
  ['[MQTT-2.2.2-2] reserved flags in CONNECT', 4, frame(0x11, 'MQTT', 4, 2, 0, 60, 'id'), MALFORMED],
  ['a PUBREL of QoS 0', 3, frame(0x60, 0, 1), MALFORMED],
  ['a SUBSCRIBE of QoS 2', 3, frame(0x84, 0, 1, 'a', 0), MALFORMED],
  ['an UNSUBSCRIBE of QoS 3', 3, frame(0xa6, 0, 1, 'a'), MALFORMED],
  ['[MQTT-2.2.2-2] reserved flags in PUBACK', 4, frame(0x41, 0, 1), MALFORMED],
  ['[MQTT-2.2.2-2] reserved flags in PUBREC', 4, frame(0x52, 0, 1), MALFORMED],
  ['[MQTT-3.6.1-1] PUBREL without its flags', 4, frame(0x60, 0, 1), MALFORMED],
  ['[MQTT-2.2.2-2] reserved flags in PUBCOMP', 4, frame(0x74, 0, 1), MALFORMED],
  ['[MQTT-3.8.1-1] SUBSCRIBE without its flags', 4, frame(0x80, 0, 1, 'a', 0), MALFORMED],
  ['[MQTT-3.10.1-1] UNSUBSCRIBE without its flags', 4, frame(0xa0, 0, 1, 'a'), MALFORMED],
  ['[MQTT-2.2.2-2] reserved flags in PINGREQ', 4, frame(0xc1), MALFORMED],
  ['[MQTT-3.14.1-1] reserved flags in DISCONNECT', 4, frame(0xe8), MALFORMED],
  ['[MQTT-2.1.3-1] reserved flags in SUBSCRIBE', 5, frame(0x83, 0, 1, 0, 'a', 0), MALFORMED],
  ['[MQTT-3.6.1-1] PUBREL without its flags', 5, frame(0x60, 0, 1), MALFORMED],
  ['[MQTT-3.14.1-1] reserved flags in DISCONNECT', 5, frame(0xe1), MALFORMED],
  ['[MQTT-3.15.1-1] reserved flags in AUTH', 5, frame(0xf1, 0x18, properties(21, 'x')), MALFORMED],
  ['CONNACK from a client', 4, frame(0x20, 0, 0), PROTOCOL],
  ['SUBACK from a client', 4, frame(0x90, 0, 1, 0), PROTOCOL],
  ['UNSUBACK from a client', 4, frame(0xb0, 0, 1), PROTOCOL],
  ['PINGRESP from a client', 4, frame(0xd0), PROTOCOL],
  ['PINGRESP from a client', 5, frame(0xd0), PROTOCOL],

  // CONNECT
  ['[MQTT-3.1.2-1] another protocol name', 4, frame(0x10, 'MQTs', 4, 2, 0, 60, 'id'), PROTOCOL],
  ['[MQTT-3.1.2-2] a protocol level that there is not', 4, frame(0x10, 'MQTT', 6, 2, 0, 60, 'id'), 0x84],
  ['[MQTT-3.1.2-2] level 3 of MQTT', 4, frame(0x10, 'MQTT', 3, 2, 0, 60, 'id'), 0x84],
  ['[MQTT-3.1.2-2] level 4 of MQIsdp', 4, frame(0x10, 'MQIsdp', 4, 2, 0, 60, 'id'), 0x84],
  ['[MQTT-3.1.2-3] the reserved connect flag', 4, connect4(0x03, 'id'), MALFORMED],
  ['[MQTT-3.1.2-3] the reserved connect flag', 5, connect5(0x03, [0], 'id'), MALFORMED],
  ['[MQTT-3.1.2-13] a will QoS without a will', 4, connect4(0x0a, 'id'), MALFORMED],
  ['[MQTT-3.1.2-11] a will QoS without a will', 5, connect5(0x0a, [0], 'id'), MALFORMED],
  ['[MQTT-3.1.2-14] a will with QoS 3', 4, connect4(0x1e, 'id', 'topic', 'text'), MALFORMED],
  ['[MQTT-3.1.2-12] a will with QoS 3', 5, connect5(0x1e, [0], 'id', 0, 'topic', 'text'), MALFORMED],
  ['[MQTT-3.1.2-15] a will retain flag without a will', 4, connect4(0x22, 'id'), MALFORMED],
  ['[MQTT-3.1.2-13] a will retain flag without a will', 5, connect5(0x22, [0], 'id'), MALFORMED],
  ['[MQTT-3.1.2-22] a password without a user name', 4, connect4(0x42, 'id', 'secret'), MALFORMED],
  ['[MQTT-3.1.3-3] no client identifier', 4, connect4(0x02), MALFORMED],
  ['[MQTT-3.1.2-9] a will flag without a will', 4, connect4(0x06, 'id'), MALFORMED],
  ['[MQTT-3.1.2-9] a will flag without a message', 4, connect4(0x06, 'id', 'topic'), MALFORMED],
  ['[MQTT-3.1.2-19] a user name flag without a user name', 4, connect4(0x82, 'id'), MALFORMED],
  ['[MQTT-3.1.2-21] a password flag without a password', 4, connect4(0xc2, 'id', 'user'), MALFORMED],
  ['[MQTT-3.1.2-18] a user name without its flag', 4, connect4(0x02, 'id', 'user'), MALFORMED],
  ['[MQTT-1.4.0-1] an ill-formed client identifier', 4, connect4(0x02, binary(...ILL_FORMED)), MALFORMED],
  [
    '[MQTT-1.5.4-1] an ill-formed client identifier',
    5,
    connect5(0x02, [0], binary(...ILL_FORMED)),
    MALFORMED,
  ],
  ['[MQTT-1.4.0-1] a surrogate in a client identifier', 4, connect4(0x02, binary(...SURROGATE)), MALFORMED],
  [
    '[MQTT-1.4.0-1] an overlong encoding in a user name',
    4,
    connect4(0x82, 'id', binary(...OVERLONG)),
    MALFORMED,
  ],
  ['[MQTT-1.4.0-2] U+0000 in a client identifier', 4, connect4(0x02, 'a\0b'), MALFORMED],
  ['[MQTT-1.5.4-2] U+0000 in a user name', 5, connect5(0x82, [0], 'id', 'a\0b'), MALFORMED],
  [
    '[MQTT-1.4.0-1] an ill-formed will topic',
    4,
    connect4(0x06, 'id', binary(...ILL_FORMED), 'text'),
    MALFORMED,
  ],
  ['a wildcard in a will topic', 4, connect4(0x06, 'id', 'a/#', 'text'), MALFORMED],
  ['an empty will topic', 4, connect4(0x06, 'id', '', 'text'), PROTOCOL],
  ['a will topic of more levels than are taken', 4, connect4(0x06, 'id', '/'.repeat(64), 'text'), 0x90],
  ['a control character in a client identifier', 4, connect4(0x02, 'a\nb'), MALFORMED],
  ['a CONNECT that ends early', 4, frame(0x10, 'MQTT', 4), MALFORMED],
  ['a CONNECT with bytes too many', 4, connect4(0x02, 'id', 0), MALFORMED],
  ['a property that there is not', 5, connect5(0x02, properties(0), 'id'), MALFORMED],
  ['a property of another packet', 5, connect5(0x02, properties(35, 0, 1), 'id'), MALFORMED],
  ['a property twice', 5, connect5(0x02, properties(17, 0, 0, 0, 1, 17, 0, 0, 0, 1), 'id'), PROTOCOL],
  ['a receive maximum of 0', 5, connect5(0x02, properties(33, 0, 0), 'id'), PROTOCOL],
  ['a maximum packet size of 0', 5, connect5(0x02, properties(39, 0, 0, 0, 0), 'id'), PROTOCOL],
  ['a request for problem information of 2', 5, connect5(0x02, properties(23, 2), 'id'), PROTOCOL],
  ['authentication data without a method', 5, connect5(0x02, properties(22, 'data'), 'id'), PROTOCOL],
  ['properties longer than the packet', 5, connect5(0x02, [100], 'id'), MALFORMED],
  ['[MQTT-1.5.5-1] a property length that is padded', 5, connect5(0x02, [0x80, 0x00], 'id'), MALFORMED],
  ['a property length of five bytes', 5, connect5(0x02, [0x80, 0x80, 0x80, 0x80, 0x01], 'id'), MALFORMED],
  [
    '[MQTT-1.5.4-1] an ill-formed user property',
    5,
    connect5(0x02, properties(38, binary(...ILL_FORMED), 'b'), 'id'),
    MALFORMED,
  ],
  [
    '65 user properties',
    5,
    connect5(0x02, [0xc7, 0x03, ...bytesOf(...new Array(65).fill([38, 'a', 'b']))], 'id'),
    0x97,
  ],

  // PUBLISH
  ['[MQTT-3.3.1-4] QoS 3', 4, frame(0x36, 'a', 0, 1), MALFORMED],
  ['[MQTT-3.3.1-4] QoS 3', 5, frame(0x36, 'a', 0, 1, 0), MALFORMED],
  ['[MQTT-3.3.1-2] DUP at QoS 0', 4, frame(0x38, 'a'), MALFORMED],
  ['[MQTT-3.3.1-2] DUP at QoS 0', 5, frame(0x38, 'a', 0), MALFORMED],
  ['[MQTT-2.3.1-1] packet identifier 0', 4, frame(0x32, 'a', 0, 0), PROTOCOL],
  ['[MQTT-2.2.1-3] packet identifier 0', 5, frame(0x32, 'a', 0, 0, 0), PROTOCOL],
  ['[MQTT-3.3.2-1] no topic', 4, frame(0x30), MALFORMED],
  ['a topic that ends early', 4, frame(0x30, 0, 5, 0x61), MALFORMED],
  ['a packet identifier that ends early', 4, frame(0x32, 'a', 0), MALFORMED],
  ['[MQTT-4.7.3-1] an empty topic', 4, frame(0x30, ''), PROTOCOL],
  ['[MQTT-4.7.3-1] an empty topic without an alias', 5, frame(0x30, '', 0), PROTOCOL],
  ['[MQTT-3.3.2-2] + in a topic', 4, frame(0x30, 'a/+'), MALFORMED],
  ['[MQTT-3.3.2-2] # in a topic', 5, frame(0x30, 'a/#', 0), MALFORMED],
  ['[MQTT-1.4.0-1] an ill-formed topic', 4, frame(0x30, binary(...ILL_FORMED)), MALFORMED],
  ['[MQTT-1.4.0-1] a surrogate in a topic', 4, frame(0x30, binary(...SURROGATE)), MALFORMED],
  ['[MQTT-1.4.0-2] U+0000 in a topic', 4, frame(0x30, 'a\0b'), MALFORMED],
  ['[MQTT-1.5.4-2] U+0000 in a topic', 5, frame(0x30, 'a\0b', 0), MALFORMED],
  ['a control character in a topic', 4, frame(0x30, 'a\u0007'), MALFORMED],
  ['a non-character in a topic', 4, frame(0x30, 'a\uffff'), MALFORMED],
  ['65 levels', 4, frame(0x30, '/'.repeat(64)), 0x90],
  ['no properties', 5, frame(0x30, 'a'), MALFORMED],
  ['properties that end early', 5, frame(0x30, 'a', 5, 1), MALFORMED],
  ['a property that ends behind its properties', 5, frame(0x30, 'a', 3, 2, 0, 0, 0, 0), MALFORMED],
  ['a payload format indicator of 2', 5, frame(0x30, 'a', properties(1, 2)), PROTOCOL],
  ['a content type twice', 5, frame(0x30, 'a', properties(3, 'x', 3, 'x')), PROTOCOL],
  ['a session expiry interval', 5, frame(0x30, 'a', properties(17, 0, 0, 0, 1)), MALFORMED],
  ['[MQTT-3.3.2-14] a wildcard in a response topic', 5, frame(0x30, 'a', properties(8, 'a/+')), MALFORMED],
  ['[MQTT-3.3.2-8] topic alias 0', 5, frame(0x30, 'a', properties(35, 0, 0)), 0x94],
  ['a topic alias over the maximum', 5, frame(0x30, 'a', properties(35, 0, 11)), 0x94],
  ['a topic alias that was never set', 5, frame(0x30, '', properties(35, 0, 3)), PROTOCOL],
  ['[MQTT-3.3.4-6] a subscription identifier', 5, frame(0x30, 'a', properties(11, 1)), PROTOCOL],

  // Acknowledgements
  ['a PUBACK that ends early', 4, frame(0x40, 0), MALFORMED],
  ['a PUBACK with bytes too many', 4, frame(0x40, 0, 1, 0), MALFORMED],
  ['packet identifier 0 in PUBACK', 4, frame(0x40, 0, 0), PROTOCOL],
  ['packet identifier 0 in PUBREL', 5, frame(0x62, 0, 0), PROTOCOL],
  ['a reason code that PUBACK has not', 5, frame(0x40, 0, 1, 0x92), PROTOCOL],
  ['a reason code that PUBREL has not', 5, frame(0x62, 0, 1, 0x10), PROTOCOL],
  ['a property that PUBACK has not', 5, frame(0x40, 0, 1, 0, properties(3, 'x')), MALFORMED],
  ['a reason string twice in PUBREC', 5, frame(0x50, 0, 1, 0, properties(31, 'x', 31, 'x')), PROTOCOL],
  ['bytes behind the properties of PUBCOMP', 5, frame(0x70, 0, 1, 0, 0, 0), MALFORMED],

  // SUBSCRIBE
  ['[MQTT-2.3.1-1] packet identifier 0 in SUBSCRIBE', 4, frame(0x82, 0, 0, 'a', 0), PROTOCOL],
  ['[MQTT-2.2.1-3] packet identifier 0 in SUBSCRIBE', 5, frame(0x82, 0, 0, 0, 'a', 0), PROTOCOL],
  ['[MQTT-3.8.3-3] a SUBSCRIBE without a filter', 4, frame(0x82, 0, 1), PROTOCOL],
  ['[MQTT-3.8.3-2] a SUBSCRIBE without a filter', 5, frame(0x82, 0, 1, 0), PROTOCOL],
  ['a filter without a QoS', 4, frame(0x82, 0, 1, 'a'), MALFORMED],
  ['[MQTT-3.8.3-4] QoS 3', 4, frame(0x82, 0, 1, 'a', 3), PROTOCOL],
  ['[MQTT-3.8.3-4] reserved bits beside the QoS', 4, frame(0x82, 0, 1, 'a', 4), MALFORMED],
  ['a maximum QoS of 3', 5, frame(0x82, 0, 1, 0, 'a', 3), PROTOCOL],
  ['retain handling 3', 5, frame(0x82, 0, 1, 0, 'a', 0x30), PROTOCOL],
  ['[MQTT-3.8.3-5] reserved bits in subscription options', 5, frame(0x82, 0, 1, 0, 'a', 0x40), MALFORMED],
  ['[MQTT-3.8.3-4] no local on a shared subscription', 5, frame(0x82, 0, 1, 0, '$share/g/a', 4), PROTOCOL],
  ['[MQTT-3.8.3-1] an ill-formed filter', 4, frame(0x82, 0, 1, binary(...ILL_FORMED), 0), MALFORMED],
  ['[MQTT-1.4.0-2] U+0000 in a filter', 4, frame(0x82, 0, 1, 'a\0b', 0), MALFORMED],
  ['[MQTT-4.7.3-1] an empty filter', 4, frame(0x82, 0, 1, '', 0), PROTOCOL],
  ['[MQTT-4.7.1-2] # before another level', 4, frame(0x82, 0, 1, 'a/#/b', 0), MALFORMED],
  ['[MQTT-4.7.1-2] # beside other characters', 4, frame(0x82, 0, 1, 'a#', 0), MALFORMED],
  ['[MQTT-4.7.1-3] + beside other characters', 4, frame(0x82, 0, 1, 'a+/b', 0), MALFORMED],
  ['[MQTT-4.7.1-1] # before another level', 5, frame(0x82, 0, 1, 0, '#/a', 0), MALFORMED],
  ['[MQTT-4.7.1-2] + beside other characters', 5, frame(0x82, 0, 1, 0, 'a/b+', 0), MALFORMED],
  ['[MQTT-4.8.2-1] a share without a name', 5, frame(0x82, 0, 1, 0, '$share//a', 0), MALFORMED],
  ['[MQTT-4.8.2-2] a wildcard in the name of a share', 5, frame(0x82, 0, 1, 0, '$share/g+/a', 0), MALFORMED],
  ['[MQTT-4.8.2-2] a share without a filter', 5, frame(0x82, 0, 1, 0, '$share/g/', 0), MALFORMED],
  ['a second filter that is wrong', 4, frame(0x82, 0, 1, 'a', 0, 'b#', 0), MALFORMED],
  ['a filter of 65 levels', 4, frame(0x82, 0, 1, '/'.repeat(64), 0), 0x8f],
  ['subscription identifier 0', 5, frame(0x82, 0, 1, properties(11, 0), 'a', 0), PROTOCOL],
  ['a subscription identifier twice', 5, frame(0x82, 0, 1, properties(11, 1, 11, 1), 'a', 0), PROTOCOL],

  // UNSUBSCRIBE
  ['[MQTT-2.3.1-1] packet identifier 0 in UNSUBSCRIBE', 4, frame(0xa2, 0, 0, 'a'), PROTOCOL],
  ['[MQTT-3.10.3-2] an UNSUBSCRIBE without a filter', 4, frame(0xa2, 0, 1), PROTOCOL],
  ['[MQTT-3.10.3-2] an UNSUBSCRIBE without a filter', 5, frame(0xa2, 0, 1, 0), PROTOCOL],
  [
    '[MQTT-3.10.3-1] an ill-formed filter in UNSUBSCRIBE',
    4,
    frame(0xa2, 0, 1, binary(...ILL_FORMED)),
    MALFORMED,
  ],
  ['[MQTT-4.7.1-3] a misplaced + in UNSUBSCRIBE', 4, frame(0xa2, 0, 1, 'a+'), MALFORMED],
  ['65 levels in UNSUBSCRIBE', 4, frame(0xa2, 0, 1, '/'.repeat(64)), 0x8f],
  ['a subscription identifier in UNSUBSCRIBE', 5, frame(0xa2, 0, 1, properties(11, 1), 'a'), MALFORMED],

  // PINGREQ, DISCONNECT, AUTH
  ['a PINGREQ with a body', 4, frame(0xc0, 0), MALFORMED],
  ['a DISCONNECT with a body', 4, frame(0xe0, 0), MALFORMED],
  ['[MQTT-3.14.2-1] a reason code that a client’s DISCONNECT has not', 5, frame(0xe0, 0x8d), PROTOCOL],
  ['a server reference in a client’s DISCONNECT', 5, frame(0xe0, 0, properties(28, 'x')), PROTOCOL],
  ['bytes behind the properties of DISCONNECT', 5, frame(0xe0, 0, 0, 0), MALFORMED],
  [
    '[MQTT-3.15.2-1] a reason code that a client’s AUTH has not',
    5,
    frame(0xf0, 0, properties(21, 'x')),
    PROTOCOL,
  ],
  ['an AUTH without a method', 5, frame(0xf0, 0x18, 0), PROTOCOL],
]

const ACCEPTED: readonly (readonly [
  rule: string,
  version: ProtocolVersion,
  bytes: Buffer,
  packet: object,
])[] = [
  ['a CONNECT of 3.1', 3, frame(0x10, 'MQIsdp', 3, 2, 0, 60, 'id'), { protocolVersion: 3, clientId: 'id' }],
  ...Array.from({ length: 16 }, (_, flags): (typeof ACCEPTED)[number] => [
    `a CONNECT with ${flags} in the bits that 3.1 does not use`,
    3,
    frame(0x10 | flags, 'MQIsdp', 3, 3, 0, 60, 'id'),
    { protocolVersion: 3, clientId: 'id', clean: true },
  ]),
  ['a PINGREQ with bits that 3.1 does not use', 3, frame(0xcf), { cmd: 'pingreq' }],
  ['a DISCONNECT with bits that 3.1 does not use', 3, frame(0xe9), { cmd: 'disconnect' }],
  ['a PUBACK with bits that 3.1 does not use', 3, frame(0x4b, 0, 1), { cmd: 'puback', packetId: 1 }],
  ['a PUBREL with bits that 3.1 does not use', 3, frame(0x6b, 0, 1), { cmd: 'pubrel', packetId: 1 }],
  ['a SUBSCRIBE with bits that 3.1 does not use', 3, frame(0x8b, 0, 1, 'a', 0), { cmd: 'subscribe' }],
  ['an UNSUBSCRIBE with bits that 3.1 does not use', 3, frame(0xa3, 0, 1, 'a'), { cmd: 'unsubscribe' }],
  [
    'a CONNECT of 3.1 from a bridge',
    4,
    frame(0x10, 'MQIsdp', 0x83, 2, 0, 60, 'id'),
    { protocolVersion: 3, bridgeMode: true },
  ],
  [
    'a CONNECT of 3.1.1 from a bridge',
    4,
    frame(0x10, 'MQTT', 0x84, 2, 0, 60, 'id'),
    { protocolVersion: 4, bridgeMode: true },
  ],
  [
    'a CONNECT of 3.1.1',
    4,
    connect4(0x02, 'id'),
    { protocolVersion: 4, clientId: 'id', clean: true, keepalive: 60 },
  ],
  ['a CONNECT of 5.0', 5, connect5(0x02, [0], 'id'), { protocolVersion: 5, clientId: 'id', clean: true }],
  ['[MQTT-3.1.3-6] an empty client identifier', 4, connect4(0x02, ''), { clientId: '' }],
  [
    'a client identifier of any other characters',
    4,
    connect4(0x02, 'größe #+/$'),
    { clientId: 'größe #+/$' },
  ],
  ['[MQTT-1.4.0-3] U+FEFF as it is', 4, frame(0x30, '\ufeffa'), { topic: '\ufeffa' }],
  [
    'a user name and a password',
    4,
    connect4(0xc2, 'id', 'user', 'secret'),
    { username: 'user', password: Buffer.from('secret') },
  ],
  [
    'a password that is no text',
    4,
    connect4(0xc2, 'id', 'user', binary(0xff, 0, 0xff)),
    { password: Buffer.from([0xff, 0, 0xff]) },
  ],
  [
    'a password without a user name',
    5,
    connect5(0x42, [0], 'id', 'secret'),
    { password: Buffer.from('secret') },
  ],
  [
    'a will with an empty message',
    4,
    connect4(0x06, 'id', 'topic', ''),
    { will: { topic: 'topic', qos: 0, retain: false } },
  ],
  [
    'a retained will at QoS 2',
    4,
    connect4(0x36, 'id', 'topic', 'text'),
    { will: { qos: 2, retain: true, payload: Buffer.from('text') } },
  ],
  ['a PUBLISH of nothing', 4, frame(0x30, 'a'), { topic: 'a', payload: Buffer.alloc(0) }],
  ['a topic of slashes alone', 4, frame(0x30, '//'), { topic: '//' }],
  ['a topic of 64 levels', 4, frame(0x30, '/'.repeat(63)), { topic: '/'.repeat(63) }],
  ['a SUBSCRIBE', 4, frame(0x82, 0, 1, 'a/+/#', 2), { subscriptions: [{ topic: 'a/+/#', qos: 2 }] }],
  [
    'a filter that begins with $',
    4,
    frame(0x82, 0, 1, '$SYS/#', 0),
    { subscriptions: [{ topic: '$SYS/#' }] },
  ],
  [
    'subscription options',
    5,
    frame(0x82, 0, 1, properties(11, 7), 'a', 0x2d),
    {
      subscriptions: [{ topic: 'a', qos: 1, nl: true, rap: true, rh: 2 }],
      properties: { subscriptionIdentifier: 7 },
    },
  ],
  ['an UNSUBSCRIBE of several filters', 4, frame(0xa2, 0, 1, 'a', 'b/#'), { unsubscriptions: ['a', 'b/#'] }],
  ['a PINGREQ', 4, frame(0xc0), { cmd: 'pingreq' }],
  ['a DISCONNECT', 4, frame(0xe0), { cmd: 'disconnect' }],
  ['a DISCONNECT with a reason', 5, frame(0xe0, 4), { cmd: 'disconnect', reasonCode: 4 }],
  ['an AUTH', 5, frame(0xf0, 0x18, properties(21, 'SCRAM')), { cmd: 'auth', reasonCode: 0x18 }],
]

describe('refused', () => {
  it.each(REFUSED.map((row) => [NAMES[row[1]], ...row] as const))(
    '%s: %s',
    (_name, _rule, version, bytes, reasonCode) => {
      let error: unknown
      try {
        read(version, bytes)
      } catch (thrown) {
        error = thrown
      }
      expect(error).toBeInstanceOf(ProtocolError)
      expect((error as ProtocolError).reasonCode).toBe(reasonCode)
    },
  )
})

describe('taken', () => {
  it.each(ACCEPTED.map((row) => [NAMES[row[1]], ...row] as const))(
    '%s: %s',
    (_name, _rule, version, bytes, packet) => {
      expect(read(version, bytes)).toMatchObject(packet)
    },
  )

  it('5.0: a topic alias, set by one PUBLISH and used by another', () => {
    const inbox = new Inbox(1_000_000)
    inbox.awaitsConnect = false
    const source = { inbox, protocolVersion: 5 as const, bridge: false, aliases: new TopicAliases(10) }
    inbox.push(
      Buffer.concat([
        frame(0x30, 'a/b', properties(35, 0, 10), 0x31),
        frame(0x30, '', properties(35, 0, 10), 0x32),
      ]),
    )
    const topics = [0, 1].map(() => {
      inbox.advance()
      const packet = decoder.decode(source)
      return packet.cmd === 'publish' && [packet.topic, String(packet.payload)]
    })
    expect(topics).toEqual([
      ['a/b', '1'],
      ['a/b', '2'],
    ])
  })
})
