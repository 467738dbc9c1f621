/** A master, a replica, and three Sentinels that put the replica in its place, for a test. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openPort } from '../../support/open-port.ts'
import { ask, until } from './redis-cluster.ts'
import type { RedisServer, RedisSettings } from './redis-server.ts'
import { end, run, startRedis } from './redis-server.ts'

export interface RedisSentinels {
  readonly master: RedisServer
  readonly replica: RedisServer
  /** As the option `sentinels` has them. */
  readonly addresses: readonly string[]
  /** How they call the master. */
  readonly name: string
  stop(): Promise<void>
}

export async function startSentinels(settings: RedisSettings = {}): Promise<RedisSentinels> {
  const name = 'mymaster'
  const quick = { 'repl-diskless-sync-delay': 0, ...settings }
  const master = await startRedis(quick)
  const replica = await startRedis({ ...quick, replicaof: `${master.host} ${master.port}` })
  await until(async () => String(await ask(replica, 'INFO', 'replication')).includes('master_link_status:up'))
  const sentinels = await Promise.all(
    [1, 2, 3].map(async (number) => {
      const { host, port, handOver } = await openPort()
      handOver()
      const file = join(master.directory, `sentinel-${number}.conf`)
      const lines = [
        `sentinel monitor ${name} ${master.host} ${master.port} 2`,
        `sentinel down-after-milliseconds ${name} 500`,
        `sentinel failover-timeout ${name} 2000`,
      ]
      writeFileSync(file, `${lines.join('\n')}\n`)
      const child = await run('redis-sentinel', host, port, master.directory, {}, file)
      return { host, port, child }
    }),
  )
  for (const sentinel of sentinels)
    await until(async () => {
      const known = (await ask(sentinel, 'SENTINEL', 'MASTER', name)) as string[]
      const fieldOf = (field: string): string => known[known.indexOf(field) + 1]
      return fieldOf('num-slaves') === '1' && fieldOf('num-other-sentinels') === '2'
    })
  return {
    master,
    replica,
    name,
    addresses: sentinels.map(({ host, port }) => `${host}:${port}`),
    stop: async () => {
      for (const { child } of sentinels) await end(child)
      await replica.stop()
      await master.stop()
    },
  }
}
