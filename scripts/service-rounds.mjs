/** `npm run service`: many rounds of trouble for a service of three nodes; the test of a few is packages/broker/src/service/rounds.test.ts. */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const USAGE = `Usage: npm run service -- [flags]

  --rounds <count>  how often something goes wrong: each fourth time the same (default 100)
  --minutes <count> how long it may take (default 60)
  --seed <number>   for the same random numbers again
  --write           writes the result into docs/durability.md
`

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) console.log(USAGE)
else {
  const env = {
    ...process.env,
    SERVICE_ROUNDS: values.rounds,
    SERVICE_MINUTES: values.minutes,
    SERVICE_SEED: values.seed,
    SERVICE_WRITE: values.write ? '1' : '0',
  }
  const file = 'packages/broker/src/service/rounds.test.ts'
  const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'all', file], { env, stdio: 'inherit' })
  process.exitCode = status ?? 1
}
