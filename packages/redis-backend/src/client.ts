/** Makes the clients of ioredis: none keeps a command that it cannot send, and none sends one twice by itself. */
import type { ClusterOptions, RedisOptions } from 'ioredis'
import { Cluster, Redis } from 'ioredis'
import { QuietSentinels } from './quiet-sentinels.ts'
import type { Address, Target } from './target.ts'

export type Client = Redis | Cluster

export interface ClientOptions {
  /** How long a connection may take, in ms. */
  readonly connecting: number
  /** How long nothing may come from Redis while something is asked of it, in ms. Then the connection is made anew. */
  readonly silence: number
}

/** Does not connect by itself. */
export function makeClient(target: Target, options: ClientOptions): Client {
  const { addresses, kind } = target
  const common = commonOptions(target, options)
  if (kind === 'cluster') {
    const { retryStrategy: _, enableOfflineQueue: __, ...redisOptions } = common
    const cluster: ClusterOptions = {
      lazyConnect: true,
      enableOfflineQueue: false,
      redisOptions,
      retryDelayOnFailover: 0,
      slotsRefreshInterval: 2_000,
      slotsRefreshTimeout: options.connecting,
      clusterRetryStrategy: backoff,
      // Certificates are of names.
      ...(target.tls && {
        dnsLookup: (host: string, done: (error: null, address: string) => void) => done(null, host),
      }),
    }
    return new Cluster([...addresses], cluster)
  }
  return keepOff(new Redis({ ...common, ...whereOf(target, options) }))
}

/** A connection that is not made again. In a Cluster it is one to this address. */
export function makeConnection(target: Target, options: ClientOptions, address: Address | undefined): Redis {
  const where = target.kind === 'cluster' ? { ...address } : whereOf(target, options)
  return keepOff(new Redis({ ...commonOptions(target, options), ...where, retryStrategy: null }))
}

/** Where its database is not there, ioredis would go on with another one. */
function keepOff(redis: Redis): Redis {
  return redis.on('error', (error: Error) => {
    if (isOfDatabase(error)) redis.disconnect(true)
  })
}

/** The database that was asked for is not there. */
export function isOfDatabase({ command }: Error & { command?: { name: string } }): boolean {
  return command?.name === 'select'
}

function whereOf({ kind, addresses, name, db, tls }: Target, options: ClientOptions): RedisOptions {
  if (kind === 'one') return { ...addresses[0], db }
  return {
    sentinels: [...addresses],
    Connector: QuietSentinels as NonNullable<RedisOptions['Connector']>,
    name,
    sentinelRetryStrategy: backoff,
    sentinelReconnectStrategy: backoff,
    failoverDetector: true,
    enableTLSForSentinelMode: tls !== undefined,
    sentinelTLS: tls,
    sentinelCommandTimeout: options.silence,
  }
}

function commonOptions({ kind, username, password, tls }: Target, options: ClientOptions) {
  return {
    lazyConnect: true,
    // A Redis that has no password takes any for this user; for none ioredis prints that it is needless.
    username: username ?? (password === undefined ? undefined : 'default'),
    password,
    tls,
    protocol: 2,
    connectTimeout: options.connecting,
    socketTimeout: options.silence,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxLoadingRetryTime: 1_000,
    // It tells a master from what was one; what is loading says so by itself.
    enableReadyCheck: kind === 'sentinels',
    retryStrategy: backoff,
    // The master has become a replica: the address may be another's by now.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  } satisfies RedisOptions
}

/** In ms: longer with each time, up to two seconds, and at no two nodes the same. */
export function backoff(times: number): number {
  return Math.min(2_000, 25 * 2 ** Math.min(times, 10)) * (0.5 + Math.random() / 2)
}
