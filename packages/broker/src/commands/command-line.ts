/** Operands and flags of a command, from one table: read, checked and explained. */
import { parseArgs } from 'node:util'
import type { OptionSpec, OptionsSpec, Resolved } from '@mqtt-stack/core'
import { resolveOptions, StackError } from '@mqtt-stack/core'

/** What stands behind the command's name. */
export interface CommandLine<Flags> {
  /** A value for each operand of the definition. */
  readonly operands: readonly string[]
  /** The flags after defaults. */
  readonly flags: Resolved<Flags>
  /** The flags that were given. */
  readonly given: ReadonlySet<string>
}

/** A {@link CommandLineSpec} of whatever flags: what help, completions and documentation are made of. */
export interface CommandLineShape {
  readonly name: string
  readonly operands: readonly string[]
  readonly choices?: Readonly<Record<string, readonly string[]>>
  readonly doc: string
  readonly flags: Readonly<Record<string, OptionSpec>>
  readonly wants?: Readonly<Record<string, string | undefined>>
  readonly shorts?: Readonly<Record<string, string | undefined>>
}

/** What may stand behind a command's name. */
export interface CommandLineSpec<Flags extends object> {
  readonly name: string
  /** What it wants, in order: `['FILE', 'USER']`. */
  readonly operands: readonly string[]
  /** What an operand may be, for completions. */
  readonly choices?: Readonly<Record<string, readonly string[]>>
  /** What it does, in one sentence for `--help`. */
  readonly doc: string
  readonly flags: OptionsSpec<Flags>
  /** What a flag of text or number wants, for its usage; `value` by default. */
  readonly wants?: { readonly [Key in keyof Flags]?: string }
  /** One letter for a flag: `{ port: 'p' }`. */
  readonly shorts?: { readonly [Key in keyof Flags]?: string }
  /** Flags that may be given more than once: their value is a list. */
  readonly repeated?: readonly (keyof Flags & string)[]
}

/**
 * Reads what stands behind a command's name; the text of `--help` where that is among it.
 * @throws StackError `OPTION_UNKNOWN`, `OPTION_MISSING` or `OPTION_INVALID`, in one line that names the command.
 */
export function readCommandLine<Flags extends object>(
  spec: CommandLineSpec<Flags>,
  args: readonly string[],
): CommandLine<Flags> | string {
  const { name, operands, flags, wants = {}, shorts = {}, repeated = [] } = spec
  const command = `mqtt-stack ${name}`
  const rows = flags as Readonly<Record<string, OptionSpec>>
  const letters = shorts as Readonly<Record<string, string>>
  const kinds = Object.entries(rows).map(([flag, { kind }]) => [flag, optionOf(kind, letters[flag])])
  const help = optionOf('boolean', Object.values(letters).includes('h') ? undefined : 'h')
  const options = { help, ...Object.fromEntries(kinds) }
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true })
  const given: Record<string, unknown> = {}
  const values: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') values.push(token.value)
    if (token.kind !== 'option') continue
    const { name: flag, rawName, value, inlineValue = false } = token
    if (flag === 'help') return helpOf(spec)
    if (!Object.hasOwn(rows, flag)) {
      throw new StackError('OPTION_UNKNOWN', `${command}: unknown flag ${rawName}: see ${command} --help`)
    }
    const wanted = (wants as Readonly<Record<string, string>>)[flag]
    const read = toValue({ command, flag, row: rows[flag], wanted }, value, inlineValue)
    const isList = repeated.some((one) => one === flag)
    given[flag] = isList ? [...((given[flag] as unknown[] | undefined) ?? []), read] : read
  }
  if (values.length < operands.length) {
    const how = `${command} ${operands.join(' ')}`
    throw new StackError('OPTION_MISSING', `${command}: ${operands[values.length]} is missing: ${how}`)
  }
  if (values.length > operands.length) {
    const stray = values[operands.length]
    throw new StackError('OPTION_UNKNOWN', `${command}: unknown argument "${stray}": see ${command} --help`)
  }
  const resolved = resolveOptions(command, given as Flags, flags)
  return { operands: values, flags: resolved, given: new Set(Object.keys(given)) }
}

/** A flag that was given. */
interface Given {
  readonly command: string
  readonly flag: string
  readonly row: OptionSpec
  readonly wanted: string | undefined
}

/** @param inline It stands in one word with the flag, and may begin as it likes. */
function toValue({ command, flag, row, wanted }: Given, value: string | undefined, inline: boolean): unknown {
  const { kind } = row
  if (kind === 'boolean') {
    if (value === undefined) return true
    throw new StackError('OPTION_INVALID', `${command}: --${flag} takes no value, and was given "${value}"`)
  }
  // A flag behind a flag was meant as one, not as its value.
  if (value === undefined || (value.startsWith('--') && !inline)) {
    throw new StackError(
      'OPTION_INVALID',
      `${command}: --${flag} needs a value: ${flagUsage(flag, kind, wanted)}`,
    )
  }
  return kind === 'number' && /^\d+$/.test(value) ? Number(value) : value
}

function helpOf<Flags extends object>({
  name,
  operands,
  doc,
  flags,
  wants = {},
  shorts,
}: CommandLineSpec<Flags>): string {
  const letters = shorts as Readonly<Record<string, string>> | undefined
  const lead = (flag: string): string => {
    if (letters === undefined) return ''
    return letters[flag] === undefined ? '    ' : `-${letters[flag]}, `
  }
  const rows = Object.entries(flags as Readonly<Record<string, OptionSpec>>).map(([flag, row]) => {
    const wanted = (wants as Readonly<Record<string, string>>)[flag]
    const none = row.default === '' || row.default === false || row.default === undefined
    const usual = none || Array.isArray(row.default) ? '' : ` (default ${row.default})`
    return [`  ${lead(flag)}${flagUsage(flag, row.kind, wanted)}`, `${row.doc}${usual}`]
  })
  rows.push([`  ${lead('')}--help`, 'print this'])
  const width = Math.max(...rows.map(([left]) => left.length)) + 2
  const lines = rows.map(([left, right]) => `${left.padEnd(width)}${right}`)
  return [`Usage: mqtt-stack ${[name, ...operands].join(' ')} [flags]`, '', doc, '', ...lines, ''].join('\n')
}

function flagUsage(flag: string, kind: string, wanted = 'value'): string {
  return kind === 'boolean' ? `--${flag}` : `--${flag} <${wanted}>`
}

function optionOf(kind: string, short: string | undefined): { type: 'boolean' | 'string'; short?: string } {
  const type = kind === 'boolean' ? 'boolean' : 'string'
  return short === undefined ? { type } : { type, short }
}
