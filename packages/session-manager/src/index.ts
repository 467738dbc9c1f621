/**
 * `@mqtt-stack/session-manager`: opens a session for each CONNECT, answers it, and ends sessions whose time is over.
 * @packageDocumentation
 */
export { SESSION_MANAGER_OPTIONS, type SessionManagerOptions } from './options.ts'
export { SessionManager } from './session-manager.ts'
