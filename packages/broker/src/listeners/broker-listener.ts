/** One listener of the broker: opens its server, counts its connections, and closes with them. */
import type { DropArgument, Socket } from 'node:net'
import type { Stack } from '@mqtt-stack/core'
import { ReasonCode, Roster, Seat } from '@mqtt-stack/core'
import type { Address } from './address.ts'
import { authority, remoteOf } from './address.ts'
import type { Certificates } from './certificates.ts'
import type { Endpoint } from './endpoint.ts'
import { GRACE } from './grace.ts'
import { handshakeFailure } from './handshake-failure.ts'
import { listenFailed } from './listen-error.ts'
import type { OwnLimits } from './own-limits.ts'
import { Peer } from './peer.ts'
import { refusedAt } from './refused-at.ts'

export class BrokerListener {
  readonly #endpoint: Endpoint
  readonly #stack: Stack
  readonly #sockets = new Roster<Socket>()
  #shut: Promise<void> | undefined

  constructor(endpoint: Endpoint, stack: Stack) {
    this.#endpoint = endpoint
    this.#stack = stack
    endpoint.server.on('connection', this.#count)
    endpoint.server.on('drop', this.#dropped)
    // Of a TLS server; on others nobody emits it.
    endpoint.server.on('tlsClientError', this.#handshakeFailed)
  }

  /** @throws StackError `LISTEN_FAILED`. */
  async open(): Promise<Address> {
    const { place, server, where, makeRoom } = this.#endpoint
    const { transport } = place
    try {
      await this.#listen().catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EADDRINUSE' || (await makeRoom?.()) !== true) throw error
        await this.#listen()
      })
    } catch (error) {
      throw listenFailed(transport, where, error)
    }
    // What goes wrong with accepting, such as a lack of file descriptors, ends no connection that is there.
    server.on('error', (error) =>
      this.#stack.log.event('listener.failed', { transport, cause: error.message }, error),
    )
    return this.#endpoint.address()
  }

  /** Of TLS. */
  get certificates(): Certificates | undefined {
    return this.#endpoint.certificates
  }

  /** Of its own, where it has some. */
  get limits(): OwnLimits | undefined {
    return this.#endpoint.place.limits
  }

  /** Other ones from now on, for those who are connected too. */
  set limits(limits: OwnLimits | undefined) {
    this.#endpoint.place.limits = limits
  }

  /** Takes no new connections. */
  shut(): void {
    const { server } = this.#endpoint
    this.#shut ??= new Promise((resolve) => {
      if (server.listening) server.close(() => resolve())
      else resolve()
    })
  }

  /** Takes no new connections, and leaves those that are there as they are. Answers when they are gone. */
  async retire(): Promise<void> {
    this.shut()
    await this.#shut
    this.certificates?.close()
  }

  /** Waits until all connections are gone; those that do not go are cut off. */
  async close(): Promise<void> {
    this.certificates?.close()
    this.shut()
    const cutOff = this.#stack.clock.after(GRACE, () => {
      for (const socket of this.#sockets) socket.destroy()
    })
    await this.#shut
    cutOff.cancel()
  }

  #listen(): Promise<void> {
    const { server, listen } = this.#endpoint
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(listen, () => {
        server.off('error', reject)
        resolve()
      })
    })
  }

  readonly #count = (socket: Socket): void => {
    const seat = this.#sockets.add(new Seat(socket))
    socket.once('close', () => this.#sockets.delete(seat))
    // Node remembers it from here on: of a handshake that fails it is told when the connection may be gone.
    if (this.certificates !== undefined) remoteOf(socket)
  }

  /** One connection too many: Node has closed it. */
  readonly #dropped = (drop?: DropArgument): void => {
    const { place, server } = this.#endpoint
    const { remoteAddress, remotePort } = drop ?? {}
    const remote = remoteAddress === undefined ? undefined : authority(remoteAddress, remotePort)
    const { transport, name, providers } = place
    const listener = { transport, name, providers, local: transport === 'unix', remote }
    const reason = `more than ${server.maxConnections} connections (maxConnections)`
    refusedAt(this.#stack, listener, ReasonCode.QUOTA_EXCEEDED, reason)
  }

  readonly #handshakeFailed = (error: Error, socket: Socket): void => {
    const { place, handshakeTimeout = 0 } = this.#endpoint
    const listener = new Peer(place, socket)
    const scheme = place.transport === 'wss' ? 'wss' : 'mqtts'
    const reason = handshakeFailure(error, socket, { scheme, handshakeTimeout })
    refusedAt(this.#stack, listener, ReasonCode.UNSPECIFIED_ERROR, reason, error)
    // Node only tells of a handshake that takes too long.
    socket.destroy()
  }
}
