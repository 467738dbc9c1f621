/** The flags of the command: one table, from which they are read, checked and explained. */
import { parseArgs } from 'node:util'
import type { LogLevel, OptionSpec, OptionsSpec, Resolved } from '@mqtt-stack/core'
import { LOG_LEVELS, nearestName, resolveOptions, StackError } from '@mqtt-stack/core'
import { checkTogether } from './check-flags.ts'
import type { CommandLineShape } from './commands/command-line.ts'
import { COMMANDS } from './commands/index.ts'
import { COMMAND, invalid } from './flag-errors.ts'
import type { LogFormat } from './log-options.ts'
import { LOG_FORMATS } from './log-options.ts'

/** As the option of lmdb-backend, which may not be there. */
export type Sync = 'commit' | 'interval'

const SYNCS: readonly Sync[] = ['commit', 'interval']

export interface CliFlags {
  config?: string
  listen?: readonly string[]
  port?: number
  host?: string
  'ws-port'?: number
  'no-ws'?: boolean
  unix?: string
  data?: string
  sync?: Sync
  redis?: string
  node?: string
  workers?: number
  cert?: string
  key?: string
  ca?: string
  crl?: string
  'allow-anonymous'?: boolean
  admin?: string
  metrics?: string
  'log-level'?: LogLevel
  'log-format'?: LogFormat
  verbose?: boolean
  help?: boolean
  version?: boolean
}

/** Flags after defaults; a path that was not given is empty. */
export type CliConfig = Resolved<CliFlags>

export const CLI_FLAGS: OptionsSpec<CliFlags> = {
  config: {
    kind: 'string',
    default: '',
    doc: 'read all settings from this file (YAML or JSON); flags that are given too win over it',
  },
  listen: {
    kind: 'any',
    default: [],
    doc: 'listen there, in place of --port, --host, --ws-port and --unix: mqtt, mqtts, ws or wss://HOST:PORT, or unix:FILE; may be repeated',
  },
  port: { kind: 'number', default: 1883, max: 65_535, doc: 'TCP port, TLS with --cert; 0: a free one' },
  host: { kind: 'string', default: '127.0.0.1', doc: 'address to listen on; 0.0.0.0 or :: for all' },
  'ws-port': {
    kind: 'number',
    default: 8083,
    max: 65_535,
    doc: 'WebSocket port, secure with --cert; 0: a free one',
  },
  'no-ws': { kind: 'boolean', default: false, doc: 'no WebSocket' },
  unix: { kind: 'string', default: '', doc: 'listen on this Unix socket too' },
  data: {
    kind: 'string',
    default: '',
    doc: 'keep sessions and messages in this directory, over restarts and crashes; in memory without it',
  },
  sync: {
    kind: 'string',
    default: 'commit',
    choices: SYNCS,
    doc: 'with --data, messages count as kept once they are on the disk (commit), or about a second before (interval)',
  },
  redis: {
    kind: 'string',
    default: '',
    doc: 'keep sessions and messages in this Redis, and be one service with all brokers that do: redis:// or rediss://HOST:PORT',
  },
  node: {
    kind: 'string',
    default: '',
    doc: 'with --redis, the name of this broker in the service; a new one at each start without it',
  },
  workers: {
    kind: 'number',
    default: 1,
    min: 1,
    max: 1_024,
    doc: 'with --redis, so many processes share the listeners: one for each core, say',
  },
  cert: { kind: 'string', default: '', doc: 'certificate chain (PEM); needs --key' },
  key: { kind: 'string', default: '', doc: 'private key (PEM); needs --cert' },
  ca: {
    kind: 'string',
    default: '',
    doc: 'authorities (PEM): clients must have a certificate of theirs, and are who it says; needs --cert',
  },
  crl: {
    kind: 'string',
    default: '',
    doc: 'revocation lists (PEM) of these authorities: who is on them is not let in; needs --ca',
  },
  'allow-anonymous': {
    kind: 'boolean',
    default: false,
    doc: 'everybody may connect, under any name, not only this machine',
  },
  admin: {
    kind: 'string',
    default: '',
    doc: 'the API for operators and the dashboard, there or on 127.0.0.1:18080',
  },
  metrics: {
    kind: 'string',
    default: '',
    doc: 'serve /metrics to Prometheus there or on 127.0.0.1:9464, without a password',
  },
  'log-level': {
    kind: 'string',
    default: 'info',
    choices: LOG_LEVELS,
    doc: 'how much is logged: error, warn, info or debug',
  },
  'log-format': {
    kind: 'string',
    default: 'auto',
    choices: LOG_FORMATS,
    doc: 'lines for people, json, or auto: lines on a terminal',
  },
  verbose: {
    kind: 'boolean',
    default: false,
    doc: 'log clients, subscriptions and messages too: --log-level debug',
  },
  help: { kind: 'boolean', default: false, doc: 'print this' },
  version: { kind: 'boolean', default: false, doc: 'print the version' },
}

const SHORT: Readonly<Record<string, string>> = { help: 'h', port: 'p', verbose: 'v' }
/** What a flag of text wants, unless it is a file. */
const WANTED: Readonly<Record<string, string>> = {
  listen: 'url',
  host: 'address',
  data: 'directory',
  sync: 'when',
  redis: 'url',
  node: 'name',
  workers: 'n',
  'log-level': 'level',
  'log-format': 'form',
  admin: '[host:]port',
  metrics: '[host:]port',
}
/** Flags whose value may be left out, and what holds then. */
const USUAL_VALUES: Readonly<Record<string, string>> = {
  admin: '127.0.0.1:18080',
  metrics: '127.0.0.1:9464',
}
/** Flags that may be given more than once. */
const REPEATED: ReadonlySet<string> = new Set(['listen'])

