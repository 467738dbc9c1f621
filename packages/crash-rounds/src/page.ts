import type { Plan, Result } from './rounds.ts'

/** The results as a part of docs/durability.md. */
export function resultsTable(results: readonly (Plan & Result)[], date: string): string {
  const rows = results.map(
    ({ sync, rounds, seed, acknowledged, delivered, retained, wills, seconds, problems }) => {
      const of = (kind: string): number => problems.filter((problem) => problem.startsWith(kind)).length
      const rest = problems.length - of('lost') - of('twice') - of('retained')
      const found = [of('lost'), of('twice'), of('retained'), rest]
      return [
        `\`${sync}\``,
        ...[rounds, acknowledged, delivered, retained, wills].map((count) => count.toLocaleString('en')),
        ...found,
        `${Math.round(seconds)} s`,
        seed,
      ]
    },
  )
  const head = ['sync', 'kills', 'acknowledged', 'copies delivered', 'retained writes', 'delayed wills']
  const faults = ['lost', 'QoS 2 twice', 'wrong retained', 'other faults', 'took', 'seed']
  return [
    `Last run: ${date}, Node ${process.versions.node}.`,
    '',
    ...[[...head, ...faults], [...head, ...faults].map(() => '---'), ...rows].map(
      (row) => `| ${row.join(' | ')} |`,
    ),
  ].join('\n')
}
