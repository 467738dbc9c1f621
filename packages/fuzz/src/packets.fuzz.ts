/** Every prefix and every change of a single byte of every packet of the corpus, in every phase. */
import { expect, test } from 'vitest'
import { caseOf, GROUNDS } from './cases.ts'
import type { Phase, Version } from './corpus.ts'
import { phasesOf } from './corpus.ts'
import { numbers } from './mutations.ts'
import { count, MINUTES, report } from './result.ts'
import type { Case } from './stand.ts'
import { Stand } from './stand.ts'

/** Connections served at once. */
const BATCH = 500
const SEED = 1
const deadline = Date.now() + MINUTES * 0.7 * 60_000

const VERSIONS = [
  [3, 'MQTT 3.1'],
  [4, 'MQTT 3.1.1'],
  [5, 'MQTT 5.0'],
] as const
const PHASES: Readonly<Record<Phase, string>> = {
  first: 'as the first packet',
  connected: 'after CONNECT',
  exchange: 'amid an enhanced authentication',
}

/** All mutations, each cut into one to four chunks. */
function* allCases(version: Version, phase: Phase): Generator<Case> {
  const number = numbers(SEED)
  for (const ground of GROUNDS) {
    if (ground.sample.version !== version || ground.phase !== phase) continue
    for (let mutation = 0; mutation < ground.size; mutation++) {
      const places = Array.from({ length: number(4) }, () => number(ground.size))
      yield caseOf(ground, mutation, places)
    }
  }
}

function sizeOf(version: Version, phase: Phase): number {
  const mine = GROUNDS.filter((ground) => ground.sample.version === version && ground.phase === phase)
  return mine.reduce((sum, { size }) => sum + size, 0)
}

for (const [version, name] of VERSIONS) {
  for (const phase of phasesOf(version)) {
    test(`${name}: every mutation of every packet ${PHASES[phase]}`, async (context) => {
      const stand = await Stand.open()
      let batch: Case[] = []
      for (const one of allCases(version, phase)) {
        batch.push(one)
        if (batch.length < BATCH) continue
        if (Date.now() > deadline) break
        await stand.serve(batch)
        batch = []
      }
      if (Date.now() <= deadline) await stand.serve(batch)
      const size = sizeOf(version, phase)
      const open = size === stand.served ? '' : `, ${count(size - stand.served)} not reached in time`
      report(context, `${count(stand.served)} connections${open}`)
      await stand.close()
      expect(stand.served).toBeGreaterThan(0)
    })
  }
}
