import { isIPv4, isIPv6 } from 'node:net'

/** An IPv4 address in the form of IPv6, in the notation that `URL` writes. */
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/

/**
 * An address in the one way in which it is compared: IPv6 in its short form, and IPv4 as such although it is written as
 * IPv6. `undefined` for what is no address, and for one with a zone, which means something on its own machine alone.
 */
export function plainAddress(text: string): string | undefined {
  if (isIPv4(text)) return text
  if (!isIPv6(text) || text.includes('%')) return undefined
  const short = new URL(`http://[${text}]`).hostname.slice(1, -1)
  const mapped = MAPPED.exec(short)
  if (mapped === null) return short
  const [high, low] = mapped.slice(1).map((group) => Number.parseInt(group, 16))
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
