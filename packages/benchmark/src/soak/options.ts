import { parseArgs } from 'node:util'

export interface SoakOptions {
  /** At full rate, quiet moments left out. */
  readonly seconds: number
  /** Where the page is written; nowhere when undefined. */
  readonly out: string | undefined
  readonly help: boolean
}

export const SOAK_USAGE = `Usage: pnpm soak [options]

  --minutes N   at full rate (10)
  --seconds N   the same in seconds, for a look at the tool itself
  --out FILE    where the page is written; docs/soak.md by default from 5 minutes on, nowhere below
  --help`

const PAGE = 'docs/soak.md'
const REPORTED_SECONDS = 300
const MOST_SECONDS = 24 * 3600

export function parseSoakOptions(args: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string' },
      seconds: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.minutes !== undefined && values.seconds !== undefined)
    throw new Error('--minutes and --seconds: one of them')
  const [name, text, unit] =
    values.seconds === undefined ? ['minutes', values.minutes ?? '10', 60] : ['seconds', values.seconds, 1]
  const seconds = Number(text) * Number(unit)
  if (!(seconds >= 1 && seconds <= MOST_SECONDS))
    throw new Error(`--${name} is ${text}: it must be from a second to a day`)
  return { seconds, out: values.out ?? (seconds >= REPORTED_SECONDS ? PAGE : undefined), help: values.help }
}
