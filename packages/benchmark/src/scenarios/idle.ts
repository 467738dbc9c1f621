import { LoadClient } from '../load/client.ts'
import { CONNECTING, inParallel } from '../load/parallel.ts'
import { sleep } from '../load/traffic.ts'
import type { Target } from '../load/wire.ts'
import type { Scenario } from './scenario.ts'

const CLIENTS = 10_000
const FIRST = 500

/** Many connected clients that say nothing: what does the broker keep for each? */
export const idle: Scenario = {
  name: 'idle',
  about: '10,000 connections with a subscription each',
  needs: [],
  metrics: [
    { key: 'memory', label: 'bytes a connection', higherIsBetter: false },
    { key: 'connecting', label: 's to connect all', higherIsBetter: false },
  ],

  async run(bench) {
    const clients = Array.from({ length: CLIENTS }, (_, i) => new LoadClient(bench.target, `bench-idle-${i}`))
    await warmUp(bench.target)
    const before = bench.brokerMemory()
    const connecting = await bench.measure(() =>
      inParallel(CLIENTS, CONNECTING, async (i) => {
        await clients[i].connect()
        await clients[i].subscribe([`bench/idle/${i}`], 0)
      }),
    )
    // Memory that only the connecting took is given back by a collection some time later, or never.
    await sleep(bench.warmup * 1000)
    const memory = (bench.brokerMemory() - before) / CLIENTS
    for (const client of clients) client.break()
    return { memory, connecting }
  },
}

/** Some clients come and go first: code compiled and caches filled for them are no price of a connection. */
async function warmUp(target: Target): Promise<void> {
  await inParallel(FIRST, CONNECTING, async (i) => {
    const client = new LoadClient(target, `bench-first-${i}`)
    await client.connect()
    await client.subscribe([`bench/first/${i}`], 0)
    await client.leave()
  })
}
