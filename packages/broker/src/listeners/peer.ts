import type { Socket } from 'node:net'
import type { PeerCertificate } from 'node:tls'
import { TLSSocket } from 'node:tls'
import type { Listener, ListenerLimits, TlsFacts, UpgradeRequest } from '@mqtt-stack/core'
import { isLoopback } from '@mqtt-stack/core'
import { remoteOf } from './address.ts'
import { beneath } from './beneath.ts'
import type { Forwarded } from './forwarded-for.ts'
import type { Place } from './place.ts'
import type { Proxied } from './proxy/proxy-gate.ts'
import type { SeenRequest } from './seen-request.ts'

/**
 * Where a connection came in. Who is on the other side is looked up when somebody asks, for that is a system call, and
 * remembered, for it cannot be looked up once the connection is gone.
 */
export class Peer implements Listener {
  readonly #place: Place
  readonly #socket: Socket
  readonly #proxied: Proxied | undefined
  readonly #seen: SeenRequest | undefined
  /** Looked at while the connection is there: behind it nobody could say any more that it came from a proxy. */
  readonly #forwarded: Forwarded | undefined
  #remote: string | undefined
  #certificate: Partial<PeerCertificate> | undefined

  /** @param seen The request of a WebSocket. */
  constructor(place: Place, socket: Socket, seen?: SeenRequest) {
    this.#place = place
    this.#socket = socket
    this.#proxied = place.gate?.of(socket)
    this.#seen = seen
    this.#forwarded = seen?.forwarded(this.#proxied?.host ?? socket.remoteAddress)
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

  get limits(): ListenerLimits | undefined {
    return this.#place.limits
  }

  /** Nobody but this machine reaches its listener, or the other side is this machine and speaks for nobody else. */
  get local(): boolean {
    if (this.#place.gate !== undefined || this.#seen?.foreign || this.#forwarded?.relayed) return false
    if (this.#place.local) return true
    const { remoteAddress = beneath(this.#socket)?.remoteAddress ?? '' } = this.#socket
    return isLoopback(remoteAddress)
  }

  get remote(): string | undefined {
    this.#remote ??= this.#forwarded?.client ?? this.#connected
    return this.#remote
  }

  get proxy(): string | undefined {
    return this.#forwarded?.client === undefined ? this.#proxied?.proxy : this.#connected
  }

  get origin(): string | undefined {
    return this.#seen?.origin
  }

  get request(): UpgradeRequest | undefined {
    return this.#seen?.request
  }

  /** Where a proxy speaks TLS with the client, ours is with the proxy. */
  get tls(): TlsFacts | undefined {
    return this.#proxied?.tls ?? tlsFactsOf(this.#socket)
  }

  certificate(): Partial<PeerCertificate> | undefined {
    this.#certificate ??= this.#proxied?.tls ? told(this.#proxied.commonName) : certificateOf(this.#socket)
    return this.#certificate
  }

  /** Of TLS that is gone. */
  get #beneath(): string | undefined {
    const plain = beneath(this.#socket)
    return plain && remoteOf(plain)
  }

  /** Who is connected, or whom a PROXY header names. */
  get #connected(): string | undefined {
    return this.#proxied?.remote ?? remoteOf(this.#socket) ?? this.#beneath
  }
}

/** Node calls a resumed session without a certificate authorized too: there has to be one. */
function certificateOf(socket: Socket): PeerCertificate | undefined {
  if (!(socket instanceof TLSSocket && socket.authorized)) return undefined
  // `null` once the connection is gone, and `{}` where the client has shown none.
  const shown = socket.getPeerCertificate() as PeerCertificate | null
  return shown?.raw === undefined ? undefined : shown
}

/** What a proxy tells of a certificate: the common name alone. */
function told(commonName: string | undefined): Partial<PeerCertificate> | undefined {
  return commonName === undefined ? undefined : { subject: { CN: commonName } as PeerCertificate['subject'] }
}

function tlsFactsOf(socket: Socket): TlsFacts | undefined {
  if (!(socket instanceof TLSSocket)) return undefined
  const serverName = (socket as TLSSocket & { servername?: string | false | null }).servername || undefined
  const cipher = socket.getCipher() as { standardName?: string } | undefined
  return { version: socket.getProtocol() ?? undefined, cipher: cipher?.standardName, serverName }
}
