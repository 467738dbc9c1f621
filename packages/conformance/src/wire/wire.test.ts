import { Buffer } from 'node:buffer'
import * as mqtt from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { overlong, variable } from './bytes.ts'
import { decode } from './decode.ts'
import * as encode from './encode.ts'
import type { Version } from './packet-types.ts'
import { Reader } from './reader.ts'

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex')
}

/** What another implementation reads in a packet. */
function read(packet: Buffer, protocolVersion: Version): mqtt.Packet {
  const parser = mqtt.parser({ protocolVersion })
  let read: mqtt.Packet | undefined
  parser.on('packet', (one) => {
    read = one
  })
  parser.on('error', (error) => {
    throw error
  })
  parser.parse(packet)
  return read!
}

describe('variable byte integers', () => {
  it.each([
    [0, '00'],
    [127, '7f'],
    [128, '8001'],
    [16_383, 'ff7f'],
    [16_384, '808001'],
    [268_435_455, 'ffffff7f'],
  ])('encodes %i as %s', (value, hex) => {
    expect(variable(value).toString('hex')).toBe(hex)
    expect(new Reader(bytes(hex)).variable()).toBe(value)
  })

  it('can have more bytes than they need', () => {
    expect(overlong(1, 2).toString('hex')).toBe('8100')
    expect(overlong(0, 4).toString('hex')).toBe('80808000')
  })
})

describe('encode', () => {
  it.each([3, 4, 5] as const)('makes a CONNECT of level %i that others read', (version) => {
    const will = { topic: 't', payload: 'gone', qos: 2, retain: true }
    const packet = encode.connect(version, {
      clientId: 'me',
      keepAlive: 7,
      will,
      username: 'u',
      password: 'p',
    })
    expect(read(packet, version)).toMatchObject({
      cmd: 'connect',
      protocolVersion: version,
      clientId: 'me',
      clean: true,
      keepalive: 7,
      username: 'u',
      will: { topic: 't', qos: 2, retain: true },
    })
  })

  it('makes properties that others read', () => {
    const properties = { contentType: 'x', userProperty: [['a', 'b']] as const, messageExpiry: 9 }
    const packet = encode.publish(5, { topic: 't', payload: 'x', qos: 1, id: 3, properties })
    expect(read(packet, 5)).toMatchObject({
      topic: 't',
      messageId: 3,
      properties: { contentType: 'x', userProperties: { a: 'b' }, messageExpiryInterval: 9 },
    })
  })

  it.each([4, 5] as const)('makes the other packets of level %i', (version) => {
    const filters = ['a', { filter: 'b', qos: 2 }]
    expect(read(encode.subscribe(version, { id: 9, filters }), version)).toMatchObject({
      messageId: 9,
      subscriptions: [
        { topic: 'a', qos: 0 },
        { topic: 'b', qos: 2 },
      ],
    })
    expect(read(encode.unsubscribe(version, { id: 8, filters: ['a'] }), version)).toMatchObject({
      messageId: 8,
      unsubscriptions: ['a'],
    })
    for (const name of ['puback', 'pubrec', 'pubrel', 'pubcomp'] as const) {
      expect(read(encode.ack(version, name, 5), version)).toMatchObject({ cmd: name, messageId: 5 })
    }
    expect(read(encode.disconnect(version), version)).toMatchObject({ cmd: 'disconnect' })
    expect(read(encode.pingreq(), version)).toMatchObject({ cmd: 'pingreq' })
  })

  it('makes wrong ones too', () => {
    expect(encode.publish(4, { topic: 'a', qos: 3, id: 0, dup: true }).toString('hex')).toBe('3e050001610000')
    expect(encode.connect(4, { flags: 3, payload: Buffer.of(1) }).toString('hex')).toBe(
      '100b00044d51545404030000' + '01',
    )
  })
})

describe('decode', () => {
  it('waits for a whole packet', () => {
    for (const part of ['', '30', '3080', '3005 0001 61']) expect(decode(4, bytes(part))).toBeUndefined()
  })

  it('reads what others make', () => {
    const packet = mqtt.generate(
      {
        cmd: 'publish',
        topic: 'a',
        payload: 'x',
        qos: 1,
        messageId: 4,
        retain: true,
        dup: false,
        properties: { contentType: 'c', subscriptionIdentifier: 7 },
      },
      { protocolVersion: 5 },
    )
    expect(decode(5, packet)).toMatchObject({
      type: 'publish',
      topic: 'a',
      qos: 1,
      id: 4,
      retain: true,
      properties: { contentType: 'c', subscriptionIdentifier: [7] },
    })
  })

  it('takes the short forms of acknowledgements in 5.0', () => {
    expect(decode(5, bytes('4002 0001'))).toMatchObject({ type: 'puback', id: 1, code: 0 })
    expect(decode(5, bytes('4003 0001 10'))).toMatchObject({ code: 0x10 })
    expect(decode(5, bytes('e000'))).toMatchObject({ type: 'disconnect', code: 0 })
  })

  it.each([
    [4, '2002 0200', 'acknowledge flags'],
    [4, '2002 0006', 'may not say 0x06'],
    [4, '2102 0000', 'flags are 1'],
    [4, '2003 0000 00', 'behind its end'],
    [4, '4002 0000', 'packet identifier is 0'],
    [4, '9003 0001 03', 'may not say 0x03'],
    [4, '3603 0001 61', 'ends within a field'],
    [4, '3603 0001 6100', 'ends within a field'],
    [4, '3805 0001 61 0001', 'DUP at QoS 0'],
    [4, '3003 0001 2b', 'wildcards'],
    [4, '3002 0000', 'no topic'],
    [4, '3003 0001 80', 'not UTF-8'],
    [4, '3003 0001 00', 'U+0000'],
    [4, 'e000', 'sends no DISCONNECT'],
    [4, 'f000', 'sends no AUTH'],
    [4, 'c000', 'sends no PINGREQ'],
    [4, '0000', 'reserved type 0'],
    [4, 'd0ffffffff01', 'more than four bytes'],
    [5, 'd08000', 'longer than it needs'],
    [5, '2003 0000 81', 'ends within a field'],
    [5, '2002 0000', 'ends within a field'],
    [5, '2005 0000 02 0101', 'does not belong there'],
    [5, '2005 0000 02 2b01', 'no property 43'],
    [5, '2005 0000 02 2402', 'maximumQos is 2'],
    [5, '2007 0000 04 24012400', 'stands there twice'],
    [5, '3006 0001 61 02 0901', 'ends within a field'],
    [5, '4003 0001 04', 'may not say 0x04'],
    [5, 'e007 00 05 11 00000001', 'sends no session expiry'],
  ] as const)('refuses, in level %i, %s: %s', (version, hex, why) => {
    expect(() => decode(version, bytes(hex))).toThrow(why)
  })
})
