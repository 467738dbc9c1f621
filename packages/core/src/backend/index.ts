/**
 * `@mqtt-stack/core/backend`: what every backend does, over a store of yours.
 * @packageDocumentation
 */
export * from './backend.ts'
export type { ShareStrategy } from './choose-member.ts'
export * from './options.ts'
export * from './ordered-store.ts'
export * from './shared/node-errors.ts'
export * from './shared/options.ts'
export * from './shared/shared-store.ts'
export type { BackendStats } from './stats.ts'
