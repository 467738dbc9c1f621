import { parseArgs } from 'node:util'

export interface SoakOptions {
  /** At full rate, without hostile clients. */
  readonly flat: boolean
  /** Of a flat one at full rate, quiet moments left out; of the other in all. */
  readonly seconds: number
  /** Kinds of hostile clients; all when undefined. */
  readonly only: readonly string[] | undefined
  /** Where the page is written; nowhere when undefined. */
  readonly out: string | undefined
  readonly help: boolean
}

export const SOAK_USAGE = `Usage: pnpm soak [options]

  --minutes N   how long: 30, or 10 with --flat
  --seconds N   the same in seconds, for a look at the tool itself
  --only A,B    only these kinds of hostile clients; nothing is written then
  --flat        no hostile clients: three closed loops at full rate
  --out FILE    where the page is written; docs/reliability.md, or docs/soak.md with --flat, by default from 5 minutes
                on, nowhere below
  --help`

const HOSTILE = { page: 'docs/reliability.md', minutes: '30' }
const FLAT = { page: 'docs/soak.md', minutes: '10' }
const REPORTED_SECONDS = 300
const MOST_SECONDS = 24 * 3600

/** @throws Error that names the option. */
export function parseSoakOptions(args: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      flat: { type: 'boolean', default: false },
      minutes: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const { flat, help } = values
  if (values.minutes !== undefined && values.seconds !== undefined)
    throw new Error('--minutes and --seconds: one of them')
  if (flat && values.only !== undefined) throw new Error('--only and --flat: one of them')
  const kind = flat ? FLAT : HOSTILE
  const [name, text, unit] =
    values.seconds === undefined
      ? ['minutes', values.minutes ?? kind.minutes, 60]
      : ['seconds', values.seconds, 1]
  const seconds = Number(text) * Number(unit)
  if (!(seconds >= 1 && seconds <= MOST_SECONDS))
    throw new Error(`--${name} is ${text}: it must be from a second to a day`)
  const only = values.only?.split(',')
  const isReported = seconds >= REPORTED_SECONDS && only === undefined
  return { flat, seconds, only, out: values.out ?? (isReported ? kind.page : undefined), help }
}
