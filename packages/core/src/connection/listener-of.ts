/** Where a stream came from, for those who hand one over without saying so. */
import type { AddressInfo, Server, Socket } from 'node:net'
import { Socket as NetSocket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Listener } from '../contract/index.ts'

/** Nobody knows who is behind a stream that is no socket. */
const UNKNOWN: Listener = { transport: 'stream', local: false }
const UNIX: Listener = { transport: 'unix', local: true }

/** What a socket's own addresses tell: a loopback peer and a Unix socket are local. */
export function listenerOf(stream: Duplex): Listener {
  if (!(stream instanceof NetSocket)) return UNKNOWN
  const { remoteAddress, remotePort } = stream
  if (remoteAddress === undefined) return isUnix(stream) ? UNIX : UNKNOWN
  const transport = 'encrypted' in stream ? 'tls' : 'tcp'
  return { transport, local: isLoopback(remoteAddress), remote: authority(remoteAddress, remotePort) }
}

/** Whether this machine alone has an address: 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
  return /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address) || address === '::1'
}

/** Host and port as a URL has them: IPv6 addresses in brackets. */
export function authority(host: string, port: number | undefined): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** A socket whose connection is gone has no address either: the server tells them apart. */
function isUnix(socket: Socket): boolean {
  const { server } = socket as Socket & { server?: Partial<Server> | null }
  const address: AddressInfo | string | null | undefined = server?.address?.()
  return typeof address === 'string'
}
