import type { Socket } from 'node:net'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Version } from '../mqtt/encode.ts'
import { WebSocketDecoder, webSocketHeader, webSocketUpgrade } from './websocket.ts'
import { workspace } from './workspace.ts'

export type Transport = 'tcp' | 'tls' | 'ws'

/** Where the broker of a run listens and what is spoken to it. */
export interface Target {
  readonly port: number
  /** Of all nodes, where there are several. */
  readonly nodePorts?: readonly number[]
  readonly transport: Transport
  readonly version: Version
}

export interface WireEvents {
  opened(): void
  /** So many bytes lie at the workspace's start, for the length of this call. */
  bytes(length: number): void
  closed(error?: Error): void
}

const HOST = '127.0.0.1'

/** Opens a connection without the Nagle delay; what is to be written must already be in its envelope. */
export function openWire(target: Target, events: WireEvents): Socket {
  const socket = open[target.transport](target, events)
  let failure: Error | undefined
  socket.on('error', (error) => (failure = error))
  socket.on('close', () => events.closed(failure))
  return socket
}

/** Bytes as the transport carries them: bare, or in a binary frame. */
export function envelope(transport: Transport, bytes: Buffer): Buffer {
  return transport === 'ws' ? Buffer.concat([webSocketHeader(bytes.length), bytes]) : bytes
}

const open: Record<Transport, (target: Target, events: WireEvents) => Socket> = {
  tcp(target, events) {
    function callback(length: number): boolean {
      events.bytes(length)
      return true
    }
    const onread = { buffer: workspace.inbound, callback }
    const socket = connectTcp({ host: HOST, port: target.port, noDelay: true, onread })
    return socket.on('connect', () => events.opened())
  },

  tls(target, events) {
    const socket = connectTls({ host: HOST, port: target.port, rejectUnauthorized: false })
    socket.setNoDelay(true)
    socket.on('data', (chunk) => copyIn(chunk, 0, chunk.length, events))
    return socket.on('secureConnect', () => events.opened())
  },

  ws(target, events) {
    const socket = connectTcp({ host: HOST, port: target.port, noDelay: true })
    const decoder = new WebSocketDecoder({
      opened: () => events.opened(),
      payload: (chunk, start, end) => copyIn(chunk, start, end, events),
    })
    socket.on('data', (chunk) => decoder.push(chunk))
    return socket.on('connect', () => socket.write(webSocketUpgrade(HOST, target.port)))
  },
}

function copyIn(chunk: Buffer, start: number, end: number, events: WireEvents): void {
  for (let at = start; at < end; at += workspace.inbound.length) {
    const length = Math.min(end - at, workspace.inbound.length)
    chunk.copy(workspace.inbound, 0, at, at + length)
    events.bytes(length)
  }
}
