import { LoadClient } from '../load/client.ts'
import { CONNECTING, inParallel } from '../load/parallel.ts'
import { sleep } from '../load/traffic.ts'
import { PacketType, publish } from '../mqtt/encode.ts'
import type { Scenario } from './scenario.ts'

const CLIENTS = 5000
const GIVE_UP_MS = 60_000

/** All clients of a broker come back at once, each to a stored session with a message in it. */
export const storm: Scenario = {
  name: 'storm',
  about: '5,000 clients with stored sessions reconnect at once, a message waiting for each',
  needs: ['sessions', 'qos1'],
  metrics: [{ key: 'time', label: 's until all are back', higherIsBetter: false }],

  async run(bench) {
    const clients = Array.from({ length: CLIENTS }, (_, i) => new Sleeper(bench.target, `bench-storm-${i}`))
    await inParallel(CLIENTS, CONNECTING, async (i) => {
      await clients[i].connect(STORED)
      await clients[i].subscribe([`bench/gone/${i}`], 1)
      await clients[i].leave()
    })
    await publishToAll(new LoadClient(bench.target, 'bench-herald'))

    let back = 0
    const seconds = await bench.measure(async () => {
      const connected = clients.map(async (client) => {
        const connack = await client.connect(STORED)
        if ((connack[0] & 1) === 0) throw new Error(`${client.id}: the session is gone`)
        back++
      })
      await Promise.all(connected)
      const end = performance.now() + GIVE_UP_MS
      while (clients.some((client) => client.received === 0) && performance.now() < end) await sleep(1)
    })
    for (const client of clients) {
      bench.tally.delivered += client.received
      if (client.received === 0) bench.tally.lost++
      if (client.received > 1) bench.tally.doubled++
    }
    await inParallel(back, CONNECTING, (i) => clients[i].leave())
    return { time: seconds }
  },
}

const STORED = { clean: false, sessionExpiry: 3600 }

async function publishToAll(herald: LoadClient): Promise<void> {
  await herald.connect()
  // QoS 1 asks for an acknowledgement each; a SUBSCRIBE behind them is answered when all are taken.
  for (let i = 0; i < CLIENTS; i++) {
    const payload = Buffer.from('welcome back')
    const version = herald.target.version
    herald.send(publish({ topic: `bench/gone/${i}`, payload, qos: 1, packetId: i + 1, version }))
    if (i % 100 === 99) await herald.subscribe(['bench/herald'], 0)
  }
  await herald.leave()
}

class Sleeper extends LoadClient {
  received = 0

  override frame(buffer: Buffer, first: number, start: number, end: number): void {
    if (first >> 4 === PacketType.PUBLISH) {
      this.received++
      const at = start + 2 + ((buffer[start] << 8) | buffer[start + 1])
      this.acknowledge(PacketType.PUBACK, (buffer[at] << 8) | buffer[at + 1])
    } else super.frame(buffer, first, start, end)
  }
}
