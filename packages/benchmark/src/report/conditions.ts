import type { LineupName } from '../brokers/lineup.ts'
import { mqttStack } from '../brokers/mqtt-stack.ts'
import { FAN_OUT_WINDOW, USUAL } from '../scenarios/flow.ts'
import type { Setting } from './setting.ts'

/** What conditions are told of: rows measured, or one that is about to be. */
export interface Conditional {
  readonly lineup: LineupName
  readonly scenario?: { readonly name: string }
  readonly setting: Setting
  readonly columns: readonly { readonly broker: string; readonly version?: string }[]
}

/** Under what conditions the figures hold, one statement a line; rows measured otherwise than others are named. */
export function conditions(rows: readonly Conditional[]): string[] {
  const versions = new Set(
    rows.flatMap(({ lineup, columns }) =>
      columns.map(
        ({ broker, version }) => `${lineup === 'peers' ? broker : mqttStack.name} ${version ?? ''}`,
      ),
    ),
  )
  return [
    `Brokers: ${[...versions].join(', ')}.`,
    ...apart(rows, ({ node, machine, pin }) => {
      const cores = pin ? ', each on a core of its own' : ''
      return `Machine: ${machine}; node ${node}; broker and load each a process${cores}, over loopback.`
    }),
    `Load: closed loop, at most ${USUAL.window.toLocaleString('en')} messages under way over all clients ` +
      `(${FAN_OUT_WINDOW.toLocaleString('en')} deliveries for a fan-out); ${USUAL.payload}-byte payloads, ` +
      `topics of 15 characters, ${USUAL.batch} messages a write; keepalive 3,600 s. Exceptions stand with their scenario.`,
    ...apart(rows, ({ runs, seconds, warmup }) => {
      return (
        `Figures: median of ${runs} ${runs === 1 ? 'round' : 'rounds'}, brokers started afresh and in turn; ` +
        `${warmup} s before and ${seconds} s measured in each; ratios are taken within a round.`
      )
    }),
    'Every delivery is checked: lost, doubled, reordered and altered messages are told beneath their scenario.',
  ]
}

/** One statement for all rows, or each with the rows that it holds for. */
function apart(rows: readonly Conditional[], statement: (setting: Setting) => string): string[] {
  const holders = new Map<string, string[]>()
  for (const { lineup, scenario, setting } of rows) {
    const names = holders.get(statement(setting)) ?? []
    holders.set(statement(setting), names)
    if (scenario) names.push(lineup === 'peers' ? scenario.name : `${scenario.name} by ${lineup}`)
  }
  if (holders.size === 1) return [...holders.keys()]
  return [...holders].map(([text, names]) => `${text} (${names.join(', ')})`)
}
