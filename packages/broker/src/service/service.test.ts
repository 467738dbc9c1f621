/** Three processes and a real Redis, under load: who dies, hangs or is cut off takes nothing with it. */
import type { MqttClient } from 'mqtt'
import type { TestContext } from 'vitest'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { CutProxy } from '../../../../test/rig/redis/proxy.ts'
import { startProxy } from '../../../../test/rig/redis/proxy.ts'
import { startCluster } from '../../../../test/rig/redis/redis-cluster.ts'
import { startSentinels } from '../../../../test/rig/redis/redis-sentinels.ts'
import type { RedisServer } from '../../../../test/rig/redis/redis-server.ts'
import { startRedis } from '../../../../test/rig/redis/redis-server.ts'
import type { ServiceNode } from '../../../../test/rig/service.ts'
import { NumberedPublisher, numbersOf, roam, startNode, subscribe } from '../../../../test/rig/service.ts'
import { needs } from '../../../../test/support/needs.ts'

const PATIENCE = { timeout: 60_000, interval: 20 }

interface Load {
  readonly nodes: readonly ServiceNode[]
  /** Waits until each has had so many more acknowledged. */
  more(count: number): Promise<void>
  /** Ends the load and looks at each message of it. */
  settle(): Promise<void>
  /** Goes on with the load, ends it, and looks at what was acknowledged from now on. */
  settleFromNow(): Promise<void>
}

interface Redis {
  readonly redis: RedisServer
  /** Each node's way to Redis. */
  readonly ways: readonly CutProxy[]
}

/** Three nodes over one Redis, each with a way of its own to it. */
async function threeNodes(context: TestContext): Promise<Redis & Load> {
  needs(context, 'redis-server')
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const ways = await Promise.all([0, 1, 2].map(() => startProxy(redis.host, redis.port)))
  onTestFinished(async () => void (await Promise.all(ways.map((way) => way.close()))))
  const load = await begin(
    ways.map(({ host, port }) => ({ url: `redis://${host}:${port}`, patience: 4_000 })),
  )
  return { redis, ways, ...load }
}

/**
 * At each node a subscriber to all, and publishers at QoS 1 and 2; all with sessions that outlive connections.
 * @param stores Options of each node's backend.
 */
async function begin(stores: readonly object[]): Promise<Load> {
  const nodes = await Promise.all(stores.map(startNode))
  const subscribers = nodes.map((_, i) => roam(nodes, i, `subscriber-${i}`))
  const got = subscribers.map(numbersOf)
  await Promise.all(subscribers.map((one) => subscribe(one, 'load/#')))
  const topics = nodes.flatMap((_, i) =>
    [1, 2].map((qos) => ({ i, qos: qos as 1 | 2, topic: `load/${i}/${qos}` })),
  )
  const clients: MqttClient[] = []
  const publishers = topics.map(({ i, qos, topic }) => {
    const client = roam(nodes, i, `publisher-${i}-${qos}`)
    clients.push(client)
    return new NumberedPublisher(client, topic, qos)
  })
  for (const publisher of publishers) publisher.start()
  return {
    nodes,
    more: async (count) => void (await Promise.all(publishers.map((one) => one.more(count)))),
    settleFromNow: async () => {
      const before = publishers.map(({ acknowledged }) => acknowledged.length)
      await Promise.all(publishers.map((one) => one.more(20)))
      await Promise.all(publishers.map((one) => one.stop()))
      for (const [at, { topic }] of topics.entries()) {
        const wanted = publishers[at].acknowledged.slice(before[at])
        for (const numbers of got)
          await vi.waitFor(() => expect(numbers.get(topic)).toEqual(expect.arrayContaining(wanted)), PATIENCE)
      }
    },
    settle: async () => {
      await Promise.all(publishers.map((one) => one.stop()))
      for (const [at, { topic, qos }] of topics.entries()) {
        const { acknowledged } = publishers[at]
        for (const [i, numbers] of got.entries()) {
          const missing = (): number[] => {
            const had = new Set(numbers.get(topic))
            return acknowledged.filter((number) => !had.has(number))
          }
          await vi.waitFor(() => expect([topic, i, missing()]).toEqual([topic, i, []]), PATIENCE)
          const all = numbers.get(topic) ?? []
          const first = [...new Set(all)]
          expect([topic, i, first]).toEqual([topic, i, [...first].sort((a, b) => a - b)])
          if (qos === 2) expect([topic, i, all.length]).toEqual([topic, i, first.length])
        }
      }
    },
  }
}

describe('three nodes under load', () => {
  test('all is well', { timeout: 120_000 }, async (context) => {
    const { more, settle } = await threeNodes(context)
    await more(50)
    await settle()
  })

  test('one of them is killed', { timeout: 180_000 }, async (context) => {
    const { nodes, more, settle } = await threeNodes(context)
    await more(20)
    nodes[0].cli.child.kill('SIGKILL')
    await more(50)
    await settle()
  })

  test('one of them hangs, and goes on', { timeout: 180_000 }, async (context) => {
    const { nodes, more, settle } = await threeNodes(context)
    await more(20)
    nodes[0].cli.child.kill('SIGSTOP')
    await more(50)
    nodes[0].cli.child.kill('SIGCONT')
    await nodes[0].cli.prints(/has lost its lease/)
    await more(20)
    await settle()
  })

  test('Redis is killed, and started again', { timeout: 180_000 }, async (context) => {
    const { redis, nodes, more, settle } = await threeNodes(context)
    await more(20)
    await redis.kill()
    await nodes[1].cli.prints(/out of reach/)
    await redis.restart()
    await more(50)
    await settle()
  })

  test('one of them is cut off for 10 s', { timeout: 180_000 }, async (context) => {
    const { nodes, ways, more, settle } = await threeNodes(context)
    await more(20)
    ways[0].cut()
    await nodes[0].cli.prints(/out of reach/)
    await new Promise((resolve) => setTimeout(resolve, 10_000))
    ways[0].heal()
    await more(50)
    await settle()
  })

  test('over a Cluster of three masters, one of them is killed', { timeout: 180_000 }, async (context) => {
    needs(context, 'redis-server')
    const cluster = await startCluster()
    onTestFinished(() => cluster.stop())
    const { addresses } = cluster
    const { nodes, more, settle } = await begin([1, 2, 3].map(() => ({ cluster: addresses })))
    await more(20)
    nodes[0].cli.child.kill('SIGKILL')
    await more(50)
    await settle()
  })

  test('the master of Redis is killed, and Sentinel puts the replica in its place', {
    timeout: 180_000,
  }, async (context) => {
    needs(context, 'redis-server', 'redis-sentinel')
    const { master, addresses, name, stop } = await startSentinels()
    onTestFinished(stop)
    const { nodes, more, settleFromNow } = await begin(
      [1, 2, 3].map(() => ({ sentinels: addresses, name, patience: 4_000 })),
    )
    await more(20)
    await master.kill()
    await Promise.all(nodes.map(({ cli }) => cli.prints(/in reach again/)))
    // The replica may lack what the master had acknowledged last.
    await settleFromNow()
  })
})
