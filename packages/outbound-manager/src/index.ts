/**
 * `@mqtt-stack/outbound-manager`: messages to clients, with packet identifiers, window, acknowledgements and redelivery.
 * @packageDocumentation
 */
export { OutboundManager, type OutboundManagerOptions } from './outbound-manager.ts'
