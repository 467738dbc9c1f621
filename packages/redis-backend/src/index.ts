/**
 * `@mqtt-stack/redis-backend`: sessions, subscriptions and messages in Redis, which several brokers share.
 * @packageDocumentation
 */
export type { RedisBackendOptions, RedisOptions } from './options.ts'
export { REDIS_BACKEND_OPTIONS } from './options.ts'
export { RedisBackend } from './redis-backend.ts'
export { RedisStore } from './redis-store.ts'
