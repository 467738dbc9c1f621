/** The suite over two real processes and a real Redis: the connections of each test are spread over them. Tests that wait for time are left out. */
import { connect } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { startRedis } from '../../../test/rig/redis/redis-server.ts'
import { startNode } from '../../../test/rig/service.ts'
import { needs } from '../../../test/support/needs.ts'
import { runSuite } from './harness/run-suite.ts'
import { chaptersOf } from './protocol/index.ts'

/** Several wait for answers at a time. */
const PARALLEL = 16

it.for([3, 4, 5] as const)('over two processes (version %i)', async (version, context) => {
  needs(context, 'redis-server')
  const redis = await startRedis({ appendfsync: 'no' })
  onTestFinished(() => redis.stop())
  const nodes = await Promise.all([startNode({ url: redis.url }), startNode({ url: redis.url })])
  let connections = 0
  const target = {
    connect: () => {
      const { host, port } = nodes[connections++ % nodes.length]
      return connect({ host, port, noDelay: true })
    },
  }
  const tests = chaptersOf(version)
    .flatMap((chapter) => chapter.tests)
    .filter(({ slow }) => !slow)
  const results = await runSuite(tests, [() => target], { parallel: PARALLEL, patience: 10_000 })
  const failed = results.filter(({ status }) => status === 'fail' || status === 'remark')
  expect(failed.map(({ test, message }) => `${test.chapter}: ${test.title}: ${message}`)).toEqual([])
  expect(results.filter(({ status }) => status === 'pass').length).toBeGreaterThan(0.9 * tests.length)
})
