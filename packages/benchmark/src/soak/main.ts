#!/usr/bin/env node
/** `pnpm soak` runs this file. This process is the load. */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mqttStack } from '../brokers/mqtt-stack.ts'
import { machine } from '../report/setting.ts'
import { startSoakBroker } from './broker.ts'
import { judge } from './judge.ts'
import { parseSoakOptions, SOAK_USAGE } from './options.ts'
import { plateauCells, soakPage } from './page.ts'
import type { Plateau } from './run.ts'
import { soak } from './run.ts'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const SPANS = 20

async function main(): Promise<void> {
  const { seconds, out, help } = parseSoakOptions(process.argv.slice(2))
  if (help) return console.log(SOAK_USAGE)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stop.abort(new Error(`ended by ${signal}`)))
  const date = new Date().toISOString().slice(0, 10)
  const broker = await startSoakBroker()
  try {
    const plan = { spans: SPANS, seconds: seconds / SPANS }
    const result = await soak(broker, plan, tell, stop.signal)
    const judgement = judge(result)
    const version = mqttStack.version ?? ''
    const page = soakPage(result, judgement, {
      date,
      version,
      node: process.versions.node,
      machine: machine(),
    })
    console.log(`\n${page}`)
    if (out !== undefined) {
      writeFileSync(resolve(ROOT, out), page)
      console.log(`written: ${out}`)
    }
    if (judgement.problems.length > 0) process.exitCode = 1
  } finally {
    await broker.stop()
  }
}

function tell(plateau: Plateau): void {
  const [at, rate, busy, rss, heap, , collections, longest] = plateauCells(plateau)
  console.log(
    `${at}  ${rate} deliveries/s  ${busy} MiB resident, ${rss} when quiet  heap ${heap} MiB  ` +
      `${collections} collections, longest ${longest} ms`,
  )
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  // The load may still have connections and timers.
  process.exit(1)
})
