import { useState } from 'preact/hooks'
import { useDesk } from '../context.ts'
import { Act } from '../parts/act.tsx'
import { Notice } from '../parts/notice.tsx'
import { Table } from '../parts/table.tsx'
import { useAsked } from '../use-asked.ts'

interface Reloaded {
  readonly applied: readonly string[]
  readonly kept: readonly string[]
}

interface ListenerState {
  readonly url?: string
  readonly transport?: string
  readonly name?: string
}

interface Holding {
  readonly identity?: string
  readonly address?: string
  readonly connections: number
  readonly sessions: number
  readonly subscriptions: number
  readonly retained: number
  readonly bytes: number
}

const LEVELS = ['error', 'warn', 'info', 'debug']

export function Configuration(_: { rest: string }) {
  const { api, can } = useDesk()
  const [reloaded, setReloaded] = useState<Reloaded | undefined>(undefined)
  const config = useAsked<unknown>(can('configuration') ? '/api/config' : undefined)
  const listeners = useAsked<readonly ListenerState[]>(can('listeners') ? '/api/listeners' : undefined)
  const log = useAsked<{ level: string }>(can('logLevel') ? '/api/log' : undefined)
  const holdings = useAsked<readonly Holding[] | { items: readonly Holding[] }>('/api/holdings', {
    limit: 20,
  })
  const held =
    holdings.data === undefined ? [] : 'items' in holdings.data ? holdings.data.items : holdings.data
  return (
    <>
      {can('reload') && (
        <p class="actions">
          <Act
            needs="reload"
            words="Read it again"
            run={async () => setReloaded(await api.send<Reloaded>('POST', '/api/reload'))}
            done={config.again}
          />
        </p>
      )}
      {reloaded !== undefined && (
        <p role="status">
          In force: {reloaded.applied.join(', ') || 'nothing new'}.{' '}
          {reloaded.kept.length > 0 && `At the next start: ${reloaded.kept.join('; ')}.`}
        </p>
      )}
      {log.data !== undefined && !can('setLogLevel') && <p>Log level: {log.data.level}</p>}
      {log.data !== undefined && can('setLogLevel') && (
        <p>
          <label>
            Log level{' '}
            <select
              value={log.data.level}
              onChange={({ currentTarget }) =>
                void api.send('PUT', '/api/log', { level: currentTarget.value }).then(log.again)
              }
            >
              {LEVELS.map((level) => (
                <option key={level}>{level}</option>
              ))}
            </select>
          </label>
        </p>
      )}
      <h2>Listeners</h2>
      <Notice error={listeners.error} />
      <ul>
        {listeners.data?.map((one, i) => (
          <li key={one.url ?? i}>
            {one.url ?? one.transport} {one.name === undefined ? '' : `(${one.name})`}
          </li>
        ))}
      </ul>
      <h2>Who holds how much</h2>
      <Table
        caption="Holdings"
        rows={held}
        keyOf={({ identity, address }) => `${identity} ${address}`}
        columns={[
          { title: 'User', cell: ({ identity, address }) => identity ?? `anonymous at ${address}` },
          { title: 'Connections', isFigure: true, cell: ({ connections }) => connections },
          { title: 'Sessions', isFigure: true, cell: ({ sessions }) => sessions },
          { title: 'Subscriptions', isFigure: true, cell: ({ subscriptions }) => subscriptions },
          { title: 'Retained', isFigure: true, cell: ({ retained }) => retained },
          { title: 'Bytes', isFigure: true, cell: ({ bytes }) => bytes },
        ]}
      />
      <h2>In force</h2>
      <Notice error={config.error} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <pre tabIndex={0}>{config.data === undefined ? '' : JSON.stringify(config.data, null, 2)}</pre>
    </>
  )
}
