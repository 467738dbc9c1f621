#!/usr/bin/env node
/** `pnpm soak` runs this file. This process is the load, or that of the good clients. */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mqttStack } from '../brokers/mqtt-stack.ts'
import { machine } from '../report/setting.ts'
import { soakFlat } from './flat.ts'
import { soakHostile } from './hostile/soak-hostile.ts'
import { parseSoakOptions, SOAK_USAGE } from './options.ts'
import type { SoakConditions } from './page.ts'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))

async function main(): Promise<void> {
  const options = parseSoakOptions(process.argv.slice(2))
  if (options.help) return console.log(SOAK_USAGE)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stop.abort(new Error(`ended by ${signal}`)))
  const about: SoakConditions = {
    date: new Date().toISOString().slice(0, 10),
    version: mqttStack.version ?? '',
    node: process.versions.node,
    machine: machine(),
  }
  const soak = options.flat ? soakFlat : soakHostile
  const { page, problems } = await soak(options, about, stop.signal)
  console.log(`\n${page}`)
  if (options.out !== undefined) {
    writeFileSync(resolve(ROOT, options.out), page)
    console.log(`written: ${options.out}`)
  }
  if (problems.length > 0) process.exitCode = 1
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  // The load may still have connections and timers.
  process.exit(1)
})
