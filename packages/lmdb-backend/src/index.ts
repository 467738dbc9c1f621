/**
 * `@mqtt-stack/lmdb-backend`: subscriptions, retained messages and sessions in an LMDB database.
 * @packageDocumentation
 */
export type { DatabaseOptions, Sync } from './database-options.ts'
export { LmdbBackend } from './lmdb-backend.ts'
export { LmdbStore } from './lmdb-store.ts'
export * from './options.ts'
