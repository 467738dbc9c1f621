/** A line of text: `PROXY TCP4 192.0.2.1 198.51.100.1 50000 1883`. */
import { Buffer } from 'node:buffer'
import { isIP } from 'node:net'
import { plainAddress } from '../plain-address.ts'
import type { ProxyHeader } from './proxy-header.ts'

export const VERSION_1: Buffer = Buffer.from('PROXY ')
/** Longest line there can be, its end included. */
const MAX_LINE = 107
const END = Buffer.from('\r\n')

/**
 * @param bytes They begin as {@link VERSION_1} does, as far as they go.
 * @returns `undefined` as long as the line is not whole.
 * @throws Error when the line is malformed.
 */
export function readVersion1(bytes: Buffer): ProxyHeader | undefined {
  const end = bytes.subarray(0, MAX_LINE).indexOf(END)
  if (end < 0) {
    if (bytes.length >= MAX_LINE) throw new Error(`no end of the line within ${MAX_LINE} bytes`)
    return undefined
  }
  const length = end + END.length
  const [, family, host, target, port, targetPort, ...more] = bytes.toString('latin1', 0, end).split(' ')
  if (family === 'UNKNOWN') return { length }
  const version = { TCP4: 4, TCP6: 6 }[family]
  if (version === undefined) throw new Error('neither TCP4 nor TCP6 nor UNKNOWN')
  if (more.length > 0 || targetPort === undefined) throw new Error('not two addresses and two ports')
  const plain = plainAddress(host)
  if (plain === undefined || [host, target].some((one) => isIP(one) !== version))
    throw new Error(`no ${family} address`)
  if (!isPort(port) || !isPort(targetPort)) throw new Error('no port')
  return { length, source: { host: plain, port: Number(port) } }
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535
}
