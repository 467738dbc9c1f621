import { cpus, totalmem } from 'node:os'
import type { Broker } from '../brokers/broker.ts'
import type { Options } from '../options.ts'
import { FAN_OUT_WINDOW, USUAL } from '../scenarios/flow.ts'

/** Under what conditions the figures hold, one statement a line. */
export function conditions(brokers: readonly Broker[], options: Options): string[] {
  const [cpu] = cpus()
  const cores = `${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'})`
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  return [
    `Brokers: ${brokers.map(({ name, version }) => `${name} ${version}`).join(', ')}; node ${process.versions.node}.`,
    `Machine: ${process.platform} ${process.arch}, ${cores}, ${memory}; broker and load each a process` +
      `${options.pin ? ', each on a core of its own' : ''}, over loopback.`,
    `Load: closed loop, at most ${USUAL.window.toLocaleString('en')} messages under way over all clients ` +
      `(${FAN_OUT_WINDOW.toLocaleString('en')} deliveries for a fan-out); ${USUAL.payload}-byte payloads, ` +
      `topics of 15 characters, ${USUAL.batch} messages a write; keepalive 300 s. Exceptions stand with their scenario.`,
    `Figures: median of ${options.runs} rounds, brokers started afresh and in turn; ${options.warmup} s before and ` +
      `${options.seconds} s measured in each; ratios are taken within a round.`,
    'Every delivery is checked: lost, doubled, reordered and altered messages are told beneath their scenario.',
  ]
}
