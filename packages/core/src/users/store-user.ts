/** Changes of users that somebody asks a provider for while the broker runs. */
import type { Context } from '../contract/index.ts'
import { StackError } from '../errors/index.ts'
import { withUser } from './edit-users.ts'
import type { User } from './user.ts'
import { groupProblem, nameProblem, parseUsers } from './user.ts'

/** What of a user’s line comes of its password. */
export type Secrets = Pick<User, 'hash' | 'keys'>

/**
 * What the line has from now on: of a new password, or as it was where none is given. Throws `OPTION_INVALID` where that
 * cannot be.
 */
export type SecretsOf = (before: User | undefined, password: string | undefined) => Secrets | Promise<Secrets>

/**
 * The text of a file of users with a user in it as `storeUser` asks for it; what is not given stays.
 * @param path Where the file is, for errors.
 * @throws StackError `OPTION_INVALID` for what cannot be a user, `FILE_INVALID` where the file cannot be used.
 */
export async function withStoredUser(
  text: string,
  path: string,
  { provider, name, password, groups }: Context<'storeUser'>,
  secretsOf: SecretsOf,
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
  const secrets = await secretsOf(before, password)
  const user = { name, groups: groups ?? before?.groups ?? [], ...secrets }
  return { changed: withUser(text, path, user), existed: before !== undefined }
}
