/** Where a WebSocket comes from that a web server or load balancer has passed on. */
import type { UpgradeRequest } from '@mqtt-stack/core'
import type { AddressList } from './address-list.ts'
import { plainAddress } from './plain-address.ts'

/** What a request says of those who have passed it on. */
export interface Forwarded {
  /** Somebody has: it is never local, whether or not we know who. */
  readonly relayed: boolean
  /** Address of the client, as proxies of ours say. */
  readonly client: string | undefined
}

/** They are there where somebody has passed a request on. */
const TRACES = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'] as const

/**
 * Each proxy writes behind those before it whom it got the request from. So the last address that is no proxy of ours is
 * the client; what stands before it is what the client says.
 * @param from Address of the other side of the connection.
 * @param proxies Nobody else is believed.
 */
export function forwardedOf(
  headers: UpgradeRequest['headers'],
  from: string | undefined,
  proxies: AddressList | undefined,
): Forwarded {
  if (proxies?.has(from) !== true)
    return { relayed: TRACES.some((name) => headers[name] !== undefined), client: undefined }
  const chain = [headers['x-forwarded-for'] ?? ''].flat().join(',').split(',')
  let client: string | undefined
  for (const entry of chain.reverse()) {
    const address = addressIn(entry.trim())
    // Who writes something else knows no better than that it was somebody.
    if (address === undefined) break
    client = address
    if (!proxies.has(address)) break
  }
  return { relayed: true, client }
}

/** Some write a port behind it, and IPv6 in brackets. */
function addressIn(entry: string): string | undefined {
  const plain = plainAddress(entry)
  if (plain !== undefined) return plain
  const [, six, four] = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d+)?$/.exec(entry) ?? []
  const host = six ?? four
  return host === undefined ? undefined : plainAddress(host)
}
