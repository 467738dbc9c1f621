/** Room for what lives a while, so that V8 does not collect a small heap whole every second. */
import type { PerformanceEntry } from 'node:perf_hooks'
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes that may be added to a heap before all of it is collected again. */
const ROOM = 32 * 1_048_576
/** Of a process that may not become large: this part of what it may have. */
const SHARE = 32
/** Percent of a heap that V8 gives it by itself, or more. */
const OWN = 50
/** Bytes in use from which a heap is collected before clients come. */
const LARGE = 64 * 1_048_576

/**
 * By how many percent a heap may grow before V8 collects all of it again; 0 leaves that to V8. By itself it lets a heap of
 * 25 MiB grow by 6: clients that come and go use that up in a second, and for the 25 ms that a collection takes, in steps
 * and on all cores, everybody's messages are slow.
 * @param used Bytes of the heap after it was collected.
 * @param limit Bytes that it may have in all.
 */
export function roomPercent(used: number, limit: number): number {
  const percent = Math.ceil((100 * Math.min(ROOM, limit / SHARE)) / used)
  return percent > OWN ? percent : 0
}

/**
 * For a process that is a broker and nothing else, from now on.
 * @param set Sets a flag of V8.
 * @param started What node was started with: a growth that is among it stays.
 */
export function keepHeapRoom(
  set: (flag: string) => void = setFlagsFromString,
  started: readonly string[] = process.execArgv,
): void {
  // Bun has another engine.
  if (process.versions.bun !== undefined || started.some((flag) => GROWTH.test(flag))) return
  let percent = 0
  const look = (): void => {
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
    const next = roomPercent(used, limit)
    if (next === percent) return
    percent = next
    set(`--heap-growing-percent=${percent}`)
  }
  look()
  new PerformanceObserver((list) => {
    if (list.getEntries().some((entry) => (entry as Collection).detail.kind === MAJOR)) look()
  }).observe({ entryTypes: ['gc'] })
}

/**
 * Collects what reading a large configuration has left, before clients come. V8 would do so much later, and until then each
 * collection of young garbage goes through all pages, and what serves clients is spread over them.
 * @returns Whether there was so much.
 */
export function collectLeftovers(): boolean {
  if (process.versions.bun !== undefined || getHeapStatistics().used_heap_size < LARGE) return false
  setFlagsFromString('--expose-gc')
  // A new context has what the flag says now.
  const collect = runInNewContext('gc') as () => void
  setFlagsFromString('--no-expose-gc')
  collect()
  return true
}

interface Collection extends PerformanceEntry {
  readonly detail: { readonly kind: number }
}

const MAJOR = constants.NODE_PERFORMANCE_GC_MAJOR
const GROWTH = /^--heap[-_]growing[-_]percent/
