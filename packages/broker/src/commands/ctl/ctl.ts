/** `mqtt-stack ctl`: speaks to a broker that runs. */
import type { OptionsSpec } from '@mqtt-stack/core'
import { nearestName, StackError } from '@mqtt-stack/core'
import type { Io } from '../command.ts'
import type { CommandLineSpec } from '../command-line.ts'
import { readCommandLine } from '../command-line.ts'
import { ADMIN_FLAGS, ADMIN_WANTS, AdminClient } from './admin-client.ts'
import type { Deed, Job } from './deed.ts'
import { DEEDS } from './deeds.ts'
import { jsonLine, tableOf, terminalWidth } from './table.ts'

/** @throws StackError in the broker's words, or for what is no command line. */
export async function ctl(args: readonly string[], io: Io): Promise<number> {
  const [name = '--help', ...rest] = args
  if (name === '--help' || name === '-h') {
    io.stdout.write(help())
    return 0
  }
  if (!Object.hasOwn(DEEDS, name)) {
    const near = nearestName(name, Object.keys(DEEDS))
    const fix = near === undefined ? 'see mqtt-stack ctl --help' : `did you mean "${near}"?`
    throw new StackError('OPTION_UNKNOWN', `mqtt-stack ctl: unknown command "${name}" (${fix})`)
  }
  return runDeed(`ctl ${name}`, DEEDS[name], rest, io)
}

/** What may stand behind a deed, as it is called: `ctl why`, or `why`. */
export function deedLine(name: string, deed: Deed): CommandLineSpec<Record<string, unknown>> {
  return {
    name,
    operands: deed.operands,
    choices: deed.choices,
    doc: `${deed.doc[0].toUpperCase()}${deed.doc.slice(1)}.`,
    flags: { ...deed.flags, ...ADMIN_FLAGS } as OptionsSpec<Record<string, unknown>>,
    wants: { ...deed.wants, ...ADMIN_WANTS },
  }
}

/** @param name As it was called: `ctl why`, or `why`. */
export async function runDeed(name: string, deed: Deed, args: readonly string[], io: Io): Promise<number> {
  const line = readCommandLine(deedLine(name, deed), args)
  if (typeof line === 'string') {
    io.stdout.write(line)
    return 0
  }
  const { url, token, 'token-file': file, json, ...flags } = line.flags
  const given = { url, token, 'token-file': file } as ConstructorParameters<typeof AdminClient>[1]
  const command = `mqtt-stack ${name}`
  const admin = new AdminClient(command, given, io.env)
  const say = (answer: unknown, text: () => string): void => {
    io.stdout.write(json === true ? jsonLine(answer) : text())
  }
  const table: Job['table'] = (rows, names) => tableOf(rows, names, terminalWidth(io.stdout))
  return (await deed.run({ command, admin, operands: line.operands, flags, io, say, table })) ?? 0
}

function help(): string {
  const rows = Object.entries(DEEDS).map(([name, { operands, doc }]) => [
    `  ${[name, ...operands].join(' ')}`,
    doc,
  ])
  const width = Math.max(...rows.map(([left]) => left.length)) + 2
  const lines = rows.map(([left, right]) => `${left.padEnd(width)}${right}`)
  const words = 'Speaks to a broker that runs with --admin: --url and --token say which, and who you are.'
  return ['Usage: mqtt-stack ctl COMMAND [flags]', '', words, '', ...lines, ''].join('\n')
}
