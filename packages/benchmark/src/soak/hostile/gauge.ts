/** A middleware that tells the parent process what the broker holds. Needs --expose-gc, --expose-internals and IPC. */
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Counts, State, StateAnswer, StateQuestion } from './state.ts'

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

export class Gauge {
  readonly name = 'Gauge'
  stack: Watched | undefined
  readonly #answer = ({ collect }: StateQuestion): void => {
    process.send?.({ soakState: this.#state(collect) } satisfies StateAnswer)
  }

  start(): void {
    process.on('message', this.#answer)
    // A terminal sends it to us too; our parent decides when it is over.
    process.on('SIGINT', () => {})
    process.once('disconnect', () => process.exit(1))
  }

  stop(): void {
    process.off('message', this.#answer)
    process.channel?.unref()
  }

  #state(collect: boolean): State {
    // Twice: what the first one finalizes, the second one frees.
    if (collect) for (let i = 0; i < 2; i++) globalThis.gc?.()
    const { rss, heapUsed, external } = process.memoryUsage()
    return { ...this.#counts(), rss, heapUsed, external }
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
