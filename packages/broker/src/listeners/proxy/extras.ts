/** What a header of version 2 has behind its addresses: type, length and value, one after the other. */
import { Buffer } from 'node:buffer'
import { crc32c } from './crc32c.ts'
import type { ProxyHeader } from './proxy-header.ts'

const AUTHORITY = 0x02
const CHECKSUM = 0x03
const SSL = 0x20
const SSL_VERSION = 0x21
const SSL_COMMON_NAME = 0x22
const SSL_CIPHER = 0x23

/** Bits of the first byte of SSL: the client spoke TLS; it showed a certificate in this connection, or in its session. */
const SPOKE_TLS = 0x01
const SHOWED_CERTIFICATE = 0x02 | 0x04

/** Type and length. */
const HEAD = 3

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * @param header All of it, for the checksum.
 * @param from Where the first one begins.
 * @throws Error when one is malformed, comes twice, or the checksum is wrong.
 */
export function readExtras(header: Buffer, from: number): Pick<ProxyHeader, 'tls' | 'commonName'> {
  const values = valuesOf(header, from)
  const checksum = values.get(CHECKSUM)
  if (checksum !== undefined) check(header, checksum)
  const ssl = values.get(SSL)
  return ssl === undefined ? {} : readSsl(ssl, textOf(values.get(AUTHORITY)))
}

function readSsl(value: Buffer, serverName: string | undefined): Pick<ProxyHeader, 'tls' | 'commonName'> {
  if (value.length < 5) throw new Error('its TLS facts are cut off')
  const flags = value[0]
  if ((flags & SPOKE_TLS) === 0) return {}
  const facts = valuesOf(value, 5)
  const tls = { version: textOf(facts.get(SSL_VERSION)), cipher: textOf(facts.get(SSL_CIPHER)), serverName }
  // 0: the client showed a certificate, and it was verified.
  const verified = (flags & SHOWED_CERTIFICATE) !== 0 && value.readUInt32BE(1) === 0
  return verified ? { tls, commonName: textOf(facts.get(SSL_COMMON_NAME)) } : { tls }
}

/** Those that are read, by type; others are passed over. */
function valuesOf(bytes: Buffer, from: number): ReadonlyMap<number, Buffer> {
  const values = new Map<number, Buffer>()
  for (let at = from; at < bytes.length; ) {
    if (bytes.length < at + HEAD) throw new Error('what is behind its addresses is cut off')
    const type = bytes[at]
    const end = at + HEAD + bytes.readUInt16BE(at + 1)
    if (bytes.length < end) throw new Error('what is behind its addresses is cut off')
    if (READ.has(type) && values.has(type)) throw new Error('it tells one thing twice')
    values.set(type, bytes.subarray(at + HEAD, end))
    at = end
  }
  return values
}

const READ: ReadonlySet<number> = new Set([
  AUTHORITY,
  CHECKSUM,
  SSL,
  SSL_VERSION,
  SSL_COMMON_NAME,
  SSL_CIPHER,
])

function textOf(value: Buffer | undefined): string | undefined {
  if (value === undefined || value.length === 0) return undefined
  if (value.includes(0)) throw new Error('a text with a zero in it')
  try {
    return utf8.decode(value)
  } catch (cause) {
    throw new Error('a text that is no UTF-8', { cause })
  }
}

/** Over the whole header, with zeros where the checksum itself stands. */
function check(header: Buffer, checksum: Buffer): void {
  if (checksum.length !== 4) throw new Error('its checksum has not four bytes')
  const zeroed = Buffer.from(header)
  const at = checksum.byteOffset - header.byteOffset
  zeroed.fill(0, at, at + 4)
  if (crc32c(zeroed) !== checksum.readUInt32BE(0)) throw new Error('its checksum is wrong')
}
