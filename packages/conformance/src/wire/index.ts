/**
 * `@mqtt-stack/conformance/wire`: MQTT packets as bytes, right and wrong, for tests that send them raw.
 * @packageDocumentation
 */
export * as encode from './encode.ts'
export type { Version } from './packet-types.ts'
export type { Properties } from './properties.ts'
