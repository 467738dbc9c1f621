import { Traffic } from '../load/traffic.ts'
import { FAN_OUT_WINDOW, USUAL } from './flow.ts'
import { fanOut } from './layouts.ts'
import type { Scenario } from './scenario.ts'

const OTHERS = 99
// What is sent to the frozen one before the second span counts: by then it is the broker that keeps it.
const KERNEL_BUFFERS = 8 * 1024 * 1024
const SPAN = 0.25
const MOST_SPANS = 60

/** One of 100 subscribers stops reading: what does that cost the other 99? */
export const frozen: Scenario = {
  name: 'frozen',
  about: 'messages a second to 99 subscribers before and after the 100th stops reading, QoS 0',
  conditions: '1 KiB payloads, window 20,000 deliveries',
  needs: [],
  metrics: [
    { key: 'before', label: 'messages/s before', higherIsBetter: true },
    { key: 'after', label: 'messages/s after', higherIsBetter: true },
    { key: 'kept', label: '% kept', higherIsBetter: true },
  ],

  async run(bench) {
    // Payloads of some size fill the kernel's buffers sooner.
    const plan = { ...USUAL, payload: 1024, window: FAN_OUT_WINDOW, ...fanOut(OTHERS) }
    const traffic = new Traffic(plan, bench.target, bench.tally)
    await traffic.connect()
    const sleeper = traffic.bystander('bench-frozen')
    await sleeper.connect()
    await sleeper.subscribe([plan.filter(0)], plan.qos)

    const rate = async (): Promise<number> => {
      let delivered = 0
      const seconds = await bench.measure(async () => {
        delivered = await traffic.run(bench.seconds)
      })
      return delivered / seconds
    }
    await traffic.run(bench.warmup)
    const before = await rate()
    sleeper.freeze()
    for (let bytes = 0, spans = 0; bytes < KERNEL_BUFFERS && spans < MOST_SPANS; spans++) {
      bytes += ((await traffic.run(SPAN)) / OTHERS) * plan.payload
    }
    const after = await rate()

    await traffic.settle()
    sleeper.break()
    await traffic.close()
    return { before, after, kept: (100 * after) / before }
  },
}
