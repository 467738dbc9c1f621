import { useEffect, useRef, useState } from 'preact/hooks'
import { useDesk } from '../context.ts'
import { bytes, count, span } from '../format.ts'
import { Chart } from '../parts/chart.tsx'
import { Notice } from '../parts/notice.tsx'
import { Table } from '../parts/table.tsx'
import { useAsked } from '../use-asked.ts'

/** What `/api/live` tells once a second; counts are since somebody looks on. */
interface Figures {
  readonly at: number
  readonly clients: number
  readonly connected: number
  readonly refused: number
  readonly published: number
  readonly dropped: number
  readonly kept: number
  readonly rss: number
  readonly heap: number
  readonly loopMean: number
  readonly loopMax: number
}

/** So many seconds are shown. */
const SHOWN = 120

function useFigures(): { all: readonly Figures[]; error: string | undefined } {
  const { api } = useDesk()
  const [all, setAll] = useState<readonly Figures[]>([])
  const [error, setError] = useState<string | undefined>(undefined)
  const known = useRef<Figures[]>([])
  useEffect(() => {
    const abort = new AbortController()
    const see = (kind: string, data: unknown): void => {
      if (kind !== 'figures') return
      known.current = [...known.current, data as Figures].slice(-SHOWN - 1)
      setAll(known.current)
    }
    api
      .events('/api/live', { what: 'figures' }, abort.signal, see)
      .then(() => setError('the broker has ended the stream: load the page again'))
      .catch((failure: Error) => {
        if (!abort.signal.aborted) setError(failure.message)
      })
    return () => abort.abort()
  }, [api])
  return { all, error }
}

/** What grew in each second. */
function rates(all: readonly Figures[], of: (one: Figures) => number): number[] {
  return all.slice(1).map((one, i) => {
    const seconds = Math.max(0.001, (one.at - (all[i]?.at ?? one.at)) / 1_000)
    return Math.max(0, Math.round((of(one) - of(all[i] ?? one)) / seconds))
  })
}

export function Overview(_: { rest: string }) {
  const { about } = useDesk()
  const { all, error } = useFigures()
  const last = all.at(-1)
  const times = all.slice(1).map(({ at }) => at / 1_000)
  const published = rates(all, (one) => one.published)
  const dropped = rates(all, (one) => one.dropped)
  const later = all.slice(1)
  return (
    <>
      <Notice error={error} empty={last === undefined ? 'Waiting for the first figures …' : undefined} />
      <section class="cards" aria-label="Now">
        <Card title="Clients" value={count(last?.clients ?? about.clients)} />
        <Card title="Messages in a second" value={count(published.at(-1) ?? 0)} />
        <Card title="Dropped in a second" value={count(dropped.at(-1) ?? 0)} />
        <Card title="Refused so far" value={count(last?.refused ?? 0)} />
        <Card title="Event loop late" value={`${last?.loopMax ?? 0} ms`} />
        <Card title="Memory" value={bytes(last?.rss ?? 0)} />
        <Card title="Up" value={span(about.uptime)} />
      </section>
      <div class="charts">
        <Chart
          title="Messages"
          unit="a second"
          times={times}
          series={[
            { name: 'published', values: published },
            { name: 'dropped', values: dropped },
          ]}
        />
        <Chart
          title="Clients"
          unit="connected"
          times={times}
          series={[{ name: 'clients', values: later.map((one) => one.clients) }]}
        />
        <Chart
          title="Event loop"
          unit="ms late"
          times={times}
          series={[
            { name: 'mean', values: later.map((one) => one.loopMean) },
            { name: 'longest', values: later.map((one) => one.loopMax) },
          ]}
        />
        <Chart
          title="Memory"
          unit="MiB"
          times={times}
          series={[
            { name: 'resident', values: later.map((one) => Math.round(one.rss / 2 ** 20)) },
            { name: 'heap', values: later.map((one) => Math.round(one.heap / 2 ** 20)) },
            { name: 'kept for clients', values: later.map((one) => Math.round(one.kept / 2 ** 20)) },
          ]}
        />
      </div>
      <Health />
      <Top list="topics" title="Busiest topics" />
      <Top list="slow-subscribers" title="Slowest subscribers" />
      <Top list="queues" title="Longest queues" />
    </>
  )
}

function Card({ title, value }: { title: string; value: string }) {
  return (
    <div class="card">
      <span class="quiet">{title}</span>
      <strong>{value}</strong>
    </div>
  )
}

interface Part {
  readonly name: string
  readonly healthy: boolean
  readonly reason?: string
}

function Health() {
  const { data } = useAsked<{ parts: readonly Part[] }>('/readyz', {}, 5_000)
  const parts = data?.parts ?? []
  if (parts.length === 0) return null
  return (
    <section>
      <h2>Health</h2>
      <ul class="health">
        {parts.map(({ name, healthy, reason }) => (
          <li key={name} class={healthy ? 'good' : 'bad'}>
            {name}: {healthy ? 'well' : (reason ?? 'not well')}
          </li>
        ))}
      </ul>
    </section>
  )
}

interface Entry {
  readonly name: string
  readonly value: number
  readonly unit: string
}

/** Where nobody counts, nothing is shown. */
function Top({ list, title }: { list: string; title: string }) {
  const { data } = useAsked<readonly Entry[]>(`/api/top/${list}`, { limit: 5 }, 5_000)
  if (data === undefined || data.length === 0) return null
  return (
    <section>
      <h2>{title}</h2>
      <Table
        caption={title}
        rows={data}
        keyOf={({ name }) => name}
        columns={[
          { title: 'Name', cell: ({ name }) => name },
          { title: 'Value', isFigure: true, cell: ({ value, unit }) => `${count(value)} ${unit}` },
        ]}
      />
    </section>
  )
}
