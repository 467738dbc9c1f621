/**
 * `@mqtt-stack/redis-backend`: sessions, subscriptions and messages in Redis, which several brokers share.
 * @packageDocumentation
 */
export * from './options.ts'
export { RedisBackend } from './redis-backend.ts'
export { RedisStore } from './redis-store.ts'
