/** Where a listener is, in what it is told and in what it tells. */
import type { AddressInfo, Server, Socket } from 'node:net'
import { isLoopback } from '@mqtt-stack/core'

/** Where an open listener is. */
export interface Address {
  readonly transport: 'tcp' | 'tls' | 'ws' | 'wss' | 'unix'
  /** Numeric address; none for Unix sockets. */
  readonly host?: string
  readonly port?: number
  /** File of a Unix socket. */
  readonly path?: string
  /** What clients are told, such as `mqtt://127.0.0.1:1883`, or `ws://127.0.0.1:8080/mqtt` where a path is asked for. */
  readonly url: string
  /** Only this machine can reach it. */
  readonly local: boolean
}

const SCHEMES = { tcp: 'mqtt', tls: 'mqtts', ws: 'ws', wss: 'wss' } as const

/** The address that a server on a port got. */
export function portAddress(transport: keyof typeof SCHEMES, server: Server): Address {
  const { address: host, port } = server.address() as AddressInfo
  const url = `${SCHEMES[transport]}://${authority(host, port)}`
  return { transport, host, port, url, local: isLoopback(host) }
}

/** The address of a listener as a configuration has it. */
export function urlOf(listener: {
  readonly transport: Address['transport']
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly path?: string | undefined
}): string {
  const { transport, host = '', port, path = '' } = listener
  if (transport === 'unix') return `unix:${path}`
  return `${SCHEMES[transport]}://${authority(host, port)}${path === '/' ? '' : path}`
}

/** Host and port as a URL has them: IPv6 addresses in brackets. */
export function authority(host: string, port: number | undefined): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Address and port of the other side. */
export function remoteOf(socket: Socket): string | undefined {
  const { remoteAddress, remotePort } = socket
  return remoteAddress === undefined ? undefined : authority(remoteAddress, remotePort)
}
