/** One client identifier under attack, for minutes. */
import { expect, test } from 'vitest'
import { holdOneIdentifier } from './one-identifier.ts'
import { count, report } from './result.ts'

for (const [when, late] of [
  ['at once', false],
  ['late', true],
] as const) {
  test(`one client identifier taken over, subscribing and flooded; the backend answers ${when}`, async (context) => {
    const held = await holdOneIdentifier({ runs: 1_000_000, seed: 12, late, within: 60_000 })
    report(context, `${count(held)} sequences of 30 to 80 steps`)
    expect(held).toBeGreaterThan(0)
  })
}
