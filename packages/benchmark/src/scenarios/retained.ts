import type { Bench } from '../load/bench.ts'
import { LoadClient } from '../load/client.ts'
import type { Tally } from '../load/sequence.ts'
import { sleep } from '../load/traffic.ts'
import type { Target } from '../load/wire.ts'
import { PacketType, publish } from '../mqtt/encode.ts'
import { isSealed, sequenceOf, stamp } from '../mqtt/payload.ts'
import { USUAL } from './flow.ts'
import type { Scenario } from './scenario.ts'

const MESSAGES = 10_000
const BATCH = 100
const GIVE_UP_MS = 10_000

/** 10,000 retained messages, sent to one new subscriber after the other. */
export const retained: Scenario = {
  name: 'retained',
  about: '10,000 retained messages on subscribe',
  needs: ['retain'],
  metrics: [{ key: 'rate', label: 'messages/s', higherIsBetter: true }],

  async run(bench) {
    await store(bench)
    const until = async (ms: number): Promise<number> => {
      let got = 0
      for (let n = 0, end = performance.now() + ms; performance.now() < end; n++) {
        const client = new Collector(bench.target, `bench-ret-${n}`, bench.tally)
        await client.connect()
        got += await client.collect()
        await client.leave()
      }
      return got
    }
    await until(bench.warmup * 1000)
    let got = 0
    const seconds = await bench.measure(async () => {
      got = await until(bench.seconds * 1000)
    })
    return { rate: got / seconds }
  },
}

/** At QoS 0, for Aedes sends them later at the QoS they came with; the SUBACK behind a batch says that it is stored. */
async function store({ target, tally }: Bench): Promise<void> {
  const client = new Collector(target, 'bench-storer', tally)
  await client.connect()
  for (let from = 0; from < MESSAGES; from += BATCH) {
    for (let i = from; i < from + BATCH; i++) {
      const payload = Buffer.alloc(USUAL.payload)
      stamp(payload, 0, payload.length, 0, i)
      const topic = `bench/kept/${String(i).padStart(4, '0')}`
      client.send(publish({ topic, payload, retain: true, version: target.version }))
    }
    await client.subscribe(['bench/none'], 0)
  }
  await client.leave()
}

/** Retained messages come in no promised order: each of them once is what counts. */
class Collector extends LoadClient {
  readonly #seen = new Uint8Array(MESSAGES)
  readonly #tally: Tally
  #count = 0

  constructor(target: Target, id: string, tally: Tally) {
    super(target, id)
    this.#tally = tally
  }

  async collect(): Promise<number> {
    await this.subscribe(['bench/kept/+'], 0)
    for (let last = -1, since = performance.now(); this.#count < MESSAGES; await sleep(1)) {
      if (this.#count !== last) {
        last = this.#count
        since = performance.now()
      } else if (performance.now() - since > GIVE_UP_MS) break
    }
    this.#tally.delivered += this.#count
    this.#tally.lost += MESSAGES - this.#count
    return this.#count
  }

  override frame(buffer: Buffer, first: number, start: number, end: number): void {
    if (first >> 4 === PacketType.PUBLISH) this.#take(buffer, first, end)
    else super.frame(buffer, first, start, end)
  }

  #take(buffer: Buffer, first: number, end: number): void {
    const payload = end - USUAL.payload
    const index = sequenceOf(buffer, payload)
    // First byte: QoS 0 with the retain flag.
    if ((first & 7) !== 1 || !isSealed(buffer, payload, end) || index >= MESSAGES) this.#tally.wrong++
    else if (this.#seen[index]++ > 0) this.#tally.doubled++
    else this.#count++
  }
}
