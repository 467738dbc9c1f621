/** One client identifier under attack, for minutes. */
import { expect, test } from 'vitest'
import { holdOneIdentifier } from './one-identifier.ts'
import { PLACES } from './places.ts'
import { count, report } from './result.ts'

const stored = PLACES['over an ordered store']

for (const [when, late, open] of [
  ['at once', false, undefined],
  ['late', true, undefined],
  ['when it has committed', false, () => stored().open()],
] as const) {
  test(`one client identifier taken over, subscribing and flooded; the backend answers ${when}`, async (context) => {
    const held = await holdOneIdentifier({
      runs: 1_000_000,
      seed: 12,
      late,
      ...(open && { open }),
      within: 60_000,
    })
    report(context, `${count(held)} sequences of 30 to 80 steps`)
    expect(held).toBeGreaterThan(0)
  })
}
