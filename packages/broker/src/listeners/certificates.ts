/** The certificates of a listener that is open: read again when their files change, without dropping a client. */
import type { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import type { DetailedPeerCertificate, Server, TlsOptions } from 'node:tls'
import { TLSSocket } from 'node:tls'
import type { Client, FileWatch, Stack, Timer } from '@mqtt-stack/core'
import { ReasonCode, Roster, Seat, watchFile } from '@mqtt-stack/core'
import { certificateProblem } from './certificate-problem.ts'
import type { Credentials, Secured } from './credentials.ts'
import { filesOf, loadCredentials } from './credentials.ts'
import type { Serve } from './endpoint.ts'
import { keyOf } from './revocation.ts'

/** How long other files may take to follow the first one that has changed: a certificate comes with its key. */
const SETTLE = 2_000

/** A client, and what revocation lists call its certificates. */
class Shown extends Seat<Client> {
  readonly keys: readonly string[]

  constructor(client: Client, keys: readonly string[]) {
    super(client)
    this.keys = keys
  }
}

export class Certificates {
  readonly #config: Secured
  readonly #stack: Stack
  readonly #watches: FileWatch[]
  /** Clients with certificates, where there are revocation lists. */
  readonly #clients = new Roster<Client, Shown>()
  #current: Credentials
  #revoked: ReadonlySet<string>
  #server: Server | undefined
  #soon: Timer | undefined
  #complaint: string | undefined

  /** @throws StackError `LISTEN_FAILED` naming what cannot be used. */
  constructor(config: Secured, stack: Stack) {
    this.#config = config
    this.#stack = stack
    // Before they are read: no change is missed.
    this.#watches = filesOf(config).map((file) => watchFile(file, this.#changed, stack.clock))
    try {
      this.#current = loadCredentials(config)
    } catch (error) {
      this.close()
      throw error
    }
    this.#revoked = this.#noteRevoked()
    this.#noteExpired()
  }

  /** Makes the server of these certificates, of node:tls or node:https. */
  makeServer<Made extends Server>(make: (options: TlsOptions) => Made): Made {
    const server = make(this.#serverOptions())
    this.#server = server
    return server
  }

  /** Serves connections, and watches over the certificates of their clients. */
  watching(serve: Serve): Serve {
    if (this.#config.ca === undefined) return serve
    return (stream, socket, ...rest) => {
      const client = serve(stream, socket, ...rest)
      this.#judge(client, socket)
      return client
    }
  }

  /**
   * Reads everything again, and changes nothing yet.
   * @returns What puts it to use.
   * @throws StackError `LISTEN_FAILED` naming what cannot be used.
   */
  reload(): () => void {
    const loaded = loadCredentials(this.#config)
    return () => this.#use(loaded)
  }

  /** Reads everything again and puts it to use; what cannot be used changes nothing, and is logged once. */
  refresh(): void {
    try {
      this.reload()()
    } catch (error) {
      const { message } = error as Error
      if (message === this.#complaint) return
      this.#complaint = message
      this.#stack.log.event('certificates.failed', { cause: message }, error as Error)
    }
  }

  /** Files are watched no more. */
  close(): void {
    this.#soon?.cancel()
    for (const watch of this.#watches) watch.close()
  }

  #serverOptions(): TlsOptions {
    const { ca, certificates, clientCertificate, handshakeTimeout, tls } = this.#config
    const rejectUnauthorized = clientCertificate !== 'optional'
    return {
      ...this.#current.options,
      ...(ca !== undefined && { requestCert: true, rejectUnauthorized }),
      ...(certificates !== undefined && {
        SNICallback: (name, answer) => answer(null, this.#current.byName.find(name)),
      }),
      handshakeTimeout,
      ...tls,
    }
  }

  #use(credentials: Credentials): void {
    this.#current = credentials
    this.#complaint = undefined
    // New handshakes see it, with and without SNI; tickets of former sessions hold no longer.
    this.#server?.setSecureContext(this.#serverOptions())
    this.#revoked = this.#noteRevoked()
    for (const { member, keys } of this.#clients.taken()) this.#closeRevoked(member, keys)
    this.#stack.log.event('certificates.reloaded', { transport: this.#config.transport })
    this.#noteExpired()
  }

  readonly #changed = (): void => {
    this.#soon?.cancel()
    this.#soon = this.#stack.clock.after(SETTLE, () => this.refresh())
  }

  #noteExpired(): void {
    const now = this.#stack.clock.wall()
    for (const end of this.#current.ends) {
      if (end > now) continue
      const until = new Date(end).toISOString()
      this.#stack.log.event('certificates.expired', { transport: this.#config.transport, until })
    }
  }

  #noteRevoked(): ReadonlySet<string> {
    const { revocations } = this.#current
    const now = this.#stack.clock.wall()
    for (const { until } of revocations) {
      if (until === undefined || until > now) continue
      const due = new Date(until).toISOString()
      this.#stack.log.event('certificates.overdue', { transport: this.#config.transport, due })
    }
    return new Set(revocations.flatMap(({ revoked }) => revoked))
  }

  #judge(client: Client, socket: Socket): void {
    if (!(socket instanceof TLSSocket)) return
    const problem = this.#problemOf(socket)
    if (problem !== undefined) {
      this.#stack.closeClient(client, ReasonCode.NOT_AUTHORIZED, problem)
      return
    }
    if (this.#config.crl === undefined || !socket.authorized) return
    const keys = chainOf(socket).map(keyOf)
    if (keys.length === 0) return
    const shown = this.#clients.add(new Shown(client, keys))
    client.onClose(() => this.#clients.delete(shown))
    // One that has been revoked since the handshake began.
    this.#closeRevoked(client, keys)
  }

  /** What the handshake lets pass. */
  #problemOf(socket: TLSSocket): string | undefined {
    const { authorized, authorizationError } = socket
    if (authorized && !socket.isSessionReused()) return undefined
    const { raw, valid_to: until } = socket.getPeerCertificate() as Partial<DetailedPeerCertificate>
    if (raw === undefined) return undefined
    if (!authorized) {
      const asked = this.#config.tls?.rejectUnauthorized === false
      return asked ? undefined : `its certificate ${certificateProblem(authorizationError)}`
    }
    // OpenSSL looks at dates in a whole handshake, and not when a session goes on, which it may do time and again.
    const isOver = Date.parse(until as string) < this.#stack.clock.wall()
    return isOver ? 'its certificate has run out' : undefined
  }

  #closeRevoked(client: Client, keys: readonly string[]): void {
    if (keys.some((key) => this.#revoked.has(key)))
      this.#stack.closeClient(client, ReasonCode.NOT_AUTHORIZED, 'its certificate has been revoked')
  }
}

/** The certificate that the client has shown and those that vouch for it, in DER; none where it has shown none. */
function chainOf(socket: TLSSocket): Buffer[] {
  const chain: Buffer[] = []
  let next = socket.getPeerCertificate(true) as DetailedPeerCertificate | undefined | null
  while (next?.raw !== undefined) {
    chain.push(next.raw)
    // The last one vouches for itself.
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate
  }
  return chain
}
