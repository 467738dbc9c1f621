/**
 * `@mqtt-stack/memory-backend`: subscriptions, sessions, retained and offline messages in memory, gone with the process.
 * @packageDocumentation
 */
export {
  MEMORY_BACKEND_OPTIONS,
  MemoryBackend,
  type MemoryBackendOptions,
  type MemoryBackendStats,
} from './memory-backend.ts'
