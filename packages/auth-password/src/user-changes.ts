/** Changes of users that somebody asks for while the broker runs. */
import { Buffer } from 'node:buffer'
import type { Context } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import { groupProblem, nameProblem, parseUsers, withUser } from '@mqtt-stack/core/users'
import { hashPassword } from './passwords.ts'

/**
 * The text of the file with this user in it, as it was but for what is given.
 * @throws StackError `OPTION_INVALID` for what cannot be a user, `FILE_INVALID` where the file cannot be used.
 */
export async function withChange(
  text: string,
  path: string,
  { provider, name, password, groups }: Context<'storeUser'>,
): Promise<{ readonly changed: string; readonly existed: boolean }> {
  const invalid = (what: string): StackError => new StackError('OPTION_INVALID', `${provider}: ${what}`)
  const problem = nameProblem(name)
  if (problem !== undefined) throw invalid(`the user name ${problem}: choose another one`)
  for (const group of groups ?? []) {
    const wrong = groupProblem(group)
    if (wrong !== undefined) throw invalid(`a group ${wrong}: choose another one`)
  }
  const before = parseUsers(Buffer.from(text), path).get(name)
  if (before === undefined && password === undefined) throw invalid(`"${name}" is new: give it a password`)
  if (password !== undefined && before !== undefined && before.keys.length > 0) {
    const fix = `change it with mqtt-stack passwd ${path} ${name}`
    throw invalid(`"${name}" has keys for SCRAM too, which are of its password: ${fix}`)
  }
  const hash = password === undefined ? (before?.hash ?? '') : await hashPassword(password)
  const user = { name, hash, groups: groups ?? before?.groups ?? [], keys: before?.keys ?? [] }
  return { changed: withUser(text, path, user), existed: before !== undefined }
}
