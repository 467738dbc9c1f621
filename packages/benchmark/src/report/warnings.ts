import { isOurs } from '../brokers/lineup.ts'
import type { Row } from '../series.ts'
import { formatNumber, formatShare } from './format.ts'
import { failures, faultsOf, shareOf, summarize } from './summary.ts'

const LIMITING = 0.97
// A core that is shared now and then is usual; beyond this the figure says more about the machine than the broker.
const CROWDED = 0.1

/** What was not delivered as it was sent, and which rounds failed. */
export function faultLines({ columns }: Row): string[] {
  return columns.flatMap((column) => {
    const told = new Set(failures(column).map(({ message }) => `${column.broker}: failed: ${message}`))
    const faults = faultsOf(column)
    return faults ? [...told, `${column.broker}: ${faults}`] : [...told]
  })
}

/** Which figures are more than our own may have. */
export function excessLines(row: Row): string[] {
  return summarize(row).flatMap(({ metric, figures }) => {
    const { most = Number.POSITIVE_INFINITY, label } = metric
    return figures
      .filter(({ broker, median }) => isOurs(row.lineup, broker) && median > most)
      .map(({ broker, median }) => `${broker}: ${formatNumber(median)} ${label}, more than ${most}`)
  })
}

/** Which brokers may be faster than their figure, because the load was not. */
export function loadLines({ scenario, columns }: Row): string[] {
  return columns
    .filter((column) => (shareOf(column, 'load') ?? 0) > LIMITING * (scenario.parts ?? 1))
    .map(({ broker }) => `${broker}: the load was as busy as a core can be, so the broker may be faster`)
}

/** Which brokers other programs kept from running, in one line, or in none. */
export function crowdLine({ columns }: Row): string[] {
  const crowded = columns.flatMap((column) => {
    const waiting = shareOf(column, 'waiting') ?? 0
    return waiting > CROWDED ? `${column.broker} ${formatShare(waiting)}` : []
  })
  return crowded.length > 0 ? [`ready to run, and no core was free, of the time: ${crowded.join(', ')}`] : []
}
