import { existsSync } from 'node:fs'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import '../../../../../test/support/program-limit.ts'
import { faults } from '../../load/sequence.ts'
import { ACTS } from './acts/index.ts'
import { startHostileBroker } from './broker.ts'
import { COMMAND } from './configuration.ts'
import { runCourse } from './course.ts'
import { LocalCrowd } from './crowd.ts'
import { GoodClients } from './good-clients.ts'
import { judgeHostile } from './judge.ts'

const stops: (() => void | Promise<void>)[] = []

beforeAll(() => {
  if (!existsSync(COMMAND)) throw new Error('not built: run `npm run build`')
})

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

/** The real command, and both kinds of clients in this process. */
async function cast(pairs: number, rate: number) {
  const broker = await startHostileBroker()
  stops.push(() => broker.stop())
  const good = new GoodClients({ ports: broker.ports, pairs, rate })
  stops.push(() => good.break())
  return { broker, good, crowd: new LocalCrowd(broker.ports, ACTS) }
}

describe('good clients beside hostile ones', () => {
  it('lose nothing, and when the others are gone nothing is left of them', async () => {
    const { broker, good, crowd } = await cast(12, 200)
    const plan = { rehearsal: 1, opening: 0.5, cycles: 1, hostile: 4, quiet: 0.5 }
    const told: string[] = []
    const result = await runCourse({
      broker,
      good,
      crowd,
      plan,
      tell: (what) => told.push('state' in what ? 'moment' : what.name),
      signal: new AbortController().signal,
      patience: 120_000,
    })
    const { problems, outcomes, isJudged } = judgeHostile({ ...result, seconds: 0 }, ACTS)
    expect(problems).toEqual([])
    expect(isJudged).toBe(false)
    expect(told).toEqual(['moment', 'opening', 'hostile', 'moment', 'quiet'])
    expect(result.before.clients).toBe(24)
    expect([faults(result.tally), result.lost]).toEqual([0, 0])
    expect(result.tally.delivered).toBeGreaterThan(200)
    // Those that depend on no rate.
    expect(outcomes.guessers['refused 0x86']).toBeGreaterThan(0)
    expect(outcomes.intruders['refused 0x87']).toBeGreaterThan(0)
    expect(outcomes.oversized['closed 0x95']).toBeGreaterThan(0)
    expect(outcomes['take-overs']['closed 0x8E']).toBeGreaterThan(0)
    expect(outcomes.pages['refused by 403']).toBeGreaterThan(0)
  })

  it('end when they are told to', async () => {
    const { broker, good, crowd } = await cast(2, 10)
    const stop = new AbortController()
    const plan = { rehearsal: 3600, opening: 1, cycles: 1, hostile: 1, quiet: 1 }
    const ended = runCourse({ broker, good, crowd, plan, tell() {}, signal: stop.signal })
    setTimeout(() => stop.abort(new Error('enough')), 100)
    await expect(ended).rejects.toThrow('enough')
    await crowd.end()
  })
})
