/** Three processes and a real Redis, under load: who dies, hangs or is cut off takes nothing with it. */
import { describe, onTestFinished, test } from 'vitest'
import { startCluster, takenOver } from '../../../../test/rig/redis/redis-cluster.ts'
import { startSentinels } from '../../../../test/rig/redis/redis-sentinels.ts'
import { begin, threeNodes } from '../../../../test/rig/service-load.ts'
import { needs } from '../../../../test/support/needs.ts'

/** On a busy machine nodes that are well are slow, and clients that leave them for that give them more to do: then nothing would get done. */
const PATIENT = { keepalive: 10, connectTimeout: 10_000 }

describe('three nodes under load', () => {
  test('all is well', async (context) => {
    const { more, settle } = await threeNodes(context, PATIENT)
    await more(20)
    await settle()
  })

  test('one of them is killed', async (context) => {
    const { nodes, more, settle } = await threeNodes(context, PATIENT)
    await more(20)
    nodes[0].cli.child.kill('SIGKILL')
    await more(20)
    await settle()
  })

  test('one of them hangs, and goes on', async (context) => {
    const { nodes, more, settle } = await threeNodes(context, PATIENT)
    await more(20)
    nodes[0].cli.child.kill('SIGSTOP')
    await more(20)
    nodes[0].cli.child.kill('SIGCONT')
    await nodes[0].cli.prints(/has lost its lease/)
    await more(20)
    await settle()
  })

  test('Redis is killed, and started again', async (context) => {
    const { redis, nodes, more, settle } = await threeNodes(context, PATIENT)
    await more(20)
    await redis.kill()
    await nodes[1].cli.prints(/out of reach/)
    await redis.restart()
    await more(20)
    await settle()
  })

  test('one of them is cut off until another has taken over', async (context) => {
    const { redis, nodes, ways, more, settle } = await threeNodes(context, PATIENT)
    await more(20)
    ways[0].cut()
    await nodes[0].cli.prints(/out of reach/)
    await takenOver(redis, 'node-1')
    ways[0].heal()
    await more(20)
    await settle()
  })

  test('over a Cluster of three masters, one of them is killed', async (context) => {
    needs(context, 'redis-server')
    const cluster = await startCluster()
    onTestFinished(() => cluster.stop())
    const { addresses } = cluster
    const { nodes, more, settle } = await begin(
      [1, 2, 3].map(() => ({ cluster: addresses })),
      PATIENT,
    )
    await more(20)
    nodes[0].cli.child.kill('SIGKILL')
    await more(20)
    await settle()
  })

  test('the master of Redis is killed, and Sentinel puts the replica in its place', async (context) => {
    needs(context, 'redis-server', 'redis-sentinel')
    const { master, addresses, name, stop } = await startSentinels()
    onTestFinished(stop)
    const { nodes, more, settleFromNow } = await begin(
      [1, 2, 3].map(() => ({ sentinels: addresses, name, patience: 4_000 })),
      PATIENT,
    )
    await more(20)
    await master.kill()
    await Promise.all(nodes.map(({ cli }) => cli.prints(/in reach again/)))
    // The replica may lack what the master had acknowledged last.
    await settleFromNow()
  })
})
