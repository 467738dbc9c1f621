import { useState } from 'preact/hooks'
import type { Page } from '../api.ts'
import { useDesk } from '../context.ts'
import { bytes, count } from '../format.ts'
import { Act } from '../parts/act.tsx'
import { Facts } from '../parts/facts.tsx'
import { Notice } from '../parts/notice.tsx'
import { Pager, usePaging } from '../parts/pager.tsx'
import { Search } from '../parts/search.tsx'
import { Table } from '../parts/table.tsx'
import { useAsked } from '../use-asked.ts'

interface SessionState {
  readonly clientId: string
  readonly identity?: string
  readonly connected: boolean
  readonly expiresAt?: string
  readonly subscriptions: number
  readonly messages: number
  readonly bytes: number
}

interface SubscriptionState {
  readonly topic: string
  readonly qos: number
}

interface Waiting {
  readonly topic: string
  readonly qos: number
  readonly bytes: number
  readonly publisher?: string
}

export function Sessions({ rest }: { rest: string }) {
  const [search, setSearch] = useState('')
  const paging = usePaging()
  const query = { search, limit: 50, cursor: paging.cursor }
  const { data, error } = useAsked<Page<SessionState>>('/api/sessions', query, 5_000)
  if (rest !== '') return <OneSession clientId={rest} />
  return (
    <>
      <Search paging={paging} fields={[{ label: 'Search client or user', value: search, set: setSearch }]} />
      <Notice error={error} empty={data?.items.length === 0 ? 'There is no session that fits.' : undefined} />
      <Table
        caption="Sessions"
        rows={data?.items ?? []}
        keyOf={({ clientId }) => clientId}
        columns={[
          {
            title: 'Client',
            cell: ({ clientId }) => <a href={`#/sessions/${encodeURIComponent(clientId)}`}>{clientId}</a>,
          },
          { title: 'User', cell: ({ identity: user }) => user ?? '' },
          { title: 'Connected', cell: ({ connected }) => (connected ? 'yes' : 'no') },
          { title: 'Expires', cell: ({ expiresAt }) => expiresAt ?? '' },
          { title: 'Filters', isFigure: true, cell: ({ subscriptions }) => count(subscriptions) },
          { title: 'Waiting', isFigure: true, cell: ({ messages }) => count(messages) },
          { title: 'Size', isFigure: true, cell: (one) => bytes(one.bytes) },
        ]}
      />
      <Pager paging={paging} next={data?.next} />
    </>
  )
}

function OneSession({ clientId }: { clientId: string }) {
  const { api } = useDesk()
  const path = `/api/sessions/${encodeURIComponent(clientId)}`
  const session = useAsked<Readonly<Record<string, unknown>>>(path, {}, 5_000)
  const paging = usePaging()
  const page = { limit: 50, cursor: paging.cursor }
  const filters = useAsked<Page<SubscriptionState>>(`${path}/subscriptions`, page, 5_000)
  const queue = useAsked<Page<Waiting>>(`${path}/queue`, {}, 5_000)
  const back = (): void => {
    location.hash = '#/sessions'
  }
  return (
    <>
      <p>
        <a href="#/sessions">All sessions</a>
      </p>
      <h2>{clientId}</h2>
      <p class="actions">
        <Act
          needs="endSession"
          words="End the session"
          sure={`End the session of ${clientId}, with its subscriptions and all that waits for it?`}
          run={() => api.send('DELETE', path)}
          done={back}
        />
        <Act
          needs="purge"
          words="Purge what waits"
          sure={`Throw away what waits for ${clientId}?`}
          run={() => api.send('POST', '/api/purge', { clientId })}
          done={queue.again}
        />
        <a href={`#/why/${encodeURIComponent(clientId)}`}>Why did it not come?</a>
      </p>
      <Notice error={session.error} />
      {session.data !== undefined && <Facts of={session.data} />}
      <h3>Subscriptions</h3>
      <Notice error={filters.error} empty={filters.data?.items.length === 0 ? 'None.' : undefined} />
      <Table
        caption="Subscriptions"
        rows={filters.data?.items ?? []}
        keyOf={({ topic }) => topic}
        columns={[
          { title: 'Filter', cell: ({ topic }) => topic },
          { title: 'QoS', isFigure: true, cell: ({ qos }) => qos },
          {
            title: 'Actions',
            cell: ({ topic }) => (
              <Act
                needs="endSubscription"
                words="End"
                sure={`Take ${topic} away?`}
                run={() => api.send('DELETE', `${path}/subscriptions`, undefined, { filter: topic })}
                done={filters.again}
              />
            ),
          },
        ]}
      />
      <Pager paging={paging} next={filters.data?.next} />
      <h3>Waiting messages</h3>
      <Notice error={queue.error} empty={queue.data?.items.length === 0 ? 'None.' : undefined} />
      <Table
        caption="Waiting messages"
        rows={queue.data?.items.map((one, i) => ({ ...one, i })) ?? []}
        keyOf={({ i }) => String(i)}
        columns={[
          { title: 'Topic', cell: ({ topic }) => topic },
          { title: 'QoS', isFigure: true, cell: ({ qos }) => qos },
          { title: 'Bytes', isFigure: true, cell: (one) => count(one.bytes) },
          { title: 'From', cell: ({ publisher }) => publisher ?? '' },
        ]}
      />
    </>
  )
}
