/** Addresses that may stand for many: nothing is counted by them. */
import { BlockList, isIPv4, isIPv6 } from 'node:net'
import type { Listener } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'

const NOBODY: readonly string[] = []

/** Clients of this machine, and of the addresses and networks of the option `exempt`. */
export class Exempt {
  readonly #list: BlockList | undefined

  /**
   * @param owner For messages.
   * @throws StackError `OPTION_INVALID` for what is no address and no network.
   */
  constructor(owner: string, entries: unknown = NOBODY) {
    const invalid = (text: string): StackError =>
      new StackError('OPTION_INVALID', `${owner}: option "exempt" ${text}`)
    if (!Array.isArray(entries))
      throw invalid(`must be a list of addresses and networks, not ${JSON.stringify(entries)}`)
    if (entries.length === 0) return
    this.#list = new BlockList()
    for (const entry of entries) {
      if (typeof entry === 'string' && add(this.#list, entry)) continue
      const fix = 'write it as 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32'
      throw invalid(`has ${JSON.stringify(entry)}, which is no address and no network: ${fix}`)
    }
  }

  has({ local, remote }: Listener): boolean {
    if (local || this.#list === undefined || remote === undefined) return local
    const address = hostOf(remote)
    if (isIPv6(address)) return this.#list.check(address, 'ipv6')
    return isIPv4(address) && this.#list.check(address, 'ipv4')
  }
}

function add(list: BlockList, entry: string): boolean {
  const [address, bits, ...more] = entry.split('/')
  const most = isIPv4(address) ? 32 : 128
  if (more.length > 0 || !(isIPv4(address) || isIPv6(address)) || address.includes('%')) return false
  if (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > most)) return false
  list.addSubnet(address, bits === undefined ? most : Number(bits), most === 32 ? 'ipv4' : 'ipv6')
  return true
}

/** Without port, brackets and zone. */
function hostOf(remote: string): string {
  const [, inner, plain] = /^(?:\[([^\]]*)\]|([^:]*)(?::\d+)?$)/.exec(remote) ?? []
  return (inner ?? plain ?? remote).split('%', 1).join('')
}
