/** A real Redis Cluster for a test: three masters, and a replica of each if wanted. */
import { setTimeout as delay } from 'node:timers/promises'
import { openPort } from '../../support/open-port.ts'
import { PROGRAM_LIMIT } from '../../support/program-limit.ts'
import type { RedisServer, RedisSettings } from './redis-server.ts'
import { startRedis } from './redis-server.ts'
import { RespConnection } from './resp.ts'

const SLOTS = 16_384
const MASTERS = 3

export interface RedisCluster {
  readonly masters: readonly RedisServer[]
  readonly replicas: readonly RedisServer[]
  /** As the option `cluster` has them. */
  readonly addresses: readonly string[]
  /** The master that has a key now. */
  masterOf(key: string): Promise<RedisServer>
  /** Keys of all masters. */
  keys(): Promise<string[]>
  /** Moves the slot of a key to a master, one of its keys after the other, while whoever uses them goes on. */
  migrate(key: string, to: RedisServer): Promise<void>
  stop(): Promise<void>
}

export async function startCluster(hasReplicas = false, settings: RedisSettings = {}): Promise<RedisCluster> {
  const buses = new Map<RedisServer, number>()
  const start = async (): Promise<RedisServer> => {
    const { port, handOver } = await openPort()
    handOver()
    const own = { 'cluster-enabled': 'yes', 'cluster-port': port, 'cluster-node-timeout': 1_000 }
    const server = await startRedis({ appendfsync: 'no', 'repl-diskless-sync-delay': 0, ...own, ...settings })
    buses.set(server, port)
    return server
  }
  const startAll = (): Promise<RedisServer[]> => Promise.all(Array.from({ length: MASTERS }, start))
  const masters = await startAll()
  const replicas = hasReplicas ? await startAll() : []
  const all = [...masters, ...replicas]
  for (const [i, server] of masters.entries()) {
    const from = Math.ceil((SLOTS * i) / MASTERS)
    const to = Math.ceil((SLOTS * (i + 1)) / MASTERS) - 1
    await ask(server, 'CLUSTER', 'ADDSLOTSRANGE', `${from}`, `${to}`)
    await ask(server, 'CLUSTER', 'SET-CONFIG-EPOCH', `${i + 1}`)
  }
  for (const server of all.slice(1))
    await ask(server, 'CLUSTER', 'MEET', masters[0].host, `${masters[0].port}`, `${buses.get(masters[0])}`)
  for (const server of all) await until(() => knowsAll(server, all.length))
  for (const [i, replica] of replicas.entries()) {
    await ask(replica, 'CLUSTER', 'REPLICATE', String(await ask(masters[i], 'CLUSTER', 'MYID')))
    await until(async () =>
      String(await ask(replica, 'INFO', 'replication')).includes('master_link_status:up'),
    )
  }
  for (const server of all) await until(() => isUp(server))
  const slotOf = (key: string): Promise<unknown> => ask(masters[0], 'CLUSTER', 'KEYSLOT', key)
  const masterOf = async (key: string): Promise<RedisServer> => {
    const slot = Number(await slotOf(key))
    const slots = (await ask(masters[0], 'CLUSTER', 'SLOTS')) as [number, number, [string, number]][]
    const [, , [, port]] = slots.find(([from, to]) => from <= slot && slot <= to)!
    return all.find((server) => server.port === port)!
  }
  return {
    masters,
    replicas,
    addresses: masters.map(({ host, port }) => `${host}:${port}`),
    masterOf,
    migrate: async (key, to) => {
      const from = await masterOf(key)
      if (from === to) return
      const slot = String(await slotOf(key))
      const [source, target] = await Promise.all(
        [from, to].map(async (server) => String(await ask(server, 'CLUSTER', 'MYID'))),
      )
      await ask(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', source)
      await ask(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', target)
      for (;;) {
        const [found] = (await ask(from, 'CLUSTER', 'GETKEYSINSLOT', slot, '1')) as string[]
        if (found === undefined) break
        await ask(from, 'MIGRATE', to.host, `${to.port}`, found, '0', '5000')
      }
      for (const server of [to, from, ...masters.filter((one) => one !== to && one !== from)])
        await ask(server, 'CLUSTER', 'SETSLOT', slot, 'NODE', target)
    },
    keys: async () =>
      (await Promise.all(masters.map((server) => ask(server, 'KEYS', '*') as Promise<string[]>))).flat(),
    stop: async () => {
      for (const server of all) await server.stop()
    },
  }
}

/** Asks a Redis once, by a connection of its own. */
export async function ask(
  { host, port }: { readonly host: string; readonly port: number },
  ...command: string[]
): Promise<unknown> {
  const connection = new RespConnection({ host, port })
  try {
    return await connection.ask(...command)
  } finally {
    connection.close()
  }
}

/** Waits until its replicas have all that a master has. */
export function replicated(master: RedisServer): Promise<void> {
  return until(async () => {
    const info = String(await ask(master, 'INFO', 'replication'))
    const made = /master_repl_offset:(\d+)/.exec(info)?.[1]
    return [...info.matchAll(/,offset=(\d+),/g)].every(([, offset]) => offset === made)
  })
}

/** Waits for something that a real program comes to by itself. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + PROGRAM_LIMIT
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error('Redis has not come to what a test waits for')
    await delay(25)
  }
}

async function isUp(server: RedisServer): Promise<boolean> {
  return String(await ask(server, 'CLUSTER', 'INFO')).includes('cluster_state:ok')
}

async function knowsAll(server: RedisServer, count: number): Promise<boolean> {
  const nodes = String(await ask(server, 'CLUSTER', 'NODES'))
  return (
    nodes.split('\n').filter((line) => / connected/.test(line) && !/handshake/.test(line)).length === count
  )
}

/** Waits until another node has taken what was this one's, because it was not heard of for as long as its lease. */
export function takenOver(redis: RedisServer, node: string): Promise<void> {
  const meta = `mqtt-stack:{node:${node}}:meta`
  return until(async () => {
    const [owner, claimer] = (await ask(redis, 'HMGET', meta, 'owner', 'claimer')) as (string | null)[]
    return owner === null || claimer !== null
  })
}
