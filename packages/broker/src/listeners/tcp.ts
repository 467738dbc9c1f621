/** Plain TCP. */
import { createServer } from 'node:net'
import type { Resolved, Stack } from '@mqtt-stack/core'
import type { Entrance } from './entrance.ts'
import { portEntrance } from './entrance.ts'
import type { TcpListenerOptions } from './options.ts'

export function tcpEntrance(config: Resolved<TcpListenerOptions>, stack: Stack): Entrance {
  return portEntrance('tcp', config, stack, (serve) => createServer((socket) => serve(socket, socket)))
}
