/**
 * `@mqtt-stack/authentication`: asks providers who a client is before anybody behind sees it.
 * @packageDocumentation
 */
export { AUTHENTICATION_OPTIONS, Authentication, type AuthenticationOptions } from './authentication.ts'
