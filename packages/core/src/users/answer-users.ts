/** What a provider answers whose users stand in a file that it may write: `lookupUsers`, `storeUser`, `removeUser`. */
import type { Context, Store } from '../contract/index.ts'
import type { UserFile, UserFileStack } from './user-file.ts'

/** How a provider changes the text of its file. */
export interface UserEdits {
  /** The text with the user in it, as it was but for what is given; throws for what cannot be a user. */
  store(
    text: string,
    path: string,
    ctx: Context<'storeUser'>,
  ): Promise<{ readonly changed: string; readonly existed: boolean }>
  /** The text without the user; `undefined` where it is not one of the provider’s. */
  remove(text: string, path: string, name: string): string | undefined
}

/** Answers `lookupUsers` with those in force. */
export function listUsers(
  file: UserFile<unknown>,
  { provider, after, limit }: Context<'lookupUsers'>,
  store: Store<'lookupUsers'>,
): void {
  const { owner } = file
  if (provider !== undefined && provider !== owner) return
  for (const { name, groups } of file.list(after, limit)) store.push({ name, groups, provider: owner })
}

/**
 * Answers `storeUser`, for the provider that is meant.
 * @throws StackError `OPTION_INVALID` for what cannot be a user, `FILE_INVALID` where the file cannot be written.
 */
export async function storeUser(
  file: UserFile<unknown>,
  edits: UserEdits,
  ctx: Context<'storeUser'>,
  store: Store<'storeUser'>,
  stack: UserFileStack,
): Promise<void> {
  if (ctx.provider !== file.owner) return
  await file.write(async (text) => {
    const { changed, existed } = await edits.store(text, file.path, ctx)
    store.existed = existed
    return changed
  }, stack)
  store.stored = true
}

/**
 * Answers `removeUser`, for the provider that is meant.
 * @throws StackError `FILE_INVALID` where the file cannot be written.
 */
export async function removeUser(
  file: UserFile<unknown>,
  edits: UserEdits,
  { provider, name }: Context<'removeUser'>,
  store: Store<'removeUser'>,
  stack: UserFileStack,
): Promise<void> {
  if (provider !== file.owner) return
  store.asked = true
  await file.write(async (text) => {
    const without = edits.remove(text, file.path, name)
    store.existed = without !== undefined
    return without ?? text
  }, stack)
}
