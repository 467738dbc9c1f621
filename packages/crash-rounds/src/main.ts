#!/usr/bin/env node
/** `npm run crash` runs this file. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { resultsTable } from './page.ts'
import type { Plan, Result } from './rounds.ts'
import { crashRounds } from './rounds.ts'

const PAGE = fileURLToPath(new URL('../../../docs/durability.md', import.meta.url))
const MARKS = /(<!-- crash-rounds -->\n)[\s\S]*(<!-- \/crash-rounds -->)/
const USAGE = `Usage: npm run crash -- [flags]

  --rounds <count>  how often the broker is killed, with each sync (default 200)
  --seed <number>   for the same random numbers again
  --sync <when>     commit or interval alone
  --write           writes the result into docs/durability.md
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '200' },
      seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
      sync: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return console.log(USAGE)
  const syncs = values.sync === undefined ? ['commit', 'interval'] : [values.sync]
  const results: (Plan & Result)[] = []
  for (const sync of syncs as Plan['sync'][]) {
    const plan = { rounds: Number(values.rounds), seed: Number(values.seed), sync }
    const result = await crashRounds({ ...plan, onRound: (round) => tell(sync, round) })
    results.push({ ...plan, ...result })
    for (const problem of result.problems) console.log(problem)
  }
  const table = resultsTable(results, new Date().toISOString().slice(0, 10))
  console.log(`\n${table}`)
  if (values.write) writeFileSync(PAGE, readFileSync(PAGE, 'utf8').replace(MARKS, `$1${table}\n$2`))
  process.exit(results.some(({ problems }) => problems.length > 0) ? 1 : 0)
}

function tell(sync: string, round: number): void {
  if (round % 10 === 0) console.log(`sync ${sync}: ${round} rounds`)
}

main().catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