/** What may stand behind `mqtt-stack` itself, for completions. */
export const CLI_LINE: CommandLineShape = {
  name: '',
  operands: [],
  doc: 'An MQTT broker.',
  flags: CLI_FLAGS,
  wants: Object.fromEntries(Object.keys(CLI_FLAGS).map((name) => [name, wantedBy(name)])),
  shorts: SHORT,
}

/** What stands behind the command. */
export interface Flags {
  readonly config: CliConfig
  /** The flags that were given: all others have their defaults. */
  readonly given: ReadonlySet<string>
}

/** As {@link readFlags}. */
export function parseFlags(args: readonly string[]): CliConfig {
  return readFlags(args).config
}

/**
 * Reads the arguments behind the command.
 * @throws StackError `OPTION_UNKNOWN`, `OPTION_MISSING` or `OPTION_INVALID`, in one line that names the flag.
 */
export function readFlags(args: readonly string[]): Flags {
  const rows = CLI_FLAGS as Readonly<Record<string, OptionSpec>>
  const options = Object.fromEntries(
    Object.entries(rows).map(([name, row]) => [name, parseOption(name, row)]),
  )
  const { tokens } = parseArgs({ args: withUsualValues(args), options, strict: false, tokens: true })
  const given: Record<string, unknown> = {}
  for (const token of tokens) {
    if (token.kind === 'positional') throw strayArgument(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value } = token
    if (!Object.hasOwn(rows, name)) throw unknown(`flag ${rawName}`)
    const read = toValue(rows[name], name, value)
    given[name] = REPEATED.has(name) ? [...((given[name] as unknown[] | undefined) ?? []), read] : read
  }
  const config = resolveOptions(COMMAND, given as CliFlags, CLI_FLAGS)
  checkTogether(config, given)
  return { config, given: new Set(Object.keys(given)) }
}

/** What --help prints. */
export function helpText(): string {
  const rows = Object.entries(CLI_FLAGS as Readonly<Record<string, OptionSpec>>).map(([name, row]) => {
    const short = SHORT[name] === undefined ? '    ' : `-${SHORT[name]}, `
    const usual =
      row.default === '' || row.default === false || Array.isArray(row.default)
        ? ''
        : ` (default ${row.default})`
    return [`  ${short}${flagUsage(name)}`, `${row.doc}${usual}`]
  })
  const width = Math.max(...rows.map(([left]) => left.length)) + 2
  const lines = rows.map(([left, right]) => `${left.padEnd(width)}${right}`)
  const usage = [`Usage: ${COMMAND} [flags]`, `       ${COMMAND} <command>`]
  return [...usage, '', 'An MQTT broker.', '', ...lines, '', ...commandLines(), ''].join('\n')
}

function commandLines(): string[] {
  const rows = Object.entries(COMMANDS).map(([name, { usage, doc }]) => [`  ${name} ${usage}`, doc])
  const width = Math.max(...rows.map(([left]) => left.length)) + 2
  return ['Commands:', '', ...rows.map(([left, right]) => `${left.padEnd(width)}${right}`)]
}

function parseOption(name: string, { kind }: OptionSpec): { type: 'boolean' | 'string'; short?: string } {
  const type = kind === 'boolean' ? 'boolean' : 'string'
  return SHORT[name] === undefined ? { type } : { type, short: SHORT[name] }
}

/** A flag with what it wants, as `--port <port>`. */
export function flagUsage(name: string): string {
  const { kind } = (CLI_FLAGS as Readonly<Record<string, OptionSpec>>)[name]
  if (kind === 'boolean') return `--${name}`
  const wanted = wantedBy(name)
  return Object.hasOwn(USUAL_VALUES, name) ? `--${name} [${wanted}]` : `--${name} <${wanted}>`
}

function wantedBy(name: string): string {
  const { kind } = (CLI_FLAGS as Readonly<Record<string, OptionSpec>>)[name]
  return WANTED[name] ?? (kind === 'number' ? 'port' : 'file')
}

/** Gives flags their usual values where none stands behind them. */
function withUsualValues(args: readonly string[]): string[] {
  return args.map((arg, i) => {
    const usual = arg.startsWith('--') ? USUAL_VALUES[arg.slice(2)] : undefined
    return usual === undefined || /^[^-]/.test(args[i + 1] ?? '') ? arg : `${arg}=${usual}`
  })
}

/** The value that a flag was given, of its kind as far as it can be; the table judges the rest. */
function toValue(row: OptionSpec, name: string, value: string | undefined): unknown {
  const { kind } = row
  if (kind === 'boolean') {
    if (value !== undefined) throw invalid(`--${name} takes no value, and was given "${value}"`)
    return true
  }
  // A flag behind a flag was meant as one, not as its value.
  if (value === undefined || value === '' || value.startsWith('--'))
    throw invalid(`--${name} needs a value: ${flagUsage(name)}`)
  return kind === 'number' && /^\d+$/.test(value) ? Number(value) : value
}

/** A configuration without its flag, or a command that is nearly one. */
function strayArgument(value: string): StackError {
  const near = nearestName(value, Object.keys(COMMANDS))
  const isFile = /\.(?:ya?ml|json)$/.test(value)
  if (!isFile && near === undefined) return unknown(`argument "${value}"`)
  const fix = isFile ? `to run it: ${COMMAND} --config ${value}` : `did you mean "${near}"?`
  return new StackError('OPTION_UNKNOWN', `${COMMAND}: unknown argument "${value}" (${fix})`)
}

function unknown(what: string): StackError {
  return new StackError('OPTION_UNKNOWN', `${COMMAND}: unknown ${what}: see ${COMMAND} --help`)
}
