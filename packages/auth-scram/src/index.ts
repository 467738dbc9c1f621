/**
 * `@mqtt-stack/auth-scram`: who proves that it knows the password of a user in a file is that user, without sending it.
 * @packageDocumentation
 */
export { type ScramMethod, scramKeys } from './keys.ts'
export { SCRAM_AUTH_OPTIONS, type ScramAuthOptions } from './options.ts'
export { ScramAuth } from './scram-auth.ts'
