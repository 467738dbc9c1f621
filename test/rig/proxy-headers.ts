/** Headers of the PROXY protocol as a proxy writes them, for tests. */
import { Buffer } from 'node:buffer'
import { crc32c } from '../../packages/broker/src/listeners/proxy/crc32c.ts'
import { VERSION_2 } from '../../packages/broker/src/listeners/proxy/version-2.ts'

/** A header of version 2 with these bytes behind its length. */
export function version2(command: number, family: number, rest: Uint8Array | readonly number[]): Buffer {
  const head = Buffer.from([command, family, rest.length >> 8, rest.length & 255])
  return Buffer.concat([VERSION_2, head, Buffer.from(rest)])
}

/** Type, length and value. */
export function extra(type: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 255]), value])
}

/** What a proxy tells of the client's TLS. */
export function ssl(facts: {
  flags: number
  verify?: number
  version?: string
  cipher?: string
  commonName?: string | Buffer
}): Buffer {
  const { flags, verify = 0, version, cipher, commonName } = facts
  const texts = [
    [0x21, version],
    [0x22, commonName],
    [0x23, cipher],
  ] as const
  const parts = texts.flatMap(([type, text]) => (text === undefined ? [] : [extra(type, Buffer.from(text))]))
  return extra(0x20, Buffer.concat([Buffer.from([flags, 0, 0, 0, verify]), ...parts]))
}

/** The same header with a checksum behind all else. */
export function withChecksum(header: Buffer): Buffer {
  const zeroed = version2(
    header[12],
    header[13],
    Buffer.concat([header.subarray(16), extra(3, Buffer.alloc(4))]),
  )
  zeroed.writeUInt32BE(crc32c(zeroed), zeroed.length - 4)
  return zeroed
}
