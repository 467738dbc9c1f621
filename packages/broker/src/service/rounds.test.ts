/**
 * Trouble round for round, under load. A few rounds here; `npm run service -- --rounds 100 --write` makes many, and writes what became of
 * the messages into docs/durability.md.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { LEASE } from '../../../../test/rig/service.ts'
import type { Account, OverRedis } from '../../../../test/rig/service-load.ts'
import { threeNodes } from '../../../../test/rig/service-load.ts'
import { Random } from '../../../crash-rounds/src/random.ts'

const PAGE = new URL('../../../../docs/durability.md', import.meta.url)
const MARKS = /(<!-- service-rounds -->\n)[\s\S]*(<!-- \/service-rounds -->)/
/** So many are a matter of a minute, and are not told of. */
const FEW = 4
const ROUNDS = Number(process.env.SERVICE_ROUNDS ?? FEW)
/** What takes longer ends behind the round that is under way, in ms. */
const LONGEST = Number(process.env.SERVICE_MINUTES ?? 60) * 60_000
const SEED = Number(process.env.SERVICE_SEED ?? 1)
/** Longer than a lease, or shorter: the others take over, or do not, in ms. */
const TROUBLE = { least: LEASE / 6, most: 2.5 * LEASE }
/** Messages of each publisher between one trouble and the next. */
const BETWEEN = 20

/** What is done to the node that is chosen, for so many ms. */
type Trouble = (service: OverRedis, at: number, ms: number) => Promise<void>

const TROUBLES: Readonly<Record<string, Trouble>> = {
  kill: async ({ nodes }, at, ms) => {
    await nodes[at].kill()
    await delay(ms)
    await nodes[at].restart()
  },
  hang: async ({ nodes }, at, ms) => {
    nodes[at].cli.child.kill('SIGSTOP')
    await delay(ms)
    nodes[at].cli.child.kill('SIGCONT')
  },
  cut: async ({ ways }, at, ms) => {
    ways[at].cut()
    await delay(ms)
    ways[at].heal()
  },
  redis: async ({ redis }, _at, ms) => {
    await redis.kill()
    await delay(ms / 4)
    await redis.restart()
  },
}

test(`${ROUNDS} rounds of trouble cost no message`, {
  timeout: 120_000 + ROUNDS * 60_000,
}, async (context) => {
  const service = await threeNodes(context)
  const random = new Random(SEED)
  const started = performance.now()
  const kinds = Object.keys(TROUBLES)
  const made = new Map(kinds.map((kind) => [kind, 0]))
  await service.more(BETWEEN)
  for (let round = 0; round < ROUNDS && performance.now() - started < LONGEST; round++) {
    const kind = kinds[round % kinds.length]
    const at = Math.floor(random.between(0, service.nodes.length))
    const ms = random.between(TROUBLE.least, TROUBLE.most)
    if (ROUNDS > FEW)
      console.log(
        `${new Date().toISOString()} round ${round + 1}: ${kind} node-${at + 1} for ${Math.round(ms)} ms`,
      )
    await TROUBLES[kind](service, at, ms)
    made.set(kind, made.get(kind)! + 1)
    await service.more(BETWEEN)
  }
  const account = await service.account()
  if (process.env.SERVICE_WRITE === '1') write(made, account, performance.now() - started)
  const { lost, twice, disordered } = account
  if (lost.length + twice.length + disordered.length > 0)
    for (const { said } of service.nodes) console.log(said)
  expect({ lost, twice, disordered }).toEqual({ lost: [], twice: [], disordered: [] })
})

function write(made: ReadonlyMap<string, number>, account: Account, ms: number): void {
  const { acknowledged, delivered, lost, twice, disordered } = account
  const columns: [string, string | number][] = [
    ['kills of a node', made.get('kill')!],
    ['nodes that hung', made.get('hang')!],
    ['cut off', made.get('cut')!],
    ['kills of Redis', made.get('redis')!],
    ['acknowledged', acknowledged.toLocaleString('en')],
    ['copies delivered', delivered.toLocaleString('en')],
    ['lost', lost.length],
    ['QoS 2 twice', twice.length],
    ['out of order', disordered.length],
    ['took', `${Math.round(ms / 1_000)} s`],
    ['seed', SEED],
  ]
  const rows = [columns.map(([head]) => head), columns.map(() => '---'), columns.map(([, value]) => value)]
  const table = rows.map((row) => `| ${row.join(' | ')} |`).join('\n')
  const date = new Date().toISOString().slice(0, 10)
  const text = `Last run: ${date}, Node ${process.versions.node}.\n\n${table}\n`
  writeFileSync(PAGE, readFileSync(PAGE, 'utf8').replace(MARKS, `$1${text}$2`))
}
