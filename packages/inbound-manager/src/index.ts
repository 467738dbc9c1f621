/**
 * `@mqtt-stack/inbound-manager`: what clients publish, acknowledged in order and relayed exactly as often as asked.
 * @packageDocumentation
 */
export { INBOUND_MANAGER_OPTIONS, InboundManager, type InboundManagerOptions } from './inbound-manager.ts'
