/**
 * `@mqtt-stack/outbound-manager`: messages to clients, with packet identifiers, window, acknowledgements and redelivery.
 * @packageDocumentation
 */
export { OUTBOUND_MANAGER_OPTIONS } from './options.ts'
export { OutboundManager, type OutboundManagerOptions } from './outbound-manager.ts'
