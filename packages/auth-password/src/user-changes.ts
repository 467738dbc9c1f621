/** Changes of users that somebody asks for while the broker runs. */
import type { Context } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { UserEdits } from '@mqtt-stack/core/users'
import { withoutUser, withStoredUser } from '@mqtt-stack/core/users'
import { hashPassword } from './passwords.ts'

/**
 * The text of the file with this user in it, as it was but for what is given.
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
    if (password === undefined) return { hash, keys }
    if (keys.length === 0) return { hash: await hashPassword(password), keys }
    const fix = `change it with mqtt-stack passwd ${path} ${name}`
    const what = `${provider}: "${name}" has keys for SCRAM too, which are of its password: ${fix}`
    throw new StackError('OPTION_INVALID', what)
  })
}

export const EDITS: UserEdits = { store: withChange, remove: withoutUser }
