#!/usr/bin/env node
import { chooseLineup, isOurs } from './brokers/lineup.ts'
import { parseOptions, USAGE } from './options.ts'
import { conditions } from './report/conditions.ts'
import { RESULTS, writeReport } from './report/report.ts'
import { keepResult } from './report/results.ts'
import { settingOf } from './report/setting.ts'
import { failures, faultsOf } from './report/summary.ts'
import { printRow } from './report/table.ts'
import { excessLines } from './report/warnings.ts'
import { chooseScenarios, scenarios } from './scenarios/index.ts'
import { runScenario } from './series.ts'

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2))
  if (options.help) return console.log(USAGE)
  if (options.list) return printList()
  const chosen = chooseScenarios(options.scenarios)
  const lineup = chooseLineup(options, chosen, console.error)
  const setting = settingOf(options)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stop.abort(new Error(signal)))

  const columns = lineup.brokers.map(({ name, version }) => ({ broker: name, version }))
  console.log(conditions([{ lineup: lineup.name, setting, columns }]).join('\n') + '\n')
  for (const scenario of chosen) {
    const row = await runScenario(scenario, { ...options, lineup, signal: stop.signal, progress })
    progress('')
    console.log(printRow(row))
    if (options.report) keepResult(RESULTS, { ...row, setting })
    // A peer that loses messages is a finding; when our own does, or does not run, the benchmark has failed.
    const own = row.columns.filter(({ broker }) => isOurs(row.lineup, broker))
    if (own.some((column) => faultsOf(column) || failures(column).length > 0)) process.exitCode = 1
    if (excessLines(row).length > 0) process.exitCode = 1
  }
  if (options.report) console.log(`written: ${writeReport().join(', ')}`)
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
