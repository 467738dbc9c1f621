/** Three brokers over a real Redis to which things happen under load: every message is accounted for by its number. */
import type { Broker } from '@mqtt-stack/broker'
import { createBroker } from '@mqtt-stack/broker'
import { RecordingLogger } from '@mqtt-stack/testing'
import type { MqttClient } from 'mqtt'
import { connectAsync } from 'mqtt'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { start } from '../../../test/rig/redis/passing.ts'
import { startProxy } from '../../../test/rig/redis/proxy.ts'
import { ask, startCluster, takenOver, until } from '../../../test/rig/redis/redis-cluster.ts'
import { startSentinels } from '../../../test/rig/redis/redis-sentinels.ts'
import type { RedisServer } from '../../../test/rig/redis/redis-server.ts'
import { needs } from '../../../test/support/needs.ts'
import type { RedisOptions } from './options.ts'
import { RedisBackend } from './redis-backend.ts'

const PATIENCE = { lease: 3_000, patience: 20_000 }

const ends: (() => unknown)[] = []

beforeEach((context) => needs(context, 'redis-server', 'redis-sentinel'))

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

interface Node {
  readonly url: string
  readonly broker: Broker
  readonly logger: RecordingLogger
}

async function join(node: string, options: RedisOptions): Promise<Node> {
  const logger = new RecordingLogger()
  const broker = createBroker({
    backend: new RedisBackend({ ...PATIENCE, ...options, node }),
    listeners: [{ transport: 'tcp', port: 0 }],
    stack: { logger },
  })
  ends.push(() => broker.close())
  const [{ port }] = await broker.listen()
  return { url: `mqtt://127.0.0.1:${port}`, broker, logger }
}

async function client({ url }: Node, clientId: string): Promise<MqttClient> {
  const options = {
    clientId,
    clean: false,
    protocolVersion: 5,
    reconnectPeriod: 100,
    reconnectOnConnackError: true,
  } as const
  const made = await connectAsync(url, { ...options, properties: { sessionExpiryInterval: 600 } })
  made.on('error', () => {})
  ends.push(() => made.endAsync(true))
  return made
}

async function isMaster(redis: RedisServer): Promise<boolean> {
  return String(await ask(redis, 'INFO', 'replication')).includes('role:master')
}

/** Publishes numbers until it is stopped. */
class Publisher {
  readonly acknowledged: string[] = []
  readonly #client: MqttClient
  readonly #name: string
  readonly #running: Promise<void>
  #isStopped = false

  constructor(made: MqttClient, name: string) {
    this.#client = made
    this.#name = name
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
  }

  /** Until so many more are acknowledged. */
  async more(count: number): Promise<void> {
    const goal = this.acknowledged.length + count
    await until(async () => this.acknowledged.length >= goal)
  }

  async #run(): Promise<void> {
    for (let number = 1; !this.#isStopped; number++) {
      const payload = `${this.#name} ${number}`
      // One that is refused may come, or not.
      await this.#client.publishAsync('t', payload, { qos: 2 }).then(
        () => this.acknowledged.push(payload),
        () => {},
      )
    }
  }
}

/** Load on three nodes; in the end all that was acknowledged has come to a subscriber, once. */
async function load(
  nodes: readonly Node[],
  harm: (publishers: readonly Publisher[]) => Promise<void>,
): Promise<void> {
  const got: string[] = []
  const subscriber = await client(nodes[2], 'subscriber')
  subscriber.on('message', (_, payload) => got.push(`${payload}`))
  await subscriber.subscribeAsync('t', { qos: 2 })
  const publishers = await Promise.all(
    nodes.map(async (node, i) => new Publisher(await client(node, `p${i}`), `p${i}`)),
  )
  for (const publisher of publishers) await publisher.more(20)
  await harm(publishers)
  for (const publisher of publishers) await publisher.more(20)
  for (const publisher of publishers) await publisher.stop()
  const acknowledged = publishers.flatMap((publisher) => publisher.acknowledged)
  const missing = (): string[] => {
    const had = new Set(got)
    return acknowledged.filter((payload) => !had.has(payload))
  }
  await expect.poll(missing).toEqual([])
  expect(got.length - new Set(got).size).toBe(0)
}

it('Redis is killed and started again', async () => {
  const redis = await start()
  const nodes = [
    await join('a', { url: redis.url }),
    await join('b', { url: redis.url }),
    await join('c', { url: redis.url }),
  ]
  await load(nodes, async (publishers) => {
    for (let times = 0; times < 3; times++) {
      await redis.restart()
      for (const publisher of publishers) await publisher.more(5)
    }
  })
})

it('a node is cut off until another has taken over', async () => {
  const redis = await start()
  const proxy = await startProxy(redis.host, redis.port)
  ends.push(() => proxy.close())
  const cut = { url: `redis://${proxy.host}:${proxy.port}`, patience: 2_000 }
  const nodes = [
    await join('a', { url: redis.url }),
    await join('b', cut),
    await join('c', { url: redis.url }),
  ]
  await load(nodes, async ([a, b]) => {
    proxy.cut()
    await until(async () => nodes[1].logger.lines.some(({ message }) => message.includes('out of reach')))
    await a.more(20)
    await takenOver(redis, 'b')
    proxy.heal()
    await b.more(5)
  })
})

it('the master behind Sentinel dies', async () => {
  const { addresses, name, master, replica, stop } = await startSentinels()
  ends.push(stop)
  // What is acknowledged is with the replica too.
  const options = { sentinels: [...addresses], name, replicas: 1 }
  const nodes = [await join('a', options), await join('b', options), await join('c', options)]
  await load(nodes, async () => {
    await master.kill()
    await until(() => isMaster(replica))
    // It comes back as what it is now: as a second master it would be one until a Sentinel has told it.
    await master.restart({ replicaof: `${replica.host} ${replica.port}` })
  })
})

it('a master of a Cluster dies', async () => {
  const cluster = await startCluster(true, { appendfsync: 'always' })
  ends.push(() => cluster.stop())
  const options = { cluster: [...cluster.addresses], replicas: 1 }
  const nodes = [await join('a', options), await join('b', options), await join('c', options)]
  const master = await cluster.masterOf('{node:c}')
  await load(nodes, async () => {
    await master.kill()
    await until(async () => (await Promise.all(cluster.replicas.map(isMaster))).includes(true))
    await master.restart()
  })
})

it('slots of a Cluster move from master to master', async () => {
  const cluster = await startCluster(false, { appendfsync: 'always' })
  ends.push(() => cluster.stop())
  const options = { cluster: [...cluster.addresses] }
  const nodes = [await join('a', options), await join('b', options), await join('c', options)]
  const names = Array.from({ length: 64 }, (_, i) => `mqtt-stack:{names:${i}}`)
  const used = new Set(await cluster.keys())
  const moved = ['{node:a}', '{node:b}', '{node:c}', '{retained}', 'mqtt-stack:service']
  moved.push(...names.filter((name) => used.has(name)).slice(0, 5))
  await load(nodes, async (publishers) => {
    for (const key of moved) {
      const from = await cluster.masterOf(key)
      await cluster.migrate(key, cluster.masters.find((one) => one !== from)!)
    }
    for (const publisher of publishers) await publisher.more(20)
  })
  for (const { logger } of nodes)
    expect(logger.lines.filter(({ message }) => /lost its lease|stays here/.test(message))).toEqual([])
})
