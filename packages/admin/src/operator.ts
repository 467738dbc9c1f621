/** What only whoever made the stack can do: given to admin by the option `operator`. Each part may be missing. */

import type { ClientList } from '@mqtt-stack/core'

/** A listener as an operator sees it. */
export interface ListenerState {
  /** `tcp`, `tls`, `ws`, `wss`, `unix`. */
  readonly transport: string
  /** Where it listens, such as `mqtt://127.0.0.1:1883`. */
  readonly url: string
  /** What its user calls it. */
  readonly name?: string | undefined
  /** Only this machine can reach it. */
  readonly local: boolean
}

/** What a reload did. */
export interface ReloadReport {
  /** Parts that hold now. */
  readonly applied: readonly string[]
  /** Parts that take effect at the next start, and why. */
  readonly kept: readonly string[]
}

/** `@mqtt-stack/broker` hands itself. What is missing is answered by 501. Errors with a code of core’s are told as they are. */
export interface Operator {
  /** Who is connected, where somebody keeps a list already. */
  readonly clients?: ClientList
  /** Of the program, for `/api/about`. */
  readonly version?: string
  /** The listeners that are open. */
  listeners?(): readonly ListenerState[]
  /** Opens one more, with options as the configuration has them. */
  openListener?(options: Readonly<Record<string, unknown>>): Promise<ListenerState>
  /**
   * One takes no new connections any more; whoever is connected stays so.
   * @param url As {@link ListenerState.url} says.
   * @returns False where there is none.
   */
  closeListener?(url: string): Promise<boolean>
  /** Reads the configuration again. */
  reload?(): Promise<ReloadReport>
  /** The configuration as it holds, without secrets. */
  configuration?(): Readonly<Record<string, unknown>>
  /** Whether somebody may do something, and who says so. */
  explain?(question: Readonly<Record<string, unknown>>): Promise<unknown>
  /** How much is logged. */
  logLevel?(): string
  /** @returns False where there is no such level. */
  setLogLevel?(level: string): boolean
}
