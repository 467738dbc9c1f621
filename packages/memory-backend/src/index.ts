/**
 * `@mqtt-stack/memory-backend`: subscriptions, sessions, retained and offline messages in memory, gone with the process.
 * @packageDocumentation
 */
export type { MemoryBackendStats } from './memory-backend.ts'
export { MemoryBackend } from './memory-backend.ts'
export type { MemoryBackendOptions } from './options.ts'
export { MEMORY_BACKEND_OPTIONS } from './options.ts'
