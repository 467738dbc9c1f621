import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** Addresses that a rule names. */
export class AddressRange {
  readonly text: string
  readonly #list: BlockList

  private constructor(text: string, list: BlockList) {
    this.text = text
    this.#list = list
  }

  /** Of `192.0.2.7`, `10.0.0.0/8` or `2001:db8::/32`; nothing of what is neither. */
  static parse(text: string): AddressRange | undefined {
    const [address = '', prefix, ...more] = text.split('/')
    const family = familyOf(address)
    if (family === undefined || more.length > 0) return undefined
    const most = family === 'ipv4' ? 32 : 128
    if (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) return undefined
    const bits = prefix === undefined ? most : Number(prefix)
    if (bits > most) return undefined
    const list = new BlockList()
    list.addSubnet(address, bits, family)
    return new AddressRange(text, list)
  }

  /** @param address As {@link plainAddress} makes it. */
  has(address: string): boolean {
    const family = familyOf(address)
    return family !== undefined && this.#list.check(address, family)
  }
}

/**
 * The address alone, without port, brackets and zone; an IPv4 address in the form of IPv6 as what it is.
 * @param remote As listeners tell it: `192.0.2.1:1883`, `[2001:db8::1]:1883`, or an address alone.
 */
export function plainAddress(remote: string | undefined): string | undefined {
  if (remote === undefined) return undefined
  const plain = hostOf(remote).split('%', 1).join('')
  return isIPv6(plain) && plain.toLowerCase().startsWith('::ffff:') && plain.includes('.')
    ? plain.slice(plain.lastIndexOf(':') + 1)
    : plain
}

function hostOf(remote: string): string {
  if (remote.startsWith('[')) return remote.slice(1, remote.indexOf(']'))
  const colon = remote.indexOf(':')
  return colon >= 0 && colon === remote.lastIndexOf(':') ? remote.slice(0, colon) : remote
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  if (isIPv4(address)) return 'ipv4'
  return isIPv6(address) ? 'ipv6' : undefined
}
