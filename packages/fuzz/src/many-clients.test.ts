/** A seeded sample of what `npm run fuzz` does for minutes. */
import { expect, test } from 'vitest'
import { holdManyClients } from './many-clients.ts'
import { PLACES } from './places.ts'

test.each(Object.entries(PLACES))('legal sequences of many clients, %s', async (_where, place) => {
  expect(await holdManyClients({ runs: 15, seed: 3, place })).toBe(15)
})
