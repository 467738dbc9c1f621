/**
 * `@mqtt-stack/inbound-manager`: what clients publish, acknowledged in order and relayed exactly as often as asked.
 * @packageDocumentation
 */
export { InboundManager } from './inbound-manager.ts'
export { INBOUND_MANAGER_OPTIONS, type InboundManagerOptions } from './options.ts'
