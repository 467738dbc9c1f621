/**
 * `@mqtt-stack/lmdb-backend`: subscriptions, retained messages and sessions in an LMDB database.
 * @packageDocumentation
 */
export { LmdbStore } from './lmdb-store.ts'
export type { DatabaseOptions, Sync } from './open-database.ts'
