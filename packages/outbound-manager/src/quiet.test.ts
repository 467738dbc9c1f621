/** Whatever has happened, when all is quiet nothing that a log holds is unsent, and nothing is in flight for ever. */
import { expect, it } from 'vitest'
import { World } from '../../../test/rig/quiet/world.ts'

const FIRST = Number(process.env.QUIET_SEED ?? 1)
const COUNT = Number(process.env.QUIET_COUNT ?? 12)

it('is all sent and acknowledged in the end, whatever has happened', { timeout: 3_600_000 }, async () => {
  for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
    const world = new World(seed)
    await world.begin()
    const steps = 50 + world.random.below(150)
    for (let i = 0; i < steps; i++) await world.step()
    const problems = await world.quiet()
    expect({ seed, problems: problems.slice(0, 10) }).toEqual({ seed, problems: [] })
    await world.end()
  }
})
