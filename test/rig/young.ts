/** What of short lives is kept until the whole heap is collected: collections of young garbage alone are made. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void

/** So many rounds go by between two collections. */
const BETWEEN = 25

/**
 * Does something again and again, and answers how many bytes of each time were still there at the end, about. What is there at
 * the beginning grows old first, as tables of a broker have that has run for a while.
 */
export async function keptYoung(times: number, work: (i: number) => unknown): Promise<number> {
  for (let i = 0; i < 4 * BETWEEN; i++) await work(-1 - i)
  collect()
  for (let i = 0; i < 3; i++) collect({ type: 'minor' })
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < times; i++) {
    await work(i)
    if (i % BETWEEN === 0) collect({ type: 'minor' })
  }
  for (let i = 0; i < 3; i++) collect({ type: 'minor' })
  return (process.memoryUsage().heapUsed - before) / times
}
