/** The default stack for a soak: tells its parent its port, and what it takes whenever it is asked. Needs --expose-gc. */
import type { PerformanceEntry } from 'node:perf_hooks'
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { createBroker } from '@mqtt-stack/broker'
import type { Pause, Sample, SoakQuestion } from '../soak/sample.ts'

/** Since the last sample; those that we forced ourselves left out. */
let pauses: Pause[] = []

/** As Node gives it; its types know no `detail`. */
interface Collection extends PerformanceEntry {
  readonly detail: { readonly kind: number; readonly flags: number }
}

const KINDS: Readonly<Record<number, Pause['kind']>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weak callbacks',
}

function note(entry: PerformanceEntry): void {
  const { kind, flags } = (entry as Collection).detail
  if (flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) return
  pauses.push({ kind: KINDS[kind] ?? 'other', ms: entry.duration })
}

const observer = new PerformanceObserver((list) => list.getEntries().forEach(note))
observer.observe({ entryTypes: ['gc'] })

function sample(collect: boolean): Sample {
  observer.takeRecords().forEach(note)
  // Twice: what the first one finalizes, the second one frees.
  if (collect) for (let i = 0; i < 2; i++) globalThis.gc!()
  const { rss, heapUsed, external } = process.memoryUsage()
  const taken = pauses
  pauses = []
  return { rss, heapUsed, external, pauses: taken }
}

const broker = createBroker({ listeners: [{ transport: 'tcp', port: 0 }] })
const [{ port }] = await broker.listen()
process.on('message', ({ collect }: SoakQuestion) => process.send?.(sample(collect)))
// A terminal sends it to us too; our parent decides when it is over.
process.on('SIGINT', () => {})
process.once('disconnect', () => process.exit(0))
process.send?.({ port })
