import { LoadClient } from '../load/client.ts'
import { CONNECTING, inParallel } from '../load/parallel.ts'
import type { Beside } from './flow.ts'
import { flow } from './flow.ts'
import { pairs } from './layouts.ts'
import type { Scenario } from './scenario.ts'

const CLIENTS = 50
const FILTERS = 1000
const A_PACKET = 100

/** pair0 in a broker full of other clients' filters, near and far, none of which match. */
export const routing: Scenario = flow('routing', 'pair0 beside 50,000 filters that do not match', {
  layout: pairs(10),

  async beside(bench): Promise<Beside> {
    const clients = Array.from(
      { length: CLIENTS },
      (_, i) => new LoadClient(bench.target, `bench-other-${i}`),
    )
    await inParallel(CLIENTS, CONNECTING, async (c) => {
      await clients[c].connect()
      for (let from = 0; from < FILTERS; from += A_PACKET) {
        const filters = Array.from({ length: A_PACKET }, (_, i) => unmatched(c * FILTERS + from + i))
        await clients[c].subscribe(filters, 0)
      }
    })
    return {
      async stop() {
        await inParallel(CLIENTS, CONNECTING, (c) => clients[c].leave())
      },
    }
  },
})

export function unmatched(index: number): string {
  switch (index % 4) {
    case 0:
      return `bench/pair/x${index}`
    case 1:
      return `+/pair/x${index}`
    case 2:
      return `bench/+/x${index}/#`
    default:
      return `other/${index}/#`
  }
}
