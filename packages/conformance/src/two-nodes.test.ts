/** The whole suite again, with the connections of each test spread over two brokers of one service: nobody may see a difference. */
import { describe, it } from 'vitest'
import { onTwoNodes, onTwoNodesInTime } from '../page/mqtt-stack-target.ts'
import type { Test } from './harness/chapter.ts'
import { describeProtocol } from './harness/describe-protocol.ts'

/** What takes a moment more where a session ends at another node than the one that its client has come to: that node looks for due wills every 250 ms. */
const BY_A_SWEEP: ReadonlySet<string> = new Set([
  'publishes a delayed will at once when its session ends because a new connection ends it by clean start',
  'publishes a delayed will at once when its session ends because a later connection ends it by clean start',
])

/**
 * What is not so. Which messages of a log were sent is known to the process that sent them alone: elsewhere, as behind a restart, one whose
 * time is over counts as not sent, and of a QoS 2 one the exchange is ended.
 */
const OF_ONE_PROCESS: ReadonlySet<string> = new Set([
  'sends an unacknowledged message again though it has expired',
])

const isIn = (titles: ReadonlySet<string>, { title }: Test): boolean => {
  for (const one of titles) if (title.endsWith(one)) return true
  return false
}

describe('over two nodes', () => {
  for (const version of [3, 4, 5] as const)
    describeProtocol({
      describe,
      it,
      version,
      setup: onTwoNodes,
      filter: (test) => !isIn(BY_A_SWEEP, test) && !isIn(OF_ONE_PROCESS, test),
    })
})

describe('over two nodes, behind a sweep', () => {
  const filter = (test: Test): boolean => isIn(BY_A_SWEEP, test)
  describeProtocol({ describe, it, version: 5, setup: onTwoNodesInTime, filter })
})
