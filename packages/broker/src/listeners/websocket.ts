/** WebSocket, plain and secure: only upgrades to the subprotocol of MQTT are served. */
import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Client, Resolved, Stack, Timer } from '@mqtt-stack/core'
import { isLost, ReasonCode } from '@mqtt-stack/core'
import { WebSocketServer } from 'ws'
import { Certificates } from './certificates.ts'
import { ClosingWebSocket } from './closing-web-socket.ts'
import { limitEarly, SLACK } from './early-limit.ts'
import type { Endpoint, Serve } from './endpoint.ts'
import { portEndpoint } from './endpoint.ts'
import type { WsListenerOptions, WssListenerOptions } from './options.ts'
import { Peer } from './peer.ts'
import { refusedAt } from './refused-at.ts'
import { WebSocketStream } from './websocket-stream.ts'

type Config = Resolved<WsListenerOptions> | Resolved<WssListenerOptions>

/** The name of MQTT 3.1.1 and later [MQTT-6.0.0-3], and the one that clients of 3.1 use. */
const SUBPROTOCOLS = ['mqtt', 'mqttv3.1']
const HTTP: ServerOptions = { maxHeaderSize: 8_192 }

/** @throws StackError `LISTEN_FAILED` when a certificate or key cannot be used. */
export function webSocketEndpoint(config: Config, stack: Stack): Endpoint {
  const certificates = config.transport === 'wss' ? new Certificates(config, stack) : undefined
  const endpoint = portEndpoint(config, stack, (serve, place) => {
    const server =
      certificates?.makeServer((options) => createSecureServer({ ...HTTP, ...options })) ?? createServer(HTTP)
    const maxPayload = config.maxPayload ?? stack.config.packetLimit + SLACK
    const turnAway = (socket: Socket, reason: string, origin?: string): void => {
      refusedAt(stack, new Peer(place, socket, origin), ReasonCode.UNSPECIFIED_ERROR, reason)
    }
    const upgrade = upgrader(config.path, maxPayload, certificates?.watching(serve) ?? serve, turnAway)
    const began = new WeakMap<Duplex, Timer>()
    const answered = new WeakSet<Duplex>()
    server.on(config.transport === 'wss' ? 'secureConnection' : 'connection', (socket: Socket) => {
      const timer = stack.clock.after(config.upgradeTimeout, () => {
        if (!answered.has(socket)) turnAway(socket, `no WebSocket within ${config.upgradeTimeout} ms`)
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
      upgrade(request, socket, head, () => began.get(socket)?.cancel())
    })
    return server
  })
  return { ...endpoint, certificates }
}

type Upgrade = (request: IncomingMessage, socket: Socket, head: Buffer, upgraded: () => void) => void

/** @param turnAway Tells why somebody gets no WebSocket. */
function upgrader(
  path: string | undefined,
  maxPayload: number,
  serve: Serve,
  turnAway: (socket: Socket, reason: string, origin?: string) => void,
): Upgrade {
  const sockets = new WebSocketServer({
    noServer: true,
    WebSocket: ClosingWebSocket,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload,
    handleProtocols: (offered) => SUBPROTOCOLS.find((name) => offered.has(name)) ?? false,
  })
  const refuseUpgrade = (request: IncomingMessage, socket: Socket, status: string, text: string): void => {
    turnAway(socket, `a WebSocket that MQTT is not to be had on: ${text}`, request.headers.origin)
    answer(socket, status, text)
  }
  // What the library does not take.
  sockets.on('wsClientError', ({ message }, socket, request) =>
    refuseUpgrade(request, socket as Socket, '400 Bad Request', message),
  )
  return (request, socket, head, upgraded) => {
    const { origin } = request.headers
    socket.on('error', () => socket.destroy())
    if (path !== undefined && pathOf(request) !== path)
      return refuseUpgrade(request, socket, '404 Not Found', `MQTT is at ${path}`)
    if (!offersMqtt(request))
      return refuseUpgrade(request, socket, '400 Bad Request', 'offer the WebSocket subprotocol "mqtt"')
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      upgraded()
      const client = serve(new WebSocketStream(webSocket, socket), socket, origin)
      socket.on('error', (error) => broken(client, error))
      webSocket.on('error', (error) => broken(client, error))
      limitEarly(webSocket, socket, client)
    })
  }
}

/** The connection cannot go on; the farewell of MQTT does not come through any more. */
function broken(client: Client, cause: Error): void {
  if (!isLost(cause)) client.close(undefined, { reason: cause.message, cause })
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0]
}

function offersMqtt({ headers }: IncomingMessage): boolean {
  const offered = headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? []
  return SUBPROTOCOLS.some((name) => offered.includes(name))
}

function refuse(response: ServerResponse): void {
  const headers = { connection: 'close', upgrade: 'websocket', 'content-type': 'text/plain' }
  response.writeHead(426, headers).end('This is an MQTT broker: connect with a WebSocket.\n')
}

function answer(socket: Socket, status: string, text: string): void {
  const body = `${text}\n`
  const head = [
    `HTTP/1.1 ${status}`,
    'connection: close',
    'content-type: text/plain',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
