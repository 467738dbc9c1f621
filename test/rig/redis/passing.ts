/** Real servers of Redis, and stores over them, that end with each test. */
import type { RedisOptions } from '@mqtt-stack/redis-backend'
import { RedisStore } from '@mqtt-stack/redis-backend'
import { afterEach } from 'vitest'
import { LONG_LEASE } from './leases.ts'
import type { RedisServer, RedisSettings } from './redis-server.ts'
import { startRedis } from './redis-server.ts'

const servers: RedisServer[] = []
const stores: RedisStore[] = []

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
  for (const server of servers.splice(0)) await server.stop()
})

export async function start(settings: RedisSettings = {}): Promise<RedisServer> {
  const server = await startRedis(settings)
  servers.push(server)
  return server
}

/** A store whose lease does not end. */
export async function open(options: RedisOptions, warn?: (text: string) => void): Promise<RedisStore> {
  const store = new RedisStore({ lease: LONG_LEASE, ...options }, warn)
  stores.push(store)
  await store.open()
  return store
}

/** Code and message of what is thrown; the address of a server is `HOST` in it. */
export async function thrown(server: RedisServer | undefined, opening: Promise<unknown>): Promise<string> {
  const error = await opening.then(
    () => new Error('nothing was thrown'),
    (error: Error) => error,
  )
  const { code, message } = error as NodeJS.ErrnoException
  return `${code} ${server === undefined ? message : message.replace(`${server.host}:${server.port}`, 'HOST')}`
}

/** For stores that wait in vain. */
const IMPATIENCE = 300

/**
 * What {@link thrown} says of a store that waits in vain, which waits for longer where the machine was too busy for any answer.
 * @param asked Asks with the patience that it is given.
 */
export async function inVain(
  server: RedisServer | undefined,
  asked: (options: { readonly patience: number }) => Promise<unknown>,
): Promise<string> {
  for (let patience = IMPATIENCE; ; patience *= 3) {
    const said = await thrown(server, asked({ patience }))
    if (!said.endsWith(': it does not answer')) return said
  }
}
