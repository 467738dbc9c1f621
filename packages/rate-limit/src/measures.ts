/** How much of its memory a process uses, and how late its event loop is. */
import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import type { IntervalHistogram } from 'node:perf_hooks'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'

/** Milliseconds between two looks at how late the event loop is. */
const RESOLUTION = 20
const NANOSECONDS = 1_000_000

/** What is measured. */
export interface Measures {
  /** The part of the memory that the process may have, or of the engine's heap, that it uses: whichever is more; 0 to 1. */
  readonly memory: number
  /** How late the event loop was on average since the last time, in ms. */
  readonly loopDelay: number
}

/** Measures this process. */
export class ProcessMeasures {
  readonly #delays: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION })

  constructor() {
    this.#delays.enable()
  }

  stop(): void {
    this.#delays.disable()
  }

  readonly take = (): Measures => {
    const { mean, count } = this.#delays
    this.#delays.reset()
    const loopDelay = count === 0 ? 0 : Math.max(0, mean / NANOSECONDS - RESOLUTION)
    return { memory: Math.max(heapShare(), residentShare()), loopDelay }
  }
}

function heapShare(): number {
  const { used_heap_size, heap_size_limit } = getHeapStatistics()
  return used_heap_size / heap_size_limit
}

/** Of the machine or, where the process is in one, of its container. */
function residentShare(): number {
  const constrained = process.constrainedMemory()
  return residentBytes() / Math.min(totalmem(), constrained > 0 ? constrained : Number.POSITIVE_INFINITY)
}

/** Without the pages of mapped files, such as those of LMDB: the system takes them back when it needs memory. */
function residentBytes(): number {
  const found = /^RssAnon:\s*(\d+) kB$/m.exec(statusOfProcess())
  return found === null ? process.memoryUsage.rss() : Number(found[1]) * 1_024
}

/** What Linux says of the process; other systems say nothing. */
function statusOfProcess(): string {
  try {
    return readFileSync('/proc/self/status', 'latin1')
  } catch {
    return ''
  }
}
