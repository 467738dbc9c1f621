/** What of short lives is kept until the whole heap is collected: while a test runs, young garbage alone is. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void

/** Bytes of the heap in use, when all garbage was collected. */
export function heapUsed(): number {
  collect()
  return process.memoryUsage().heapUsed
}

/** Collects young garbage. */
export function collectYoung(): void {
  collect({ type: 'minor' })
}

/**
 * Does something for a while, then as often as it is told, and answers how many bytes were kept of each time, about. What is
 * there when it begins has grown old, as the tables of a broker have that has run for a day.
 */
export async function keptYoung(times: number, work: (times: number) => Promise<void>): Promise<number> {
  await work(2_000)
  collect()
  for (let i = 0; i < 3; i++) collectYoung()
  const before = process.memoryUsage().heapUsed
  await work(times)
  for (let i = 0; i < 3; i++) collectYoung()
  return (process.memoryUsage().heapUsed - before) / times
}

/** As {@link keptYoung}, for what is done at once. */
export function keptYoungOf(times: number, act: (i: number) => void): Promise<number> {
  let i = 0
  return keptYoung(times, async (count) => {
    for (const end = i + count; i < end; i++) {
      act(i)
      if (i % 25 === 0) collectYoung()
    }
  })
}
