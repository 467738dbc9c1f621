/**
 * `@mqtt-stack/lastwill`: publishes what a client left to be said when it is gone without a word.
 * @packageDocumentation
 */
export type { LastWillOptions } from './lastwill.ts'
export { LASTWILL_OPTIONS, LastWill } from './lastwill.ts'
