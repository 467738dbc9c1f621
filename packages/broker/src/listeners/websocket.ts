/** WebSocket, plain and secure: only upgrades to the subprotocol of MQTT are served. */
import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Resolved, Stack, Timer } from '@mqtt-stack/core'
import { Certificates } from './certificates.ts'
import type { Endpoint } from './endpoint.ts'
import { portEndpoint } from './endpoint.ts'
import type { WsListenerOptions, WssListenerOptions } from './options.ts'
import { Upgrader } from './upgrade.ts'

type Config = Resolved<WsListenerOptions> | Resolved<WssListenerOptions>

const HTTP: ServerOptions = { maxHeaderSize: 8_192 }

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
      socket.once('close', () => timer.cancel())
    })
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      answered.add(request.socket)
      refuse(response)
    })
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      answered.add(socket)
      upgrader.upgrade(request, socket, head, () => began.get(socket)?.cancel())
    })
    return server
  })
  return { ...endpoint, certificates }
}

function refuse(response: ServerResponse): void {
  const headers = { connection: 'close', upgrade: 'websocket', 'content-type': 'text/plain' }
  response.writeHead(426, headers).end('This is an MQTT broker: connect with a WebSocket.\n')
}
