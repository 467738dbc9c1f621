import { useEffect, useRef, useState } from 'preact/hooks'
import { count } from '../format.ts'
import { Facts } from '../parts/facts.tsx'
import { Notice } from '../parts/notice.tsx'
import { Table } from '../parts/table.tsx'
import { useAsked } from '../use-asked.ts'

interface Middleware {
  readonly name: string
  readonly handles: readonly string[]
  readonly answers: readonly string[]
  readonly executes: readonly string[]
  readonly last: boolean
  readonly options?: Readonly<Record<string, unknown>>
}

interface Activity {
  readonly callback: string
  readonly middleware: string
  readonly calls: number
  readonly ended: number
  readonly errors: number
  readonly waiting: number
  readonly timed: number
  readonly milliseconds: number
  readonly longest: number
}

interface Picture {
  readonly middlewares: readonly Middleware[]
  readonly activity: readonly Activity[]
}

/** What a handler did in a second. */
interface Rate extends Activity {
  readonly callsASecond: number
  readonly endedASecond: number
  readonly errorsASecond: number
}

const EVERY = 2_000

/** Each look is compared with the one before. */
function useRates(activity: readonly Activity[] | undefined): readonly Rate[] {
  const before = useRef<{ at: number; known: Map<string, Activity> } | undefined>(undefined)
  const [rates, setRates] = useState<readonly Rate[]>([])
  useEffect(() => {
    if (activity === undefined) return
    const at = performance.now()
    const seconds = before.current === undefined ? 0 : (at - before.current.at) / 1_000
    const a = (now: number, then: number | undefined): number =>
      seconds === 0 || then === undefined ? 0 : Math.max(0, now - then) / seconds
    const keyOf = (one: Activity): string => `${one.middleware} ${one.callback}`
    const known = before.current?.known
    setRates(
      activity.map((one) => {
        const then = known?.get(keyOf(one))
        return {
          ...one,
          callsASecond: a(one.calls, then?.calls),
          endedASecond: a(one.ended, then?.ended),
          errorsASecond: a(one.errors, then?.errors),
        }
      }),
    )
    before.current = { at, known: new Map(activity.map((one) => [keyOf(one), one])) }
  }, [activity])
  return rates
}

export function StackPicture({ rest }: { rest: string }) {
  const { data, error } = useAsked<Picture>('/api/stack', {}, EVERY)
  const rates = useRates(data?.activity)
  const busiest = Math.max(1, ...rates.map(({ callsASecond }) => callsASecond))
  const chosen = data?.middlewares.find(({ name }) => name === rest) ?? data?.middlewares[0]
  return (
    <>
      <p class="quiet">
        Packets and questions go from left to right; those that answer last stand at the end of every
        question. Choose one to see what it does.
      </p>
      <Notice error={error} />
      <ol class="stack" aria-label="Middlewares in their order">
        {data?.middlewares.map(({ name, last }) => {
          const own = rates.filter(({ middleware }) => middleware === name)
          const calls = own.reduce((sum, { callsASecond }) => sum + callsASecond, 0)
          const ended = own.reduce((sum, { endedASecond }) => sum + endedASecond, 0)
          const errors = own.reduce((sum, one) => sum + one.errors, 0)
          return (
            <li key={name}>
              <a
                href={`#/stack/${encodeURIComponent(name)}`}
                class={last ? 'place last' : 'place'}
                aria-current={name === chosen?.name ? 'true' : undefined}
              >
                <strong>{name}</strong>
                <meter
                  min={0}
                  max={busiest}
                  value={Math.min(busiest, calls)}
                  aria-label={`calls of ${name}`}
                />
                <span>{count(calls)} calls/s</span>
                <span class="quiet">{count(ended)} decided/s</span>
                {errors > 0 && <span class="bad">{count(errors)} errors</span>}
              </a>
            </li>
          )
        })}
      </ol>
      {chosen !== undefined && <Chosen middleware={chosen} rates={rates} />}
    </>
  )
}

function Chosen({ middleware, rates }: { middleware: Middleware; rates: readonly Rate[] }) {
  const { name, handles, executes, options = {} } = middleware
  const own = rates.filter((rate) => rate.middleware === name)
  return (
    <section>
      <h2>{name}</h2>
      <Table
        caption={`What ${name} does`}
        rows={own}
        keyOf={({ callback }) => callback}
        columns={[
          { title: 'Answers', cell: ({ callback }) => callback },
          { title: 'Calls', isFigure: true, cell: ({ calls }) => count(calls) },
          { title: 'a second', isFigure: true, cell: ({ callsASecond }) => count(callsASecond) },
          { title: 'Decided', isFigure: true, cell: ({ ended }) => count(ended) },
          { title: 'Errors', isFigure: true, cell: ({ errors }) => count(errors) },
          { title: 'Waiting', isFigure: true, cell: ({ waiting }) => count(waiting) },
          {
            title: 'Mean, ms',
            isFigure: true,
            cell: ({ timed, milliseconds }) => (timed === 0 ? '' : (milliseconds / timed).toFixed(3)),
          },
          {
            title: 'Longest, ms',
            isFigure: true,
            cell: ({ longest }) => (longest === 0 ? '' : longest.toFixed(1)),
          },
        ]}
      />
      <h3>Options</h3>
      <Facts of={options} />
      <h3>It also</h3>
      <Facts of={{ handles: handles.join(', '), executes: executes.join(', ') }} />
    </section>
  )
}
