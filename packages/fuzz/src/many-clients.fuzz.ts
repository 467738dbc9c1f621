/** Many clients that do what is legal, for minutes, on every backend. */
import { expect, test } from 'vitest'
import { holdManyClients } from './many-clients.ts'
import { PLACES } from './places.ts'
import { count, report } from './result.ts'

for (const [where, place] of Object.entries(PLACES)) {
  test(`legal sequences of many clients, ${where}`, async (context) => {
    const held = await holdManyClients({ runs: 1_000_000, seed: 21, place, within: 45_000 })
    report(context, `${count(held)} sequences of 10 to 60 steps`)
    expect(held).toBeGreaterThan(0)
  })
}
