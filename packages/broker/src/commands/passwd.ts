/** `mqtt-stack passwd FILE USER`: adds users to a file of users, changes their passwords and groups, and removes them. */
import type { OptionsSpec } from '@mqtt-stack/core'
import { fileProblem, readRegularSync, StackError } from '@mqtt-stack/core'
import type { User } from '@mqtt-stack/core/users'
import {
  groupProblem,
  nameProblem,
  parseUsers,
  replaceFile,
  withoutUser,
  withUser,
} from '@mqtt-stack/core/users'
import { askPassword } from './ask-password.ts'
import type { Io } from './command.ts'
import type { CommandLine, CommandLineSpec } from './command-line.ts'
import { readCommandLine } from './command-line.ts'
import { importOptional } from './import-optional.ts'

interface PasswdFlags {
  delete?: boolean
  groups?: string
  scram?: boolean
  'no-scram'?: boolean
}

const FLAGS: OptionsSpec<PasswdFlags> = {
  delete: { kind: 'boolean', default: false, doc: 'remove the user' },
  groups: {
    kind: 'string',
    default: '',
    doc: 'the groups that the user is in, separated by commas; "" for none; as they were without it',
  },
  scram: {
    kind: 'boolean',
    default: false,
    doc: 'keep keys for SCRAM too; by itself where the user has some already',
  },
  'no-scram': { kind: 'boolean', default: false, doc: 'keep no keys for SCRAM any more' },
}

type Line = CommandLine<PasswdFlags>

const COMMAND = 'mqtt-stack passwd'

export const PASSWD_LINE: CommandLineSpec<PasswdFlags> = {
  name: 'passwd',
  operands: ['FILE', 'USER'],
  doc: 'Adds a user to a file of users, or changes its password: asks for it, or takes it from stdin.',
  flags: FLAGS,
  wants: { groups: 'a,b' },
}

/** @returns 0; nothing was changed where it throws. */
export async function passwd(args: readonly string[], io: Io): Promise<number> {
  const line = readCommandLine(PASSWD_LINE, args)
  if (typeof line === 'string') {
    io.stdout.write(line)
    return 0
  }
  const [path, name] = line.operands
  check(line)
  // What is wrong with the file is said before anybody types.
  const exists = usersOf(path, readIfThere(path)) !== undefined
  if (line.flags.delete) {
    await replaceFile(path, async (text) => remove(path, text, name))
    io.stdout.write(`${path}: ${name} was removed\n`)
    return 0
  }
  const password = await askPassword(COMMAND, name, io)
  let changed = false
  await replaceFile(path, async (text) => {
    const before = usersOf(path, text)?.get(name)
    changed = before !== undefined
    return withUser(text ?? '', path, await userOf(line, before, password))
  })
  io.stdout.write(
    `${path}: ${name} was ${changed ? 'changed' : 'added'}${exists ? '' : '; the file is new'}\n`,
  )
  return 0
}

async function userOf(line: Line, before: User | undefined, password: string): Promise<User> {
  const { operands, flags, given } = line
  const { hashPassword } = await importOptional(COMMAND, '@mqtt-stack/auth-password', () => {
    return import('@mqtt-stack/auth-password')
  })
  const groups = given.has('groups') ? groupsOf(flags.groups) : (before?.groups ?? [])
  const hadKeys = before !== undefined && before.keys.length > 0
  const keys = flags.scram || (hadKeys && !flags['no-scram']) ? await keysOf(password) : []
  return { name: operands[1], hash: await hashPassword(password), groups, keys, line: 0 }
}

/** For each method that ScramAuth knows. */
async function keysOf(password: string): Promise<string[]> {
  const { scramKeys } = await importOptional(COMMAND, '@mqtt-stack/auth-scram', () => {
    return import('@mqtt-stack/auth-scram')
  })
  const methods = ['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const
  return Promise.all(methods.map((method) => scramKeys(password, method)))
}

function remove(path: string, text: string | undefined, name: string): string {
  const without = text === undefined ? undefined : withoutUser(text, path, name)
  if (without !== undefined) return without
  throw invalid(`there is no user "${name}" in ${path}`)
}

function check({ operands: [, name], flags, given }: Line): void {
  const problem = nameProblem(name)
  if (problem !== undefined) throw invalid(`the user name ${problem}: choose another one`)
  for (const group of groupsOf(flags.groups)) {
    const wrong = groupProblem(group)
    if (wrong !== undefined) throw invalid(`a group ${wrong}: write them as in --groups staff,night`)
  }
  if (flags.scram && flags['no-scram'])
    throw invalid('--scram and --no-scram exclude each other: leave one out')
  const other = [...given].find((flag) => flag !== 'delete')
  if (flags.delete && other !== undefined)
    throw invalid(`--delete and --${other} exclude each other: leave one out`)
}

const groupsOf = (text: string): string[] => (text === '' ? [] : text.split(','))

function usersOf(path: string, text: string | Buffer | undefined): ReadonlyMap<string, User> | undefined {
  return text === undefined ? undefined : parseUsers(Buffer.from(text as string), path)
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readRegularSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    const why = fileProblem(error, { EISDIR: 'name the file in it' })
    throw new StackError('FILE_INVALID', `cannot read ${path}: ${why}`, { cause: error })
  }
}

function invalid(what: string): StackError {
  return new StackError('OPTION_INVALID', `${COMMAND}: ${what}`)
}
