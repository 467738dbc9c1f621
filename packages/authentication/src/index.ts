/**
 * `@mqtt-stack/authentication`: asks providers who a client is before anybody behind sees it.
 * @packageDocumentation
 */
export { Authentication } from './authentication.ts'
