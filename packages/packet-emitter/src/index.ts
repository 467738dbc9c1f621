/**
 * `@mqtt-stack/packet-emitter`: hands a client to legacy code that speaks in events.
 * @packageDocumentation
 */

export { ClientEmitter } from './client-emitter.ts'
export { type ClientHandler, PacketEmitter } from './packet-emitter.ts'
