/** The flags of the command. */
import { parseArgs } from 'node:util'
import type { Version } from '../wire/packet-types.ts'

export interface CliOptions {
  readonly host: string
  readonly port: number
  readonly versions: readonly Version[]
  readonly username: string | undefined
  readonly password: string | undefined
  /** Only tests whose title or chapter holds this text. */
  readonly only: string | undefined
  /** Without the tests that wait. */
  readonly fast: boolean
  /** Remarks fail too. */
  readonly strict: boolean
  readonly parallel: number
  readonly patience: number
  readonly verbose: boolean
  readonly json: boolean
  readonly help: boolean
}

const flags = {
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string', default: '1883' },
  version: { type: 'string', multiple: true },
  username: { type: 'string' },
  password: { type: 'string' },
  only: { type: 'string' },
  fast: { type: 'boolean', default: false },
  strict: { type: 'boolean', default: false },
  parallel: { type: 'string', default: '8' },
  patience: { type: 'string', default: '3000' },
  verbose: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

export const HELP = `Checks an MQTT broker against the statements of MQTT 3.1.1 and 5.0.

Usage: mqtt-conformance [flags]

  --host HOST          where the broker listens (127.0.0.1)
  --port PORT          (1883)
  --version 3|4|5      3 is MQTT 3.1, 4 is 3.1.1, 5 is 5.0; may be repeated (4 and 5)
  --username, --password
                       what all clients present
  --only TEXT          only tests whose chapter or title holds this text: --only 'MQTT-3.3.1-'
  --fast               leave out the tests that wait
  --strict             what is only recommended, and not kept, fails too
  --parallel N         tests under way at once (8)
  --patience MS        how long an answer may take (3000)
  --verbose            list every test
  --json               print the results as JSON
  --help

The exit code is 0 when no test failed, 1 when one did, 2 when the command could not run.
`

/** @throws Error that tells which flag is wrong. */
export function parseFlags(args: readonly string[]): CliOptions {
  const { values } = parseArgs({ args: [...args], options: flags, allowPositionals: false })
  const { host, username, password, only, fast, strict, verbose, json, help } = values
  return {
    host,
    username,
    password,
    only,
    fast,
    strict,
    verbose,
    json,
    help,
    port: number('port', values.port, 65_535),
    parallel: number('parallel', values.parallel, 1_000),
    patience: number('patience', values.patience, 600_000),
    versions: (values.version ?? ['4', '5']).map((text) => number('version', text, 5, 3) as Version),
  }
}

function number(flag: string, text: string, greatest: number, least = 1): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least && value <= greatest) return value
  throw new Error(`--${flag} must be a whole number from ${least} to ${greatest}, not "${text}"`)
}
