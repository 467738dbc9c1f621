#!/usr/bin/env node
import type { Broker } from './brokers/broker.ts'
import { commandBroker } from './brokers/command.ts'
import { brokers } from './brokers/index.ts'
import type { Options } from './options.ts'
import { parseOptions, USAGE } from './options.ts'
import { conditions } from './report/conditions.ts'
import { writeReport } from './report/report.ts'
import { failures, faultsOf } from './report/summary.ts'
import { printRow } from './report/table.ts'
import { chooseScenarios, scenarios } from './scenarios/index.ts'
import type { Row } from './series.ts'
import { runScenario } from './series.ts'

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2))
  if (options.help) return console.log(USAGE)
  if (options.list) return printList()
  const chosen = chooseScenarios(options.scenarios)
  const present = chooseBrokers(options)
  const rows: Row[] = []
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stop.abort(new Error(signal)))

  console.log(conditions(present, options).join('\n') + '\n')
  for (const scenario of chosen) {
    const row = await runScenario(scenario, { ...options, brokers: present, signal: stop.signal, progress })
    progress('')
    console.log(printRow(row))
    rows.push(row)
  }
  if (options.report) console.log(`written: ${writeReport(rows, conditions(present, options)).join(', ')}`)

  // A peer that loses messages is a finding; when our own does, or does not run, the benchmark has failed.
  const own = rows.flatMap(({ columns }) => columns.filter(({ broker }) => broker === brokers[0].name))
  if (own.some((column) => faultsOf(column) || failures(column).length > 0)) process.exitCode = 1
}

function chooseBrokers(options: Options): Broker[] {
  for (const name of options.only) {
    if (!brokers.some((broker) => broker.name === name))
      throw new Error(`--only: there is no broker "${name}"`)
  }
  const asked = brokers.filter(({ name, extra }) => {
    return options.only.length > 0 ? options.only.includes(name) : options.report || !extra
  })
  for (const { name, version, hint } of asked) {
    if (version === undefined) console.error(`${name} is left out: it is not there (${hint})`)
  }
  const present = asked.filter(({ version }) => version !== undefined)
  // Two peers may be the same program with other flags.
  const peers = options.peers.map(commandBroker).map((peer, i, all) => {
    const twice = all.filter(({ name }) => name === peer.name).length > 1
    return twice ? { ...peer, name: `${peer.name}#${i + 1}` } : peer
  })
  return [...present, ...peers]
}

function printList(): void {
  for (const { name, group, about } of scenarios) {
    console.log(`${name.padEnd(12)} ${about}${group ? ` [${group}]` : ''}`)
  }
}

/** One line that the next one replaces, where somebody looks on. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
