/** A path of somebody else's HTTP server on which MQTT is served over WebSocket. */
import type { Buffer } from 'node:buffer'
import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import type { OptionsSpec, Stack } from '@mqtt-stack/core'
import { Roster, resolveOptions, Seat, StackError } from '@mqtt-stack/core'
import { checkListener } from './check-options.ts'
import { checkProviders } from './check-providers.ts'
import { GRACE } from './grace.ts'
import type { CommonOptions, UpgradeOptions } from './option-rows.ts'
import { COMMON, UPGRADE } from './option-rows.ts'
import type { OwnLimits } from './own-limits.ts'
import { Peer } from './peer.ts'
import type { Place } from './place.ts'
import { placeOf } from './place.ts'
import { answer, Upgrader } from './upgrade.ts'

export interface AttachOptions
  extends Pick<CommonOptions, 'name' | 'providers' | 'limits'>,
    Pick<UpgradeOptions, 'path' | 'origins' | 'forwardedFor' | 'maxPayload'> {}

/** The table of `broker.attach()`. */
export const ATTACH_OPTIONS: OptionsSpec<AttachOptions> = {
  name: COMMON.name,
  providers: COMMON.providers,
  limits: COMMON.limits,
  path: { kind: 'string', default: '/mqtt', doc: 'The path that is served; others are left to others.' },
  origins: UPGRADE.origins,
  forwardedFor: UPGRADE.forwardedFor,
  maxPayload: UPGRADE.maxPayload,
}

/** A server of node:http or node:https. */
export type WebServer = HttpServer | HttpsServer

/** Paths that are served already, by any broker: one socket cannot be upgraded twice. */
const served = new WeakMap<WebServer, Set<string>>()

export class Attachment {
  readonly #server: WebServer
  readonly #stack: Stack
  readonly #upgrader: Upgrader
  /** What all of its connections have in common, and the path. */
  readonly place: Pick<Place, 'transport' | 'name' | 'providers'> & { readonly path: string }
  /** Of its own, where it has some. */
  readonly limits: OwnLimits | undefined
  readonly #path: string
  readonly #sockets = new Roster<Socket>()

  /** @throws StackError `OPTION_UNKNOWN` or `OPTION_INVALID`. */
  constructor(server: WebServer, stack: Stack, options: AttachOptions) {
    const config = resolveOptions('attach', options, ATTACH_OPTIONS)
    const path = config.path as string
    checkListener('attach', config)
    checkProviders(stack, 'attach', config.providers)
    const paths = pathsOf(server)
    if (!path.startsWith('/')) throw invalid(`option "path" must begin with "/", not ${JSON.stringify(path)}`)
    if (paths.has(path)) throw invalid(`a broker serves ${path} of this server already: choose another path`)
    this.#server = server
    this.#stack = stack
    this.#path = path
    const place = placeOf({ ...config, transport: server instanceof TlsServer ? 'wss' : 'ws' })
    this.limits = place.limits
    this.place = { transport: place.transport, name: place.name, providers: place.providers, path }
    this.#upgrader = new Upgrader(
      place,
      stack,
      (stream, socket, seen) => stack.connect(stream, new Peer(place, socket, seen)),
      config,
    )
    paths.add(path)
    server.on('upgrade', this.#upgrade)
  }

  /** Serves no new connections. */
  shut(): void {
    this.#server.off('upgrade', this.#upgrade)
    served.get(this.#server)?.delete(this.#path)
  }

  /** Waits until all its connections are gone; those that do not go are cut off. The server stays open. */
  async close(): Promise<void> {
    this.shut()
    if (this.#sockets.size === 0) return
    const gone = [...this.#sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    const cutOff = this.#stack.clock.after(GRACE, () => {
      for (const socket of this.#sockets) socket.destroy()
    })
    await Promise.all(gone)
    cutOff.cancel()
  }

  readonly #upgrade = (request: IncomingMessage, socket: Socket, head: Buffer): void => {
    if (this.#upgrader.serves(request)) {
      const seat = this.#sockets.add(new Seat(socket))
      socket.once('close', () => this.#sockets.delete(seat))
      this.#upgrader.upgrade(request, socket, head, () => {})
      return
    }
    // Where nobody else listens, nobody else answers, and the request would hang.
    if (this.#server.listenerCount('upgrade') > 1) return
    socket.on('error', () => socket.destroy())
    answer(socket, '404 Not Found', 'no WebSocket here')
  }
}

function pathsOf(server: WebServer): Set<string> {
  if (typeof (server as Partial<WebServer> | undefined)?.on !== 'function')
    throw invalid('give a server of node:http or node:https')
  const paths = served.get(server) ?? new Set()
  served.set(server, paths)
  return paths
}

function invalid(text: string): StackError {
  return new StackError('OPTION_INVALID', `attach: ${text}`)
}
