/**
 * `@mqtt-stack/lmdb-backend`: subscriptions, retained messages and sessions in an LMDB database.
 * @packageDocumentation
 */
export { LmdbBackend } from './lmdb-backend.ts'
export { LmdbStore } from './lmdb-store.ts'
export type { DatabaseOptions, Sync } from './open-database.ts'
export * from './options.ts'
