/** Makes a WebSocket of an HTTP request, and a client of the WebSocket. */
import { Buffer } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Client, Stack } from '@mqtt-stack/core'
import { isLost, ReasonCode } from '@mqtt-stack/core'
import { WebSocketServer } from 'ws'
import { AddressList } from './address-list.ts'
import { ClosingWebSocket } from './closing-web-socket.ts'
import { limitEarly, SLACK } from './early-limit.ts'
import type { Serve } from './endpoint.ts'
import type { UpgradeOptions } from './option-rows.ts'
import { isAllowedOrigin } from './origins.ts'
import { Peer } from './peer.ts'
import type { Place } from './place.ts'
import { refusedAt } from './refused-at.ts'
import { SeenRequest } from './seen-request.ts'
import { WebSocketStream } from './websocket-stream.ts'

/** The name of MQTT 3.1.1 and later [MQTT-6.0.0-3], and the one that clients of 3.1 use. */
const SUBPROTOCOLS = ['mqtt', 'mqttv3.1']

/** Serves the upgrades of one HTTP server. */
export class Upgrader {
  readonly #place: Place
  readonly #stack: Stack
  readonly #serve: Serve
  readonly #options: UpgradeOptions
  readonly #proxies: AddressList | undefined
  readonly #sockets: WebSocketServer

  constructor(place: Place, stack: Stack, serve: Serve, options: UpgradeOptions) {
    this.#place = place
    this.#stack = stack
    this.#serve = serve
    this.#options = options
    const { forwardedFor, maxPayload = stack.config.packetLimit + SLACK } = options
    this.#proxies = forwardedFor === undefined ? undefined : new AddressList(forwardedFor.from)
    this.#sockets = new WebSocketServer({
      noServer: true,
      WebSocket: ClosingWebSocket,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload,
      handleProtocols: (offered) => SUBPROTOCOLS.find((name) => offered.has(name)) ?? false,
    })
    // What the library does not take.
    this.#sockets.on('wsClientError', ({ message }, socket, request) =>
      this.#refuse(request, socket as Socket, '400 Bad Request', message),
    )
  }

  /** Whether a request is for the path that is served. */
  serves({ url = '/' }: IncomingMessage): boolean {
    const { path } = this.#options
    return path === undefined || url.split('?', 1)[0] === path
  }

  /** @param upgraded Called when the request was answered with a WebSocket. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, upgraded: () => void): void {
    const { path, origins } = this.#options
    const { origin, host } = request.headers
    socket.on('error', () => socket.destroy())
    if (!this.serves(request)) this.#refuse(request, socket, '404 Not Found', `MQTT is at ${path}`)
    else if (!isAllowedOrigin(origin, host, origins)) this.#refuseOrigin(request, socket)
    else if (!offersMqtt(request))
      this.#refuse(request, socket, '400 Bad Request', 'offer the WebSocket subprotocol "mqtt"')
    else {
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        upgraded()
        const stream = new WebSocketStream(webSocket, socket)
        const client = this.#serve(stream, socket, new SeenRequest(request, this.#proxies))
        socket.on('error', (error) => broken(client, error))
        webSocket.on('error', (error) => broken(client, error))
        limitEarly(webSocket, socket, client)
      })
    }
  }

  /** Tells why somebody gets no WebSocket. */
  turnAway(
    socket: Socket,
    reason: string,
    request?: IncomingMessage,
    reasonCode: ReasonCode = ReasonCode.UNSPECIFIED_ERROR,
  ): void {
    const seen = request && new SeenRequest(request, this.#proxies)
    refusedAt(this.#stack, new Peer(this.#place, socket, seen), reasonCode, reason)
  }

  #refuseOrigin(request: IncomingMessage, socket: Socket): void {
    const reason = 'pages of this origin may not connect (option "origins")'
    this.turnAway(socket, reason, request, ReasonCode.NOT_AUTHORIZED)
    answer(socket, '403 Forbidden', 'pages of this origin may not connect')
  }

  #refuse(request: IncomingMessage, socket: Socket, status: string, text: string): void {
    this.turnAway(socket, `a WebSocket that MQTT is not to be had on: ${text}`, request)
    answer(socket, status, text)
  }
}

/** The connection cannot go on; the farewell of MQTT does not come through any more. */
function broken(client: Client, cause: Error): void {
  if (!isLost(cause)) client.close(undefined, { reason: cause.message, cause })
}

function offersMqtt({ headers }: IncomingMessage): boolean {
  const offered = headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? []
  return SUBPROTOCOLS.some((name) => offered.includes(name))
}

/** Answers a request for an upgrade with a line of text, and ends the connection. */
export function answer(socket: Socket, status: string, text: string): void {
  const body = `${text}\n`
  const head = [
    `HTTP/1.1 ${status}`,
    'connection: close',
    'content-type: text/plain',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
