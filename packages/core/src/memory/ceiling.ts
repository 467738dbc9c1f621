import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'

/** Half of what the process may have: of the machine, of a container, and of the engine's heap, where most of it is. */
export function defaultCeiling(): number {
  const constrained = process.constrainedMemory()
  const memory = Math.min(totalmem(), constrained > 0 ? constrained : Number.POSITIVE_INFINITY)
  return Math.floor(Math.min(memory, getHeapStatistics().heap_size_limit) / 2)
}
