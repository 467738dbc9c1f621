/** Flags that npm took for its own: `npm start --port 1884` hands none of them on. */
import { StackError } from '@mqtt-stack/core'
import { CLI_FLAGS, flagUsage } from './cli-options.ts'

/** What npm knows itself, and people have in their settings. */
const OF_NPM: ReadonlySet<string> = new Set(['ca', 'cert', 'key', 'verbose', 'help', 'version'])

/**
 * Refuses to run with other flags than those that were meant. npm leaves what stood before `--` in the environment: of
 * `--port 1884` it knows no more than that there was one, and hands on `1884` alone.
 * @param args What stands behind the command.
 * @throws StackError `OPTION_INVALID`, with the command line that does it.
 */
export function checkNpmFlags(args: readonly string[], env: Readonly<NodeJS.ProcessEnv>): void {
  const { npm_lifecycle_event: script } = env
  if (script === undefined) return
  const taken = Object.keys(CLI_FLAGS).flatMap((name) => flagFrom(name, env))
  const stray = args.filter((arg) => !arg.startsWith('-'))
  if (taken.length === 0) return
  const wanting = taken.filter((flag) => flag.endsWith('>')).length
  const meant = taken.map((flag) =>
    wanting === 1 && stray.length === 1 ? flag.replace(/<.*>$/, stray[0]) : flag,
  )
  const run = script === 'start' ? 'npm start' : `npm run ${script}`
  const names = taken.map((flag) => flag.split(' ', 1)[0]).join(' and ')
  throw new StackError(
    'OPTION_INVALID',
    `mqtt-stack: npm kept ${names} for itself: flags go behind "--", as in ${run} -- ${meant.join(' ')}`,
  )
}

function flagFrom(name: string, env: Readonly<NodeJS.ProcessEnv>): string[] {
  if (OF_NPM.has(name)) return []
  // `--no-ws` is to npm the flag `ws`, turned off.
  if (name.startsWith('no-')) {
    const value = env[variable(name.slice(3))]
    return value === '' || value === 'false' ? [`--${name}`] : []
  }
  const value = env[variable(name)]
  if (value === undefined || value === '') return []
  return [value === 'true' ? flagUsage(name) : `--${name} ${value}`]
}

const variable = (name: string): string => `npm_config_${name.replaceAll('-', '_')}`
