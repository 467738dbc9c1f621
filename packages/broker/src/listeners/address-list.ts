/** Addresses and networks that a user has listed, such as those of proxies. */
import { BlockList, isIP } from 'node:net'
import { plainAddress } from './plain-address.ts'

/** Those whose entries are right; see {@link wrongEntry}. */
export class AddressList {
  readonly #list = new BlockList()

  /** @param entries Addresses (`10.0.0.1`, `2001:db8::1`) and networks (`10.0.0.0/8`, `2001:db8::/32`). */
  constructor(entries: readonly string[]) {
    for (const entry of entries) {
      const { address, family, prefix } = parse(entry) as Network
      this.#list.addSubnet(address, prefix, family)
    }
  }

  /** @param address As sockets tell it; what is no address is not in the list. */
  has(address: string | undefined): boolean {
    const plain = address === undefined ? undefined : plainAddress(address.split('%', 1)[0])
    return plain !== undefined && this.#list.check(plain, familyOf(plain))
  }
}

/** The first entry that is neither an address nor a network. */
export function wrongEntry(entries: readonly unknown[]): unknown {
  return entries.find((entry) => typeof entry !== 'string' || parse(entry) === undefined)
}

interface Network {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
  readonly prefix: number
}

function parse(entry: string): Network | undefined {
  const [text, bits, ...more] = entry.split('/')
  const address = plainAddress(text)
  if (address === undefined || more.length > 0) return undefined
  const family = familyOf(address)
  const most = family === 'ipv4' ? 32 : 128
  if (bits === undefined) return { address, family, prefix: most }
  // A network of IPv4 in the form of IPv6 is written as one of IPv4.
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > most || isIP(text) !== isIP(address)) return undefined
  return { address, family, prefix: Number(bits) }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4'
}
