/**
 * `@mqtt-stack/rate-limit`: limits on connections, rates and failed authentications, and for a broker that has too much
 * to do.
 * @packageDocumentation
 */
export type { Measures } from './measures.ts'
export * from './options.ts'
export * from './rate-limit.ts'
