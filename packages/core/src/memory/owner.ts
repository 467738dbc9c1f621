/** Whose account a connection's memory is counted on. */
import { isIPv6 } from 'node:net'

/** A connection: who it is, and where it comes from. */
export interface Connected {
  readonly session: { readonly identity: string | undefined }
  readonly listener: { readonly remote?: string | undefined }
}

/** The identity or, for the anonymous, where they come from; the two never meet, whatever an identity is called. */
export function ownerOf({ session, listener }: Connected): string {
  if (session.identity !== undefined) return `identity ${session.identity}`
  return addressOf(listener.remote)
}

/**
 * Where a connection comes from, without its port. An IPv6 host has a whole /64 to choose addresses from, which counts
 * as one.
 * @param remote As listeners tell it: `192.0.2.1:1883`, `[2001:db8::1]:1883`, or an address alone.
 */
export function addressOf(remote: string | undefined): string {
  return remote === undefined ? 'local' : `address ${networkOf(hostOf(remote))}`
}

function hostOf(remote: string): string {
  if (remote.startsWith('[')) return remote.slice(1, remote.indexOf(']'))
  const colon = remote.indexOf(':')
  return colon === remote.lastIndexOf(':') && colon >= 0 ? remote.slice(0, colon) : remote
}

function networkOf(host: string): string {
  const plain = host.split('%', 1).join('')
  if (!isIPv6(plain)) return host
  // An IPv4 address in the form of IPv6.
  if (plain.includes('.')) return plain.slice(plain.lastIndexOf(':') + 1)
  const [head = '', tail] = plain.split('::')
  const before = groupsOf(head)
  const after = groupsOf(tail ?? '')
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...new Array<number>(zeros).fill(0), ...after]
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')
}

function groupsOf(part: string): number[] {
  return part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
}
