/** WebSocket, plain and secure: only upgrades to the subprotocol of MQTT are served. */
import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Resolved, Stack, Timer } from '@mqtt-stack/core'
import type { Address } from './address.ts'
import { Certificates } from './certificates.ts'
import type { Endpoint } from './endpoint.ts'
import { portEndpoint } from './endpoint.ts'
import type { WsListenerOptions, WssListenerOptions } from './options.ts'
import { answer, Upgrader } from './upgrade.ts'

type Config = Resolved<WsListenerOptions> | Resolved<WssListenerOptions>

const HTTP: ServerOptions = { maxHeaderSize: 8_192 }
/** How TLS begins, and the packet type of CONNECT. */
const TLS_HANDSHAKE = 0x16
const CONNECT = 1
/** Node found too many headers. */
const HEADERS = 'HPE_HEADER_OVERFLOW'

/** @throws StackError `LISTEN_FAILED` when a certificate or key cannot be used. */
export function webSocketEndpoint(config: Config, stack: Stack): Endpoint {
  const certificates = config.transport === 'wss' ? new Certificates(config, stack) : undefined
  const endpoint = portEndpoint(config, stack, (serve, place) => {
    const server =
      certificates?.makeServer((options) => createSecureServer({ ...HTTP, ...options })) ?? createServer(HTTP)
    const upgrader = new Upgrader(place, stack, certificates?.watching(serve) ?? serve, config)
    const began = new WeakMap<Duplex, Timer>()
    const answered = new WeakSet<Duplex>()
    server.on(config.transport === 'wss' ? 'secureConnection' : 'connection', (socket: Socket) => {
      const timer = stack.clock.after(config.upgradeTimeout, () => {
        if (!answered.has(socket))
          upgrader.turnAway(socket, `no WebSocket within ${config.upgradeTimeout} ms`)
        socket.destroy()
      })
      began.set(socket, timer)
      // The timer knows the socket: what a WeakMap has for it must not, or both stay until the whole heap is collected.
      socket.once('close', () => {
        timer.cancel()
        began.delete(socket)
      })
    })
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      answered.add(request.socket)
      refuse(response)
    })
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      // TLS that has failed is told as that.
      const isHttp = error.code?.startsWith('HPE_') === true
      if (isHttp && !answered.has(socket)) upgrader.turnAway(socket, noHttp(error, config.transport))
      answered.add(socket)
      if (!isHttp || !socket.writable) socket.destroy()
      else if (error.code === HEADERS) answer(socket, '431 Request Header Fields Too Large', 'too much')
      else answer(socket, '400 Bad Request', 'this is no HTTP')
    })
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      answered.add(socket)
      upgrader.upgrade(request, socket, head, () => began.get(socket)?.cancel())
    })
    return server
  })
  const handshakeTimeout = config.transport === 'wss' ? config.handshakeTimeout : undefined
  const path = config.path === undefined || config.path === '/' ? '' : config.path
  const address = (): Address => {
    const { url, ...where } = endpoint.address()
    return { ...where, url: `${url}${path}` }
  }
  return { ...endpoint, certificates, handshakeTimeout, address }
}

/** What somebody speaks who does not speak HTTP. */
function noHttp({ code, rawPacket }: { code?: string; rawPacket?: Buffer }, scheme: 'ws' | 'wss'): string {
  if (code === HEADERS) return `an HTTP request with headers of more than ${HTTP.maxHeaderSize} bytes`
  if (scheme === 'ws' && rawPacket?.[0] === TLS_HANDSHAKE)
    return 'the client speaks TLS, and this listener does not: have it connect with ws://, or to a listener that has a certificate'
  if (rawPacket !== undefined && rawPacket[0] >> 4 === CONNECT)
    return 'the client speaks MQTT without a WebSocket: have it connect to a listener of mqtt:// or mqtts://'
  return `what came is no HTTP request (${code})`
}

function refuse(response: ServerResponse): void {
  const headers = { connection: 'close', upgrade: 'websocket', 'content-type': 'text/plain' }
  response.writeHead(426, headers).end('This is an MQTT broker: connect with a WebSocket.\n')
}
