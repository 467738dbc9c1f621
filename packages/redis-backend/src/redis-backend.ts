import { Backend } from '@mqtt-stack/core/backend'
import type { RedisBackendOptions, RedisOptions } from './options.ts'
import { REDIS_BACKEND_OPTIONS, REDIS_OPTIONS } from './options.ts'
import { RedisStore } from './redis-store.ts'
import { checkNames, targetOf } from './target.ts'

/** Keeps everything in Redis, which several brokers share: together they are one service. */
export class RedisBackend extends Backend<RedisBackendOptions> {
  constructor(options: RedisBackendOptions) {
    super(options, REDIS_BACKEND_OPTIONS, (config) => {
      const own = Object.fromEntries(
        Object.keys(REDIS_OPTIONS).map((key) => [key, config[key as keyof RedisOptions]]),
      )
      return new RedisStore(own, (store, lack) =>
        this.stack.log.event('store.lacks', { owner: 'redis-backend', store, lack }),
      )
    })
    checkNames(this.name, this.config)
    targetOf(this.name, { ...this.config, passwordFile: undefined, caFile: undefined })
  }
}
