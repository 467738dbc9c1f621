import type { Socket } from 'node:net'
import type { PeerCertificate } from 'node:tls'
import { TLSSocket } from 'node:tls'
import type { Listener } from '@mqtt-stack/core'
import { isLoopback } from '@mqtt-stack/core'
import { remoteOf } from './address.ts'
import type { Place } from './place.ts'

/**
 * Where a connection came in. Who is on the other side is looked up when somebody asks, for that is a system call, and
 * remembered, for it cannot be looked up once the connection is gone.
 */
export class Peer implements Listener {
  readonly origin: string | undefined
  readonly #place: Place
  readonly #foreign: boolean
  readonly #socket: Socket
  #remote: string | undefined
  #certificate: PeerCertificate | undefined

  /**
   * @param origin The site whose page opened the connection; one from elsewhere is never local, for browsers let every
   * page reach the loopback address.
   */
  constructor(place: Place, socket: Socket, origin?: string) {
    this.origin = origin
    this.#place = place
    this.#foreign = origin !== undefined && isForeign(origin)
    this.#socket = socket
  }

  get transport(): string {
    return this.#place.transport
  }

  get name(): string | undefined {
    return this.#place.name
  }

  get providers(): readonly string[] | undefined {
    return this.#place.providers
  }

  /** Nobody but this machine reaches its listener, or the other side is this machine. */
  get local(): boolean {
    if (this.#foreign) return false
    return this.#place.local || isLoopback(this.#socket.remoteAddress ?? '')
  }

  get remote(): string | undefined {
    this.#remote ??= remoteOf(this.#socket)
    return this.#remote
  }

  /** Node calls a resumed session without a certificate authorized too: there has to be one. */
  certificate(): PeerCertificate | undefined {
    const socket = this.#socket
    if (this.#certificate === undefined && socket instanceof TLSSocket && socket.authorized) {
      // `null` once the connection is gone, and `{}` where the client has shown none.
      const shown = socket.getPeerCertificate() as PeerCertificate | null
      if (shown?.raw !== undefined) this.#certificate = shown
    }
    return this.#certificate
  }
}

/** Whether a page is of no site on this machine. */
function isForeign(origin: string): boolean {
  if (!URL.canParse(origin)) return true
  const host = new URL(origin).hostname.replace(/^\[|\]$/g, '')
  return host !== 'localhost' && !isLoopback(host)
}
