import type { Bench } from '../load/bench.ts'
import { LoadClient } from '../load/client.ts'
import { CONNECTING } from '../load/parallel.ts'
import { sleep } from '../load/traffic.ts'
import type { Metric, Scenario } from './scenario.ts'

const CONNECTIONS: readonly Metric[] = [{ key: 'rate', label: 'connections/s', higherIsBetter: true }]
/** How many devices of `reconnect` there are. */
const DEVICES = 16

/** Clients that come and go: TCP connect, CONNECT, CONNACK, DISCONNECT, close. */
export const connect: Scenario = {
  name: 'connect',
  about: 'connections a second, each from TCP connect to its close after DISCONNECT',
  conditions: `${CONNECTING} at a time`,
  needs: [],
  metrics: CONNECTIONS,
  run: (bench) =>
    comeAndGo(bench, CONNECTING, async (index, n) => {
      const client = new LoadClient(bench.target, `bench-${index}-${n}`)
      await client.connect()
      await client.quit()
    }),
}

/** Devices that come back at once: as in `connect`, fewer at a time, each under its name, and they reset the connection. */
export const reconnect: Scenario = {
  name: 'reconnect',
  about: 'connections a second of devices that say DISCONNECT, reset the connection and come back',
  conditions: `${DEVICES} at a time`,
  needs: [],
  metrics: CONNECTIONS,
  run: (bench) =>
    comeAndGo(bench, DEVICES, async (index) => {
      const client = new LoadClient(bench.target, `bench-device-${index}`)
      await client.connect()
      await client.reset()
    }),
}

/** So many at a time, each again and again; answers how many there were in a second. */
async function comeAndGo(
  bench: Bench,
  width: number,
  once: (index: number, n: number) => Promise<void>,
): Promise<Record<string, number>> {
  let done = 0
  let stopped = false
  async function again(_: unknown, index: number): Promise<void> {
    for (let n = 0; !stopped; n++) {
      await once(index, n)
      done++
    }
  }
  const all = Array.from({ length: width }, again)
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
}
