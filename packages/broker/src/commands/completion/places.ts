/** Where a shell completes: each command with its flags, from the tables by which they are read. */
import type { OptionSpec } from '@mqtt-stack/core'
import type { CommandLineShape } from '../command-line.ts'

export interface CompletedFlag {
  /** Without hyphens. */
  readonly name: string
  /** One letter. */
  readonly short: string | undefined
  readonly doc: string
  /** What may stand behind it; `free` is what nobody can guess, `none` is nothing. */
  readonly value: 'none' | 'free' | 'file' | readonly string[]
}

export interface Word {
  readonly word: string
  readonly doc: string
}

export interface Place {
  /** The words that lead here behind `mqtt-stack`: none, `pub`, or `ctl kick`. */
  readonly words: string
  /** Commands, or what an operand may be. */
  readonly next: readonly Word[]
  /** A file may stand here. */
  readonly files: boolean
  readonly flags: readonly CompletedFlag[]
}

/** What wants a path. */
const PATHS: ReadonlySet<string> = new Set(['file', 'directory', 'FILE', 'MOSQUITTO.CONF'])
const HELP: CompletedFlag = { name: 'help', short: undefined, doc: 'print this', value: 'none' }

/** The place behind the name of a command. */
export function placeOf(line: CommandLineShape): Place {
  const { name, operands, choices = {}, flags, wants = {}, shorts = {} } = line
  const chosen = operands.flatMap((operand) => choices[operand] ?? [])
  const own = Object.entries(flags).map(([flag, row]) => flagOf(flag, row, wants[flag], shorts[flag]))
  return {
    words: name,
    next: chosen.map((word) => ({ word, doc: '' })),
    files: operands.some((operand) => PATHS.has(operand.replace(/[[\]]/g, ''))),
    flags: own.some((flag) => flag.name === HELP.name) ? own : [...own, HELP],
  }
}

/** The place of a word that others stand behind: `ctl`, say. */
export function placeOfWords(words: string, next: readonly Word[]): Place {
  return { words, next, files: false, flags: [HELP] }
}

function flagOf(
  name: string,
  { kind, choices, doc }: OptionSpec,
  wanted: string | undefined,
  short: string | undefined,
): CompletedFlag {
  return { name, short, doc, value: kind === 'boolean' ? 'none' : wantedBy(choices, wanted) }
}

function wantedBy(choices: readonly unknown[] | undefined, wanted = ''): CompletedFlag['value'] {
  if (choices !== undefined) return choices.map(String)
  return PATHS.has(wanted) ? 'file' : 'free'
}
