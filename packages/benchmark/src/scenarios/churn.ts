import { LoadClient } from '../load/client.ts'
import { CONNECTING, inParallel } from '../load/parallel.ts'
import { sleep } from '../load/traffic.ts'
import type { Beside } from './flow.ts'
import { flow } from './flow.ts'
import { pairs } from './layouts.ts'
import { unmatched } from './routing.ts'
import type { Scenario } from './scenario.ts'

const CLIENTS = 10
const CHANGES_A_SECOND = 1000
const TICK_MS = 10

/** pair0 while others subscribe and unsubscribe: a change must not cost those whom it does not touch. */
export const churn: Scenario = flow('churn', 'pair0 while others (un)subscribe 1,000 times a second', {
  layout: pairs(10),
  scenario: { needs: ['unsubscribe'] },
  metrics: [{ key: 'changes', label: 'changes/s', higherIsBetter: true }],

  async beside(bench): Promise<Beside> {
    const clients = Array.from(
      { length: CLIENTS },
      (_, i) => new LoadClient(bench.target, `bench-churn-${i}`),
    )
    await inParallel(CLIENTS, CONNECTING, async (c) => void (await clients[c].connect()))
    let changes = 0
    let stopped = false

    /** One client's share of the changes; a broker that falls behind is waited for, not flooded. */
    async function change(client: LoadClient, index: number): Promise<void> {
      const interval = (1000 * CLIENTS) / CHANGES_A_SECOND
      let due = performance.now() + (index % TICK_MS)
      for (let n = 0; !stopped; n++) {
        const filter = [unmatched(index + CLIENTS * (n >> 1))]
        await (n % 2 === 0 ? client.subscribe(filter, 0) : client.unsubscribe(filter))
        changes++
        due += interval
        const wait = due - performance.now()
        if (wait > 0) await sleep(wait)
      }
    }

    const all = clients.map(change)
    return {
      begin: () => (changes = 0),
      values: (seconds) => ({ changes: changes / seconds }),
      async stop() {
        stopped = true
        await Promise.all(all)
        await inParallel(CLIENTS, CONNECTING, (c) => clients[c].leave())
      },
    }
  },
})
