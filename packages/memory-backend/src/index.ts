/**
 * `@mqtt-stack/memory-backend`: subscriptions, sessions, retained and offline messages in memory, gone with the process.
 * @packageDocumentation
 */
export type { BackendStats as MemoryBackendStats } from '@mqtt-stack/core/backend'
export * from './memory-backend.ts'
export * from './options.ts'
