/**
 * `@mqtt-stack/core/users`: the file of users that providers share, and that of authorities.
 * @packageDocumentation
 */
/// <reference types="node" preserve="true" />
export { listUsers, removeUser, storeUser, type UserEdits } from './answer-users.ts'
export { AuthorityFile } from './authority-file.ts'
export { withoutUser, withUser } from './edit-users.ts'
export { replaceFile } from './replace-file.ts'
export { scryptHash } from './scrypt-hash.ts'
export { type Secrets, type SecretsOf, withStoredUser } from './store-user.ts'
export { formatUser, groupProblem, nameProblem, parseUsers, type User, userError } from './user.ts'
export { type DecodeUsers, UserFile, type UserFileOptions, type UserFileStack } from './user-file.ts'
