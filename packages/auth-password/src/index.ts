/**
 * `@mqtt-stack/auth-password`: who knows the password of a user in a file is that user.
 * @packageDocumentation
 */
export { PASSWORD_AUTH_OPTIONS, type PasswordAuthOptions } from './options.ts'
export { PasswordAuth, type PasswordAuthStats } from './password-auth.ts'
export { hashPassword } from './passwords.ts'
