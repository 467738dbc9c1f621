/**
 * `@mqtt-stack/authorize`: asks access rules before a client publishes, subscribes or leaves a will.
 * @packageDocumentation
 */
export { Authorize } from './authorize.ts'
