import type { Row } from '../series.ts'
import { formatShare } from './format.ts'
import { failures, faultsOf, shareOf } from './summary.ts'

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

/** Why a figure may be lower than what the broker can do. */
export function doubts({ columns }: Row): string[] {
  return columns.flatMap((column) => {
    const told: string[] = []
    const waiting = shareOf(column, 'waiting') ?? 0
    if ((shareOf(column, 'load') ?? 0) > LIMITING)
      told.push(`${column.broker}: the load was as busy as a core can be, so the broker may be faster`)
    if (waiting > CROWDED)
      told.push(`${column.broker}: was ready to run and had no core for ${formatShare(waiting)} of the time`)
    return told
  })
}
