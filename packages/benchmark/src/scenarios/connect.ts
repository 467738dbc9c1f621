import { LoadClient } from '../load/client.ts'
import { CONNECTING } from '../load/parallel.ts'
import { sleep } from '../load/traffic.ts'
import type { Scenario } from './scenario.ts'

/** Clients that come and go: TCP connect, CONNECT, CONNACK, DISCONNECT, close. */
export const connect: Scenario = {
  name: 'connect',
  about: 'connections a second, each from TCP connect to its close after DISCONNECT',
  conditions: `${CONNECTING} at a time`,
  needs: [],
  metrics: [{ key: 'rate', label: 'connections/s', higherIsBetter: true }],

  async run(bench) {
    let done = 0
    let stopped = false
    async function comeAndGo(_: unknown, index: number): Promise<void> {
      for (let n = 0; !stopped; n++) {
        const client = new LoadClient(bench.target, `bench-${index}-${n}`)
        await client.connect()
        await client.quit()
        done++
      }
    }
    const all = Array.from({ length: CONNECTING }, comeAndGo)
    await sleep(bench.warmup * 1000)
    const before = done
    let after = 0
    const seconds = await bench.measure(async () => {
      await sleep(bench.seconds * 1000)
      after = done
    })
    stopped = true
    await Promise.all(all)
    return { rate: (after - before) / seconds }
  },
}
