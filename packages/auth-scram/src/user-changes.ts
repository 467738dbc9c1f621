/** Changes of users that somebody asks for while the broker runs. */
import type { Context } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { User, UserEdits } from '@mqtt-stack/core/users'
import { parseUsers, scryptHash, withoutUser, withStoredUser } from '@mqtt-stack/core/users'
import type { ScramMethod } from './keys.ts'
import { METHODS, readKeys, scramKeys } from './keys.ts'

const ALL = Object.keys(METHODS) as readonly ScramMethod[]

/**
 * The text of the file with this user in it, as it was but for what is given. Keys of a new password are for the methods
 * that the user had keys for, or for all; the hash of its line is that of the password too.
 * @throws StackError `OPTION_INVALID` for what cannot be a user, `FILE_INVALID` where the file cannot be used.
 */
function withChange(
  text: string,
  path: string,
  ctx: Context<'storeUser'>,
): Promise<{ readonly changed: string; readonly existed: boolean }> {
  const { provider, name } = ctx
  return withStoredUser(text, path, ctx, async (before, password) => {
    const { hash = '', keys = [] } = before ?? {}
    if (password !== undefined)
      return { hash: await scryptHash(Buffer.from(password)), keys: await newKeys(keys, password) }
    if (keys.length > 0) return { hash, keys }
    throw new StackError('OPTION_INVALID', `${provider}: "${name}" has no keys for SCRAM: give it a password`)
  })
}

/** The text of the file without this user; `undefined` where it is not in it, or has no keys. */
function withoutScramUser(text: string, path: string, name: string): string | undefined {
  const user = parseUsers(Buffer.from(text), path).get(name)
  return user !== undefined && hasKeys(user) ? withoutUser(text, path, name) : undefined
}

/** It can be let in by SCRAM. */
export function hasKeys({ keys }: User): boolean {
  return keys.length > 0
}

function newKeys(before: readonly string[], password: string): Promise<string[]> {
  const had = before.map(readKeys).flatMap((keys) => (typeof keys === 'string' ? [] : [keys.method]))
  return Promise.all((had.length > 0 ? had : ALL).map((method) => scramKeys(password, method)))
}

/** Of those who have keys. */
export const EDITS: UserEdits = { store: withChange, remove: withoutScramUser }
