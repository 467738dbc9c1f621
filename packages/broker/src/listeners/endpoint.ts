/** A server that is ready to listen, and how those on a port are made. */
import type { ListenOptions, Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Client, Stack } from '@mqtt-stack/core'
import type { Address } from './address.ts'
import { authority, portAddress } from './address.ts'
import type { Certificates } from './certificates.ts'
import { expectProxy } from './expect-proxy.ts'
import type { TrustedProxies } from './option-rows.ts'
import { Peer } from './peer.ts'
import type { Place, PlaceConfig } from './place.ts'
import { placeOf } from './place.ts'
import type { SeenRequest } from './seen-request.ts'

/** Nothing has been opened yet. */
export interface Endpoint {
  readonly place: Place
  readonly server: Server
  readonly listen: ListenOptions
  /** What is to be opened, for messages. */
  readonly where: string
  /** Of TLS. */
  readonly certificates?: Certificates | undefined
  /** Of TLS: how long a handshake may take, in ms. */
  readonly handshakeTimeout?: number | undefined
  /** Where it is, once it listens. */
  address(): Address
  /** The place is taken: may make room, and tells whether it did. */
  makeRoom?(): Promise<boolean>
}

/** Hands a stream over to the stack. `seen`: the request of a WebSocket. */
export type Serve = (stream: Duplex, socket: Socket, seen?: SeenRequest) => Client

interface PortConfig extends PlaceConfig {
  readonly transport: Exclude<Address['transport'], 'unix'>
  readonly host: string
  readonly port: number
  readonly backlog: number
  readonly maxConnections: number
  readonly proxy: TrustedProxies | undefined
  readonly proxyTimeout: number
  readonly forwardedFor?: TrustedProxies | undefined
}

/** @param makeServer Makes a server that serves its connections. */
export function portEndpoint(
  config: PortConfig,
  stack: Stack,
  makeServer: (serve: Serve, place: Place) => Server,
): Endpoint {
  const { transport, host, port, backlog, maxConnections, proxy } = config
  const place = placeOf(config)
  const server = makeServer(
    (stream, socket, seen) => stack.connect(stream, new Peer(place, socket, seen)),
    place,
  )
  server.maxConnections = maxConnections
  if (proxy !== undefined) expectProxy(server, place, stack, proxy.from, config.proxyTimeout)
  return {
    place,
    server,
    listen: { host, port, backlog },
    where: authority(host, port),
    address() {
      const address = portAddress(transport, server)
      // A proxy reaches it, and who reaches the proxy.
      place.local = address.local && proxy === undefined && config.forwardedFor === undefined
      return { ...address, local: place.local }
    },
  }
}
