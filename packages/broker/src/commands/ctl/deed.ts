import type { OptionsSpec, Resolved } from '@mqtt-stack/core'
import type { Io } from '../command.ts'
import type { AdminClient } from './admin-client.ts'
import type { Row } from './table.ts'

/** What a deed works with. */
export interface Job {
  /** As it was called, for errors: `mqtt-stack ctl kick`. */
  readonly command: string
  readonly admin: AdminClient
  readonly operands: readonly string[]
  readonly flags: Readonly<Record<string, unknown>>
  readonly io: Io
  /** Prints text, or what was answered where JSON is wanted. */
  say(answer: unknown, text: () => string): void
  /** Rows in columns, as wide as the terminal at most, where there is one. */
  table(rows: readonly Row[], names: readonly string[]): string
}

/** One thing that `mqtt-stack ctl` does. */
export interface Deed {
  readonly operands: readonly string[]
  /** What an operand may be, for completions. */
  readonly choices: Readonly<Record<string, readonly string[]>>
  /** One line for --help. */
  readonly doc: string
  readonly flags: OptionsSpec<Record<string, unknown>>
  /** What flags want, for --help. */
  readonly wants: Readonly<Record<string, string>>
  /** @returns The exit code; 0 where nothing is said. */
  readonly run: (job: Job) => Promise<number | void>
}

/** A deed whose flags are typed by their table. */
export function deed<Flags extends object>(spec: {
  readonly operands?: readonly string[]
  readonly choices?: Readonly<Record<string, readonly string[]>>
  readonly doc: string
  readonly flags?: OptionsSpec<Flags>
  readonly wants?: { readonly [Key in keyof Flags]?: string }
  readonly run: (job: Omit<Job, 'flags'> & { readonly flags: Resolved<Flags> }) => Promise<number | void>
}): Deed {
  const { operands = [], choices = {}, doc, flags = {}, wants = {}, run } = spec
  // What is given was read by this table.
  return { operands, choices, doc, flags, wants, run } as unknown as Deed
}
