/** A file of users: a line each, as Mosquitto has them, with two fields more that Mosquitto passes over. */
import { setImmediate } from 'node:timers/promises'
import { StackError } from '../errors/index.ts'

/** A line of a file of users: `NAME:HASH`, `NAME:HASH:GROUPS` or `NAME:HASH:GROUPS:KEYS…`. */
export interface User {
  readonly name: string
  /** What is kept of the password: `$argon2id$…`, `$scrypt$…`, `$7$…` or `$6$…`. */
  readonly hash: string
  /** The groups that it is in, of `GROUPS`: `staff,night`. */
  readonly groups: readonly string[]
  /** What SCRAM keeps of the password, a field for each hash function: `$scram-sha-256$…`. */
  readonly keys: readonly string[]
  /** The line's number, from 1. */
  readonly line: number
}

/**
 * The users of a file, by name. Empty lines and lines that begin with `#` are passed over.
 * @param contents What the file holds, in UTF-8.
 * @param path Where it is, for errors.
 * @throws StackError `FILE_INVALID` for the first line that cannot be used: with path, line and what to do. It says
 *   nothing of what is secret in the line.
 */
export function parseUsers(contents: Uint8Array, path: string): ReadonlyMap<string, User> {
  const users = new Map<string, User>()
  for (const [index, text] of linesOf(contents, path).entries()) addLine(users, text, path, index + 1)
  return users
}

/** As {@link parseUsers}; while a long file is read, others have their turn. */
export async function parseUsersInTurns(
  contents: Uint8Array,
  path: string,
): Promise<ReadonlyMap<string, User>> {
  const users = new Map<string, User>()
  let line = 0
  for (const text of linesOf(contents, path)) {
    addLine(users, text, path, ++line)
    if (line % LINES_A_TURN === 0) await setImmediate()
  }
  return users
}

/** About as much as is done in a millisecond or two. */
const LINES_A_TURN = 500

function addLine(users: Map<string, User>, text: string, path: string, line: number): void {
  if (text.trim() === '' || text.startsWith('#')) return
  const user = parseUser(text, path, line)
  const earlier = users.get(user.name)
  if (earlier !== undefined) {
    const what = `names the user "${user.name}" a second time, after line ${earlier.line}`
    throw userError(path, line, `${what}: remove one of the two lines`)
  }
  users.set(user.name, user)
}

/** The line of a user, without its end. */
export function formatUser({ name, hash, groups, keys }: Omit<User, 'line'>): string {
  const fields = [name, hash, groups.join(','), ...keys]
  return fields.slice(0, keys.length > 0 ? undefined : groups.length > 0 ? 3 : 2).join(':')
}

/** Says what is wrong with a line, and what to do about it. */
export function userError(path: string, line: number, problem: string): StackError {
  return new StackError('FILE_INVALID', `${path}:${line}: ${problem}`)
}

/** Why a user cannot have this name, or a group; `undefined` if it can. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'is empty'
  if (name.includes(':')) return 'holds a ":", which ends it in the file'
  if (/\p{Cc}/u.test(name)) return 'holds a control character'
  if (name !== name.trim()) return 'begins or ends with a space'
  if (name.startsWith('#')) return 'begins with "#", as comments do'
  // The longest text that a CONNECT can have.
  if (Buffer.byteLength(name) > 65_535) return 'is longer than 65535 bytes'
  return undefined
}

/** The same of a group. */
export function groupProblem(group: string): string | undefined {
  return group.includes(',') ? 'holds a ",", which ends it in the file' : nameProblem(group)
}

function parseUser(text: string, path: string, line: number): User {
  const [name, hash, groups = '', ...keys] = text.trimEnd().split(':')
  if (hash === undefined) {
    throw userError(path, line, `has no ":": write it with mqtt-stack passwd ${path} NAME`)
  }
  const problem = nameProblem(name)
  if (problem !== undefined) {
    throw userError(path, line, `the user name before ":" ${problem}: write another one there`)
  }
  if (hash === '') {
    throw userError(path, line, `"${name}" has no password: mqtt-stack passwd ${path} ${name}`)
  }
  if (!hash.startsWith('$')) {
    const what = `the password of "${name}" is not hashed`
    throw userError(path, line, `${what}: mqtt-stack passwd ${path} ${name}`)
  }
  return { name, hash, groups: parseGroups(groups, path, line), keys: parseKeys(keys, path, line), line }
}

function parseGroups(text: string, path: string, line: number): readonly string[] {
  if (text === '') return []
  const groups = text.split(',')
  for (const group of groups) {
    const problem = groupProblem(group)
    if (problem === undefined) continue
    throw userError(path, line, `a group in the third field ${problem}: write them as in staff,night`)
  }
  return [...new Set(groups)]
}

function parseKeys(fields: readonly string[], path: string, line: number): readonly string[] {
  const at = fields.findIndex((field) => !field.startsWith('$scram-'))
  if (at >= 0) {
    const what = `field ${at + 4} does not begin with "$scram-"`
    throw userError(path, line, `${what}: behind name, hash and groups there are keys of SCRAM alone`)
  }
  return fields
}

function linesOf(contents: Uint8Array, path: string): string[] {
  const text = decode(contents)
  if (text !== undefined) return text.split('\n')
  const line = Buffer.from(contents)
    .toString('latin1')
    .split('\n')
    .findIndex((bytes) => decode(Buffer.from(bytes, 'latin1')) === undefined)
  throw userError(path, line + 1, 'is not UTF-8: save the file in that encoding')
}

/** The text of UTF-8; `undefined` if it is none. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
