/**
 * `@mqtt-stack/auth-jwt`: knows clients by a signed token (JWT) and what it says that they may do.
 * @packageDocumentation
 */
export { ALGORITHMS, type Algorithm } from './algorithms.ts'
export { JwtAuth, METHOD } from './jwt-auth.ts'
export * from './options.ts'
