/** One client identifier under attack, over a store that commits late: a seeded sample of the full run. */
import { expect, test } from 'vitest'
import { holdOneIdentifier } from './one-identifier.ts'
import { PLACES } from './places.ts'

test('taken over, subscribing and flooded, over an ordered store', async () => {
  const open = PLACES['over an ordered store']
  expect(await holdOneIdentifier({ runs: 40, seed: 8, late: false, open: () => open().open() })).toBe(40)
})
