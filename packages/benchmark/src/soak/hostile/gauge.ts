/** A middleware that tells the parent process what the broker holds. Needs --expose-gc, --expose-internals and IPC. */
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { PerformanceEntry } from 'node:perf_hooks'
import { constants, PerformanceObserver } from 'node:perf_hooks'
import type { Counts, State, StateAnswer, StateQuestion, Stops } from './state.ts'

/** What it needs of the stack that it is given to. */
interface Watched {
  readonly clients: ReadonlySet<unknown>
  readonly ledger: { readonly held: number; accounts(): Iterable<Holder> }
}

interface Holder {
  readonly sessions: number
  readonly subscriptions: number
  readonly retained: number
}

/** A list of timers with one duration, which begins and ends at its head. */
interface TimerList {
  readonly _idlePrev: TimerList
}

interface Collection extends PerformanceEntry {
  readonly detail: { readonly flags: number }
}

const NO_STOPS: Stops = { count: 0, total: 0, longest: 0 }

export class Gauge {
  readonly name = 'Gauge'
  stack: Watched | undefined
  #stops: Stops = NO_STOPS
  readonly #collections = new PerformanceObserver((list) => list.getEntries().forEach(this.#note))
  readonly #note = (entry: PerformanceEntry): void => {
    const { duration, detail } = entry as Collection
    if ((detail.flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0) return
    const { count, total, longest } = this.#stops
    this.#stops = { count: count + 1, total: total + duration, longest: Math.max(longest, duration) }
  }
  readonly #answer = ({ collect }: StateQuestion): void => {
    process.send?.({ soakState: this.#state(collect) } satisfies StateAnswer)
  }

  start(): void {
    this.#collections.observe({ entryTypes: ['gc'] })
    process.on('message', this.#answer)
    // A terminal sends it to us too; our parent decides when it is over.
    process.on('SIGINT', () => {})
    process.once('disconnect', () => process.exit(1))
  }

  stop(): void {
    this.#collections.disconnect()
    process.off('message', this.#answer)
    process.channel?.unref()
  }

  #state(collect: boolean): State {
    // Twice: what the first one finalizes, the second one frees.
    if (collect) for (let i = 0; i < 2; i++) globalThis.gc?.()
    const { rss, heapUsed, external } = process.memoryUsage()
    const stops = this.#stops
    this.#stops = NO_STOPS
    return { ...this.#counts(), rss, heapUsed, external, stops }
  }

  #counts(): Counts {
    const { clients, ledger } = this.stack ?? { clients: new Set(), ledger: { held: 0, accounts: () => [] } }
    const owners = [...ledger.accounts()]
    const sum = (what: keyof Holder): number => owners.reduce((all, owner) => all + owner[what], 0)
    return {
      clients: clients.size,
      sessions: sum('sessions'),
      subscriptions: sum('subscriptions'),
      retained: sum('retained'),
      held: ledger.held,
      timers: countTimers(),
      descriptors: countDescriptors(),
      handles: countHandles(),
    }
  }
}

/** `getActiveResourcesInfo` leaves out timers that do not keep the process alive, and those are most of a broker's. */
function countTimers(): number {
  const { timerListMap } = createRequire(import.meta.url)('internal/timers') as {
    readonly timerListMap: Readonly<Record<string, TimerList>>
  }
  let count = 0
  for (const list of Object.values(timerListMap))
    for (let timer = list._idlePrev; timer !== list; timer = timer._idlePrev) count++
  return count
}

function countHandles(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const type of process.getActiveResourcesInfo())
    if (type !== 'Timeout' && type !== 'Immediate') counts[type] = (counts[type] ?? 0) + 1
  return counts
}

function countDescriptors(): number {
  try {
    // The one that reads the directory left out.
    return readdirSync('/proc/self/fd').length - 1
  } catch {
    return 0
  }
}
