/** A good packet of each type that clients send, and where it might end and still be good. */
import { Buffer } from 'node:buffer'
import { join } from '../../wire/bytes.ts'
import * as encode from '../../wire/encode.ts'
import type { PacketName, Version } from '../../wire/packet-types.ts'

/** The packets of clients. */
export type ClientPacket = Exclude<PacketName, 'connack' | 'suback' | 'unsuback' | 'pingresp'>

export interface Sample {
  /** The whole packet. */
  readonly bytes: Buffer
  /** Lengths of its body, other than the whole, at which it is a good packet too. */
  readonly good: readonly number[]
}

const none = Buffer.alloc(0)

/** The good packets; those with a topic use `topic`. */
export function samples(
  version: Version,
  topic: string,
  clientId: string,
): Partial<Record<ClientPacket, Sample>> {
  const v5 = version === 5
  const will = { topic, payload: 'will', qos: 1 }
  const publish = encode.publish(version, { topic, payload: 'payload', qos: 1, id: 11 })
  const header = bodyOf(publish).length - 'payload'.length
  const one = bodyOf(encode.subscribe(version, { id: 12, filters: [topic] })).length
  const first = bodyOf(encode.unsubscribe(version, { id: 13, filters: [topic] })).length
  // In 5.0 an acknowledgement may end behind the identifier or behind the reason code.
  const acks = { good: v5 ? [2, 3] : [] }
  return {
    connect: {
      bytes: encode.connect(version, { clientId, will, username: 'name', password: 'word' }),
      good: [],
    },
    publish: { bytes: publish, good: Array.from({ length: 'payload'.length }, (_, at) => header + at) },
    puback: { bytes: encode.ack(version, 'puback', 14, 0, {}), ...acks },
    pubrec: { bytes: encode.ack(version, 'pubrec', 15, 0, {}), ...acks },
    pubrel: { bytes: encode.ack(version, 'pubrel', 16, 0, {}), ...acks },
    pubcomp: { bytes: encode.ack(version, 'pubcomp', 17, 0, {}), ...acks },
    subscribe: { bytes: encode.subscribe(version, { id: 12, filters: [topic, `${topic}/b`] }), good: [one] },
    unsubscribe: {
      bytes: encode.unsubscribe(version, { id: 13, filters: [topic, `${topic}/b`] }),
      good: [first],
    },
    pingreq: { bytes: encode.pingreq(), good: [] },
    disconnect: {
      bytes: encode.disconnect(version, 0, { userProperty: [['a', 'b']] }),
      good: v5 ? [0, 1] : [],
    },
    ...(v5 && {
      auth: {
        bytes: encode.auth(0x19, { authenticationMethod: 'x', userProperty: [['a', 'b']] }),
        good: [0],
      },
    }),
  }
}

/** What stands behind the remaining length. */
export function bodyOf(bytes: Buffer): Buffer {
  let at = 1
  while (bytes[at] >= 0x80) at++
  return bytes.subarray(at + 1)
}

/** The packet with another body, and the length that fits it. */
export function withBody(bytes: Buffer, body: Uint8Array): Buffer {
  // All samples are short.
  const length =
    body.length < 128 ? Buffer.of(body.length) : Buffer.of((body.length % 128) | 0x80, body.length >> 7)
  return join(bytes.subarray(0, 1), length, body, none)
}
