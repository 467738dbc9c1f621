/** Options as a table: checked when a middleware is made, and printed into READMEs, `--help` and JSON Schema. */
import { StackError } from '../errors/index.ts'
import { nameHint } from './nearest.ts'

/** What a value must be. `any` is not checked (an object of another library, say). */
export type OptionKind = 'number' | 'boolean' | 'string' | 'function' | 'any'

/** One row of the table. An option without `default` is required, unless `optional`. */
export interface OptionSpec {
  readonly kind: OptionKind
  readonly default?: unknown
  /** May be left out although it has no default. */
  readonly optional?: boolean
  /** Smallest number allowed. */
  readonly min?: number
  /** Largest number allowed. */
  readonly max?: number
  /** The only values allowed. */
  readonly choices?: readonly unknown[]
  /** `ms`, `s`, `bytes`, `messages`; empty for plain numbers. */
  readonly unit?: string
  /** The text is the path of a file or folder; in a configuration file it is relative to that file's folder. */
  readonly format?: 'path'
  /** JSON Schema of a value of kind `any`, for configuration files; `false` where code alone can give one. */
  readonly schema?: Readonly<Record<string, unknown>> | false
  /** A value that could be given, for documentation, where that is needed beside the defaults. */
  readonly example?: unknown
  /** May change while the middleware runs: it is read where it is used. See `Middleware.reconfigure`. */
  readonly live?: boolean
  /** May be said for one listener too: see `Listener.limits`. */
  readonly perListener?: boolean
  /** One line for the tables. */
  readonly doc: string
}

/** The table of a middleware's options, by key. */
export type OptionsSpec<Options> = { readonly [Key in keyof Options]-?: OptionSpec }

/** Options after defaults: what has a row with a default is there. */
export type Resolved<Options> = { readonly [Key in keyof Options]-?: Options[Key] }

/**
 * Checks `given` against the table (or an object of plain defaults) and fills in what is missing.
 * @throws StackError `OPTION_UNKNOWN`, `OPTION_MISSING` or `OPTION_INVALID`, naming owner and key.
 */
export function resolveOptions<Options>(
  owner: string,
  given: Options | undefined,
  spec: OptionsSpec<Options> | Options,
): Resolved<Options> {
  const rows = Object.fromEntries(Object.entries(spec as object).map(([key, row]) => [key, toRow(row)]))
  if (typeof (given ?? {}) !== 'object' || Array.isArray(given))
    throw new StackError('OPTION_INVALID', `${owner}: options must be an object, not ${show(given)}`)
  const values = (given ?? {}) as Readonly<Record<string, unknown>>
  for (const key of Object.keys(values)) {
    if (Object.hasOwn(rows, key)) continue
    const hint = nameHint(key, Object.keys(rows))
    throw new StackError('OPTION_UNKNOWN', `${owner}: unknown option "${key}" (${hint})`)
  }
  const resolved: Record<string, unknown> = {}
  for (const [key, row] of Object.entries(rows)) resolved[key] = resolveOption(owner, key, values[key], row)
  return resolved as Resolved<Options>
}

/** A row as it is; any other value is a plain default, as the seed's `super(config, defaults)` gives them. */
function toRow(row: unknown): OptionSpec {
  if (typeof row === 'object' && row !== null && 'kind' in row && 'doc' in row) return row as OptionSpec
  const kind = typeof row
  const known = kind === 'number' || kind === 'boolean' || kind === 'string' || kind === 'function'
  return { kind: known ? kind : 'any', default: row, optional: true, doc: '' }
}

function resolveOption(owner: string, key: string, value: unknown, row: OptionSpec): unknown {
  if (value === undefined) {
    if (row.default === undefined && row.optional !== true) {
      throw new StackError('OPTION_MISSING', `${owner}: option "${key}" is required: ${row.doc}`)
    }
    return row.default
  }
  if (!fits(value, row)) {
    throw new StackError(
      'OPTION_INVALID',
      `${owner}: option "${key}" must be ${describeOption(row)}, not ${show(value)}`,
    )
  }
  return value
}

function fits(value: unknown, row: OptionSpec): boolean {
  if (row.choices !== undefined) return row.choices.includes(value)
  if (row.kind === 'any') return true
  if (typeof value !== row.kind) return false
  if (typeof value !== 'number') return true
  return !Number.isNaN(value) && value >= (row.min ?? 0) && value <= (row.max ?? Number.POSITIVE_INFINITY)
}

/** What a row allows, in words: `a number from 1 to 65535 (ms)`. */
export function describeOption(row: OptionSpec): string {
  if (row.choices !== undefined) return `one of ${row.choices.map(show).join(', ')}`
  if (row.kind !== 'number') return `a ${row.kind}`
  const unit = row.unit === undefined ? '' : ` (${row.unit})`
  return row.max === undefined
    ? `a number of at least ${row.min ?? 0}${unit}`
    : `a number from ${row.min ?? 0} to ${row.max}${unit}`
}

function show(value: unknown): string {
  return typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value))
}
