/** A client that connects to two nodes in turn, as fast as it can, while a third one sends: real processes over a real Redis. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { startRedis } from '../../../../test/rig/redis/redis-server.ts'
import { NumberedPublisher, numbersOf, roam, startNode, subscribe } from '../../../../test/rig/service.ts'
import { needs } from '../../../../test/support/needs.ts'
import { Random } from '../../../crash-rounds/src/random.ts'

/** How often it connects, and how long it stays, in ms. */
const CONNECTS = 40
const STAYS = [0, 0, 0, 2, 10, 50] as const
const LOST = 30_000

test('every message comes, those of QoS 2 once and in order', { timeout: 120_000 }, async (context) => {
  needs(context, 'redis-server')
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const nodes = await Promise.all([1, 2, 3].map((i) => startNode({ url: redis.url, node: `node-${i}` })))
  const random = new Random(1)
  const mover = roam(nodes.slice(0, 2), 0, 'mover', { reconnectPeriod: 1 })
  const got = numbersOf(mover)
  await subscribe(mover, 'load/#')
  const publishers = [1, 2, 2].map((qos, i) => {
    const topic = `load/${i}`
    const publisher = new NumberedPublisher(roam(nodes.slice(2), 0, `publisher-${i}`), topic, qos as 1 | 2)
    publisher.start()
    return { publisher, topic, qos }
  })
  for (const { publisher } of publishers) await publisher.more(5)
  for (let connects = 0; connects < CONNECTS; connects++) {
    const connected = new Promise((resolve) => mover.once('connect', resolve))
    mover.stream.destroy()
    await connected
    await delay(STAYS[Math.floor(random.between(0, STAYS.length))])
  }
  for (const { publisher } of publishers) await publisher.more(5)
  for (const { publisher } of publishers) await publisher.stop()
  for (const { publisher, topic, qos } of publishers) {
    const had = (): readonly number[] => got.get(topic) ?? []
    const all = expect.arrayContaining(publisher.acknowledged)
    await expect.poll(had, { timeout: LOST, interval: 20 }).toEqual(all)
    // One that was refused may come, or not.
    const inOrder = [...new Set(had())].sort((one, other) => one - other)
    if (qos === 2) expect(had()).toEqual(inOrder)
  }
})
