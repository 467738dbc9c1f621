/**
 * `@mqtt-stack/auth-http`: asks a web service who a client is and what it may do.
 * @packageDocumentation
 */
export { HttpAuth } from './http-auth.ts'
export type * from './messages.ts'
export * from './options.ts'
export * from './schemas.ts'
