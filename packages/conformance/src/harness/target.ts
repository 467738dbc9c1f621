/** The broker under test, as a test sees it. */
import type { Duplex } from 'node:stream'

/** Somebody the broker knows. */
export interface Credentials {
  readonly username: string
  readonly password: string
}

/** An authentication method that the broker has, and a client's part in it. */
export interface EnhancedAuthentication {
  readonly method: string
  /** What the CONNECT, or the AUTH that begins anew, carries. */
  readonly first: Uint8Array
  /** The client's answer to the broker's data. */
  answer(challenge: Uint8Array): Uint8Array
  /** An answer that the broker refuses. */
  readonly wrong: Uint8Array
}

/** How to reach a broker, and what is known about it. All but `connect` may be left out: tests that need it are skipped. */
export interface Target {
  /** A new connection on which nothing was sent. */
  connect(): Duplex | Promise<Duplex>
  /** Lets that much time pass for the broker, without waiting. Without it, time passes by waiting. */
  advance?(ms: number): Promise<void>
  /** Waits until the broker has done all it is about to do. Without it, tests rely on barriers alone. */
  settle?(): Promise<void>
  /** Called when the test is over. */
  close?(): Promise<void>
  /** Whom the broker lets in, where it does not let in everybody. */
  readonly credentials?: Credentials
  /** Whom it refuses. */
  readonly strangers?: Credentials
  /** A client identifier that it refuses. */
  readonly refusedClientId?: string
  /** A topic that the broker's rules forbid to publish, and to subscribe to. */
  readonly forbiddenTopic?: string
  readonly enhanced?: EnhancedAuthentication
  /** A new connection to where it serves WebSockets, before the handshake, and the path to ask for. */
  readonly webSocket?: { readonly path: string; connect(): Duplex | Promise<Duplex> }
}

/** Makes a target; a broker of its own for a test, or always the same. */
export type Setup = () => Target | Promise<Target>
