import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import '../../../test/support/program-limit.ts'
import { crashRounds } from './rounds.ts'

beforeAll(() => {
  const command = fileURLToPath(new URL('../../broker/dist/cli.js', import.meta.url))
  if (!existsSync(command)) throw new Error('not built: run `npm run build`')
})

test('20 times kill -9 under load: nothing lost, nothing twice, retained messages right', async () => {
  const { problems, acknowledged, delivered } = await crashRounds({ rounds: 20, seed: 7, sync: 'commit' })
  expect(problems).toEqual([])
  expect(acknowledged).toBeGreaterThan(20)
  expect(delivered).toBeGreaterThan(acknowledged)
})
