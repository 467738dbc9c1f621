import { createBroker } from '@mqtt-stack/broker'
import { afterEach, describe, expect, it } from 'vitest'
import { faults } from '../load/sequence.ts'
import type { SoakBroker } from './broker.ts'
import { soak } from './run.ts'

const stops: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** In this process, so that the sources are what is tested. */
async function brokerHere(asked: boolean[]): Promise<SoakBroker> {
  const broker = createBroker({ listeners: [{ transport: 'tcp', port: 0 }] })
  stops.push(() => broker.close())
  const [address] = await broker.listen()
  return {
    pid: process.pid,
    port: address.port!,
    async sample(collect) {
      asked.push(collect)
      return { ...process.memoryUsage(), pauses: [{ kind: 'minor', ms: asked.length }] }
    },
    stop: () => broker.close(),
  }
}

describe('a soak', () => {
  it('goes from full rate to a quiet moment and back, and loses nothing on the way', async () => {
    const asked: boolean[] = []
    const broker = await brokerHere(asked)
    const told: number[] = []
    const plan = { spans: 3, seconds: 0.1, receivers: 20 }
    const stop = new AbortController()
    const { plateaus, flows } = await soak(broker, plan, ({ at }) => told.push(at), stop.signal)
    expect(plateaus.map(({ at }) => at)).toEqual(told)
    // Once before the load; then busy and quiet, of which only the busy one's pauses count.
    expect(asked).toEqual([true, false, true, false, true, false, true])
    expect(plateaus.map(({ pauses }) => pauses[0].ms)).toEqual([2, 4, 6])
    expect(flows.map(({ name, tally }) => [name, faults(tally)])).toEqual([
      ['pair0', 0],
      ['pair1', 0],
      ['fanout0', 0],
    ])
    for (const { tally } of flows) expect(tally.delivered).toBeGreaterThan(0)
  })

  it('ends when it is told to', async () => {
    const stop = new AbortController()
    const plan = { spans: 2, seconds: 3600, receivers: 20 }
    const ended = soak(await brokerHere([]), plan, () => {}, stop.signal)
    setTimeout(() => stop.abort(new Error('enough')), 10)
    await expect(ended).rejects.toThrow('enough')
  })
})
