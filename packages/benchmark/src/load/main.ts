/** The load's process: takes one task from its parent, answers with the outcome and ends. */
import { scenarios } from '../scenarios/index.ts'
import { Bench } from './bench.ts'
import type { Answer, Task } from './task.ts'

async function perform(task: Task): Promise<Answer> {
  const scenario = scenarios.find(({ name }) => name === task.scenario)
  if (!scenario) return { error: `no scenario ${task.scenario}` }
  const { port, nodePorts } = task
  const { transport = 'tcp', version = 4 } = scenario
  const target = { port, nodePorts, transport, version }
  const bench = new Bench({ ...task, target, together })
  const values = await scenario.run(bench)
  return { outcome: { values, tally: bench.tally, shares: bench.shares } }
}

function together(): Promise<void> {
  return new Promise((resolve) => {
    process.once('message', () => resolve())
    process.send?.({ ready: true } satisfies Answer)
  })
}

function answer(message: Answer): void {
  process.send?.(message, () => process.exit(0))
}

function fail(error: unknown): void {
  answer({ error: error instanceof Error ? error.message : String(error) })
}

process.on('uncaughtException', fail)
process.on('disconnect', () => process.exit(1))
process.once('message', (task: Task) => perform(task).then(answer, fail))
