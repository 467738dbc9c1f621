/** Changes of a file of users: comments and other lines stay as they are. */
import type { User } from './user.ts'
import { formatUser, parseUsers } from './user.ts'

/**
 * The text of the file with this user in it: in its line if there is one, as the last line otherwise.
 * @throws StackError `FILE_INVALID` where the file holds a line that cannot be used.
 */
export function withUser(text: string, path: string, user: Omit<User, 'line'>): string {
  const found = parseUsers(Buffer.from(text), path).get(user.name)
  const lines = linesOf(text)
  if (found === undefined) lines.push(formatUser(user))
  else lines[found.line - 1] = formatUser(user)
  return `${lines.join('\n')}\n`
}

/**
 * The text of the file without this user; `undefined` if it is not in it.
 * @throws StackError `FILE_INVALID` where the file holds a line that cannot be used.
 */
export function withoutUser(text: string, path: string, name: string): string | undefined {
  const found = parseUsers(Buffer.from(text), path).get(name)
  if (found === undefined) return undefined
  const lines = linesOf(text)
  lines.splice(found.line - 1, 1)
  return lines.map((line) => `${line}\n`).join('')
}

function linesOf(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}
