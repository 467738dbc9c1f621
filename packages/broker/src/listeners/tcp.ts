/** Plain TCP. */
import { createServer } from 'node:net'
import type { Resolved, Stack } from '@mqtt-stack/core'
import type { Endpoint } from './endpoint.ts'
import { portEndpoint } from './endpoint.ts'
import type { TcpListenerOptions } from './options.ts'

export function tcpEndpoint(config: Resolved<TcpListenerOptions>, stack: Stack): Endpoint {
  return portEndpoint(config, stack, (serve) => createServer((socket) => serve(socket, socket)))
}
