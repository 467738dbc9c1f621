/** Memory comes back: its slope over rounds of traffic, each after forced collections. */
import { expect, test } from 'vitest'
import { declareHuge, memory, sendRound, TRAFFIC } from './plateaus.ts'
import { count, report } from './result.ts'
import { Stand } from './stand.ts'

const ROUNDS = 10
/** Connections a round: those that are refused are cheap. */
const REFUSED = 10_000
const SERVED = 3_000
/** Before the first plateau: what is compiled and cached by then is no leak. */
const WARM_UP = 5_000
/** Bytes a connection: less than any object that one could leave behind. */
const SLOPE = 24

for (const [name, traffic] of Object.entries(TRAFFIC)) {
  test(`memory: ${name}`, async (context) => {
    expect(globalThis.gc, 'run with --expose-gc').toBeDefined()
    const size = name.includes('refused') ? REFUSED : SERVED
    const stand = await Stand.open()
    await sendRound(stand, traffic, WARM_UP)
    const plateaus = [memory()]
    for (let round = 0; round < ROUNDS; round++) {
      await sendRound(stand, traffic, size)
      plateaus.push(memory())
    }
    await stand.close()
    const slope = slopeOf(plateaus) / size
    const megabytes = plateaus.map((bytes) => (bytes / 1e6).toFixed(2)).join(', ')
    report(
      context,
      `${count(ROUNDS * size)} connections, ${slope.toFixed(1)} bytes each; MB by plateau: ${megabytes}`,
    )
    expect(slope).toBeLessThan(SLOPE)
  })
}

test('memory: connections that declare 256 MB and send five bytes', async (context) => {
  const { open, after } = await declareHuge(5_000)
  report(context, `5,000 connections, ${count(open)} bytes each while open, ${after.toFixed(1)} when gone`)
  // Two streams, a client and its timers; a test's device is half of it.
  expect(open).toBeLessThan(32_768)
  expect(after).toBeLessThan(64)
})

/** Bytes a round, by least squares. */
function slopeOf(plateaus: readonly number[]): number {
  const middle = (plateaus.length - 1) / 2
  const mean = plateaus.reduce((sum, value) => sum + value, 0) / plateaus.length
  const up = plateaus.reduce((sum, value, i) => sum + (i - middle) * (value - mean), 0)
  return up / plateaus.reduce((sum, _, i) => sum + (i - middle) ** 2, 0)
}
