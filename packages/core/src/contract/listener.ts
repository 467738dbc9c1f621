/** Where a connection came in, and what is known of the other side. */
import type { PeerCertificate } from 'node:tls'

/** Where a connection came in. */
export interface Listener {
  /** `tcp`, `tls`, `ws`, `wss`, `unix`, `memory`, or a name of the user's own. */
  readonly transport: string
  /** Only this machine can reach it: loopback, a Unix socket, memory. What came through a proxy is never local. */
  readonly local: boolean
  /**
   * Address of the other side, where there is one, such as `192.0.2.1:50000` or `[2001:db8::1]:50000`; without a port
   * where a web server passed it on. Ask for it while the connection is open.
   */
  readonly remote?: string | undefined
  /** The site whose page opened the connection: browsers say so over WebSocket. */
  readonly origin?: string | undefined
  /** What its user calls the listener. */
  readonly name?: string | undefined
  /**
   * Names of the middlewares that are asked who clients of this listener are, such as `PasswordAuth`; all where it is
   * undefined. The stack passes over the others (`asks` of a callback's rule).
   */
  readonly providers?: readonly string[] | undefined
  /** What holds here in place of the limits of the whole broker, for whoever limits; absent: nothing does. */
  readonly limits?: ListenerLimits | undefined
  /** Address of the proxy that the connection came through, where `remote` is what the proxy says. */
  readonly proxy?: string | undefined
  /** The HTTP request that a WebSocket began with. */
  readonly request?: UpgradeRequest | undefined
  /** What was agreed on in the client's TLS handshake, ours or the one that a proxy tells of. */
  readonly tls?: TlsFacts | undefined
  /**
   * The client's certificate, if it was verified: the client has proved that it has the key, and an authority of the
   * listener's vouches for it. A trusted proxy that tells of one may know the subject's common name alone: what else is
   * there has to be looked at before it is used.
   */
  certificate?(): Partial<PeerCertificate> | undefined
}

/** Limits of a listener's own: one object for all its clients, which may hold other options after a reload. */
export interface ListenerLimits {
  /** Names it in errors: `limits of the tcp listener "house"`. */
  readonly owner: string
  /** Options of `@mqtt-stack/rate-limit` that its table allows for one listener. */
  readonly options: Readonly<Record<string, unknown>>
}

/** The HTTP request of a WebSocket. It may hold secrets: do not log it. */
export interface UpgradeRequest {
  /** Path and query, such as `/mqtt?token=…`. */
  readonly url: string
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Cookies by name, decoded; of two of one name the first. */
  readonly cookies: ReadonlyMap<string, string>
}

/** What a TLS handshake agreed on, as far as it is known. */
export interface TlsFacts {
  /** Such as `TLSv1.3`. */
  readonly version?: string | undefined
  /** Such as `TLS_AES_256_GCM_SHA384`. */
  readonly cipher?: string | undefined
  /** The name that the client asked for (SNI). */
  readonly serverName?: string | undefined
}

/**
 * Where the process itself comes in, as `broker.subscribe()` does: whoever is connected with this very object is let in, and
 * may do everything, whatever providers and rules say.
 */
export const PROCESS: Listener = Object.freeze({ transport: 'process', local: true, name: 'process' })
