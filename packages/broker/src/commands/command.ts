/** A word behind `mqtt-stack` that does something else than to run a broker. */
import type { CommandLineShape } from './command-line.ts'

/** Where a command reads and writes: a process, or a test's. */
export interface Io {
  /** A terminal has `setRawMode`. */
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown }
  readonly stdout: {
    readonly isTTY?: boolean
    /** How wide a terminal is. */
    readonly columns?: number
    /** @returns `false` where `drain` should come before more. */
    write(text: string | Uint8Array): unknown
    on?(event: 'error', listener: (error: Error) => void): unknown
    once?(event: 'drain', listener: () => void): unknown
  }
  readonly stderr: { write(text: string): unknown }
  readonly env: Readonly<NodeJS.ProcessEnv>
}

export interface Command {
  /** What stands behind it: `FILE USER`. */
  readonly usage: string
  /** One line for --help. */
  readonly doc: string
  /** What may stand behind it, for completions and documentation: one line, or one for each word behind it. */
  readonly lines: () => Promise<readonly CommandLineShape[]>
  /**
   * @param args What stands behind the command.
   * @returns The exit code.
   * @throws Error whose message is one line for stderr.
   */
  readonly run: (args: readonly string[], io: Io) => Promise<number>
}
