/** Bytes: a signature, a command, addresses, and whatever else the proxy tells. */
import { Buffer } from 'node:buffer'
import { plainAddress } from '../plain-address.ts'
import { readExtras } from './extras.ts'
import type { ProxyHeader } from './proxy-header.ts'

export const VERSION_2: Buffer = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
/** Largest header that is taken, in bytes; those of real proxies have some hundred. */
export const MAX_PROXY_HEADER = 4_096
/** Up to the length of the rest. */
const HEAD = 16

const LOCAL = 0x20
const PROXY = 0x21
const UNSPECIFIED = 0x00

/** Bytes of the addresses and ports, by family and protocol: TCP over IPv4 and IPv6, and Unix sockets. */
const ADDRESSES: Readonly<Record<number, number>> = { 17: 12, 33: 36, 49: 216 }
const TCP4 = 0x11
const TCP6 = 0x21

/**
 * @param bytes They begin as {@link VERSION_2} does, as far as they go.
 * @returns `undefined` as long as the header is not whole.
 * @throws Error when it is malformed.
 */
export function readVersion2(bytes: Buffer): ProxyHeader | undefined {
  const command = bytes[12]
  const family = bytes[13]
  if (command !== undefined && command !== LOCAL && command !== PROXY)
    throw new Error('neither version 2 nor a command of it')
  if (command === PROXY && family !== undefined && family !== UNSPECIFIED && !(family in ADDRESSES))
    throw new Error('addresses of no kind that there is for a stream')
  if (bytes.length < HEAD) return undefined
  const length = HEAD + bytes.readUInt16BE(14)
  if (length > MAX_PROXY_HEADER) throw new Error(`more than ${MAX_PROXY_HEADER} bytes`)
  if (bytes.length < length) return undefined
  // What goes with these says nothing of a client.
  if (command === LOCAL || family === UNSPECIFIED) return { length }
  const extras = HEAD + ADDRESSES[family]
  if (length < extras) throw new Error('no room for its addresses')
  const header = bytes.subarray(0, length)
  return { length, source: sourceOf(header, family), ...readExtras(header, extras) }
}

function sourceOf(header: Buffer, family: number): ProxyHeader['source'] {
  const end = HEAD + (family === TCP4 ? 4 : 16)
  const address = header.subarray(HEAD, end)
  if (family === TCP4) return { host: address.join('.'), port: header.readUInt16BE(24) }
  if (family !== TCP6) return undefined
  const groups = Array.from({ length: 8 }, (_, i) => address.readUInt16BE(2 * i).toString(16))
  return { host: plainAddress(groups.join(':')) as string, port: header.readUInt16BE(48) }
}
