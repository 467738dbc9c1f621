/** Load on a service, and the account of each message of it. */
import { setTimeout as delay } from 'node:timers/promises'
import type { IClientOptions, MqttClient } from 'mqtt'
import type { TestContext } from 'vitest'
import { expect, onTestFinished, vi } from 'vitest'
import { needs } from '../support/needs.ts'
import { PROGRAM_LIMIT } from '../support/program-limit.ts'
import type { CutProxy } from './redis/proxy.ts'
import { startProxy } from './redis/proxy.ts'
import type { RedisServer } from './redis/redis-server.ts'
import { startRedis } from './redis/redis-server.ts'
import type { ServiceNode } from './service.ts'
import { NumberedPublisher, numbersOf, roam, startNode, subscribe } from './service.ts'

/** What has not come so long behind the load’s end is lost, in ms. */
const PATIENCE = PROGRAM_LIMIT / 2

/** What became of the messages; each list is empty where all is well. */
export interface Account {
  /** Messages whose publishers were told that the service has them. */
  readonly acknowledged: number
  /** Copies that came. */
  readonly delivered: number
  /** Acknowledged, and not come to a subscriber. */
  readonly lost: readonly string[]
  /** Published at QoS 2, and come more than once to a subscriber. */
  readonly twice: readonly string[]
  /** Behind one of its topic that was published later. */
  readonly disordered: readonly string[]
}

export interface Load {
  readonly nodes: readonly ServiceNode[]
  /** Waits until each publisher has had so many more acknowledged. */
  more(count: number): Promise<void>
  /** Ends the load, waits until all has come, or for long, and looks at each message. */
  account(): Promise<Account>
  /** Ends the load: every message of it is accounted for. */
  settle(): Promise<void>
  /** Goes on with the load, ends it, and looks at what was acknowledged from now on. */
  settleFromNow(): Promise<void>
}

export interface OverRedis extends Load {
  readonly redis: RedisServer
  /** Each node's way to Redis. */
  readonly ways: readonly CutProxy[]
}

/**
 * Three nodes over one Redis, each with a way of its own to it.
 * @param clients What the clients are told besides: by default they are soon tired of a node that does not answer.
 */
export async function threeNodes(context: TestContext, clients: IClientOptions = {}): Promise<OverRedis> {
  needs(context, 'redis-server')
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const ways = await Promise.all([0, 1, 2].map(() => startProxy(redis.host, redis.port)))
  onTestFinished(async () => void (await Promise.all(ways.map((way) => way.close()))))
  const load = await begin(
    ways.map(({ host, port }, i) => ({
      url: `redis://${host}:${port}`,
      node: `node-${i + 1}`,
      patience: 4_000,
    })),
    clients,
  )
  return { redis, ways, ...load }
}

/**
 * At each node a subscriber to all, and publishers at QoS 1 and 2; all with sessions that outlive connections.
 * @param stores Options of each node's backend.
 * @param options What the clients are told besides.
 */
export async function begin(stores: readonly object[], options: IClientOptions = {}): Promise<Load> {
  const nodes = await Promise.all(stores.map((store) => startNode(store)))
  const subscribers = nodes.map((_, i) => roam(nodes, i, `subscriber-${i}`, options))
  const got = subscribers.map(numbersOf)
  await Promise.all(subscribers.map((one) => subscribe(one, 'load/#')))
  const topics = nodes.flatMap((_, i) =>
    [1, 2].map((qos) => ({ i, qos: qos as 1 | 2, topic: `load/${i}/${qos}` })),
  )
  const clients: MqttClient[] = []
  const publishers = topics.map(({ i, qos, topic }) => {
    const client = roam(nodes, i, `publisher-${i}-${qos}`, options)
    clients.push(client)
    return new NumberedPublisher(client, topic, qos)
  })
  for (const publisher of publishers) publisher.start()
  /** Of each subscriber and topic. */
  const inspect = (look: (numbers: readonly number[], at: number) => readonly number[]): string[] =>
    topics.flatMap(({ topic }, at) =>
      got.flatMap((numbers, i) =>
        look(numbers.get(topic) ?? [], at).map((number) => `${number} of ${topic} for subscriber-${i}`),
      ),
    )
  const lost = (): string[] =>
    inspect((numbers, at) => {
      const had = new Set(numbers)
      return publishers[at].acknowledged.filter((number) => !had.has(number))
    })
  const account = async (): Promise<Account> => {
    await Promise.all(publishers.map((one) => one.stop()))
    const end = performance.now() + PATIENCE
    while (lost().length > 0 && performance.now() < end) await delay(50)
    return {
      acknowledged: publishers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0),
      delivered: got.flatMap((numbers) => [...numbers.values()]).reduce((sum, { length }) => sum + length, 0),
      lost: lost(),
      twice: inspect((numbers, at) => (topics[at].qos === 2 ? repeated(numbers) : [])),
      disordered: inspect(disordered),
    }
  }
  return {
    nodes,
    more: async (count) => void (await Promise.all(publishers.map((one) => one.more(count)))),
    account,
    settle: async () => {
      expect(await account()).toMatchObject({ lost: [], twice: [], disordered: [] })
    },
    settleFromNow: async () => {
      const before = publishers.map(({ acknowledged }) => acknowledged.length)
      await Promise.all(publishers.map((one) => one.more(20)))
      await Promise.all(publishers.map((one) => one.stop()))
      for (const [at, { topic }] of topics.entries()) {
        const wanted = publishers[at].acknowledged.slice(before[at])
        const all = expect.arrayContaining(wanted)
        for (const numbers of got)
          await vi.waitFor(() => expect(numbers.get(topic)).toEqual(all), { timeout: PATIENCE, interval: 20 })
      }
    },
  }
}

function repeated(numbers: readonly number[]): number[] {
  const had = new Set<number>()
  return numbers.filter((number) => had.size === had.add(number).size)
}

/** What came for the first time behind a higher number. */
function disordered(numbers: readonly number[]): number[] {
  let highest = 0
  const late: number[] = []
  for (const number of new Set(numbers)) {
    if (number < highest) late.push(number)
    highest = Math.max(highest, number)
  }
  return late
}
