/** The whole suite again, over a backend that applies nothing before a commit of 20 or 50 ms: nobody may see a difference. */
import { describe, it } from 'vitest'
import { DRIVERS } from '../../../test/rig/real-store.ts'
import { onDriver, onSlowDisk } from '../page/mqtt-stack-target.ts'
import { describeProtocol } from './harness/describe-protocol.ts'

describe.each([20, 50])('on a slow disk (%i ms)', (milliseconds) => {
  for (const version of [3, 4, 5] as const)
    describeProtocol({ describe, it, version, setup: onSlowDisk(milliseconds) })
})

describe.each(DRIVERS)('over %s', (_, make) => {
  for (const version of [3, 4, 5] as const) describeProtocol({ describe, it, version, setup: onDriver(make) })
})
