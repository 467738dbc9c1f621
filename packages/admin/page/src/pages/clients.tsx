import { useState } from 'preact/hooks'
import type { Page } from '../api.ts'
import { useDesk } from '../context.ts'
import { bytes, count, since } from '../format.ts'
import { Act } from '../parts/act.tsx'
import { Facts } from '../parts/facts.tsx'
import { Notice } from '../parts/notice.tsx'
import { Pager, usePaging } from '../parts/pager.tsx'
import { Search } from '../parts/search.tsx'
import { Table } from '../parts/table.tsx'
import { useAsked } from '../use-asked.ts'

interface ClientState {
  readonly clientId: string
  readonly identity?: string
  readonly address?: string
  readonly listener: string
  readonly protocolVersion: 3 | 4 | 5
  readonly connectedAt: string
  readonly packetsIn: number
  readonly packetsOut: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly pending: number
}

const VERSIONS = { 3: '3.1', 4: '3.1.1', 5: '5.0' }

export function Clients({ rest }: { rest: string }) {
  const [search, setSearch] = useState('')
  const [sort, setSort] = useState('clientId')
  const paging = usePaging()
  const query = { search, sort, limit: 50, cursor: paging.cursor }
  const { data, error } = useAsked<Page<ClientState>>('/api/clients', query, 5_000)
  if (rest !== '') return <OneClient clientId={rest} />
  return (
    <>
      <Search
        paging={paging}
        fields={[{ label: 'Search client, user or address', value: search, set: setSearch }]}
      />
      <Notice
        error={error}
        empty={data?.items.length === 0 ? 'No client is connected that fits.' : undefined}
      />
      <Table
        caption="Clients that are connected"
        rows={data?.items ?? []}
        keyOf={({ clientId }) => clientId}
        sorted={sort}
        onSort={(by) => {
          setSort(by)
          paging.first()
        }}
        columns={[
          {
            title: 'Client',
            sort: 'clientId',
            cell: ({ clientId }) => <a href={`#/clients/${encodeURIComponent(clientId)}`}>{clientId}</a>,
          },
          { title: 'User', cell: ({ identity }) => identity ?? '' },
          { title: 'Address', cell: ({ address }) => address ?? '' },
          { title: 'Listener', cell: ({ listener }) => listener },
          { title: 'MQTT', cell: ({ protocolVersion }) => VERSIONS[protocolVersion] },
          { title: 'Connected', sort: 'connectedAt', cell: ({ connectedAt }) => since(connectedAt) },
          { title: 'In', isFigure: true, sort: 'packetsIn', cell: ({ packetsIn }) => count(packetsIn) },
          { title: 'Out', isFigure: true, sort: 'packetsOut', cell: ({ packetsOut }) => count(packetsOut) },
          { title: 'Not taken', isFigure: true, sort: 'pending', cell: ({ pending }) => bytes(pending) },
        ]}
      />
      <Pager paging={paging} next={data?.next} />
    </>
  )
}

function OneClient({ clientId }: { clientId: string }) {
  const { api } = useDesk()
  const name = encodeURIComponent(clientId)
  const { data, error } = useAsked<Readonly<Record<string, unknown>>>(`/api/clients/${name}`, {}, 2_000)
  const back = (): void => {
    location.hash = '#/clients'
  }
  return (
    <>
      <p>
        <a href="#/clients">All clients</a>
      </p>
      <h2>{clientId}</h2>
      <p class="actions">
        <Act
          needs="kick"
          words="Kick"
          sure={`End the connection of ${clientId}?`}
          run={() => api.send('DELETE', `/api/clients/${name}`)}
          done={back}
        />
        <Act
          needs="ban"
          words="Ban for an hour"
          sure={`Keep ${clientId} out for an hour?`}
          run={() => api.send('POST', '/api/bans', { clientId, seconds: 3_600 })}
          done={back}
        />
        <a href={`#/trace/${name}`}>Follow it</a>
        <a href={`#/sessions/${name}`}>Its session</a>
      </p>
      <Notice error={error} />
      {data !== undefined && <Facts of={data} />}
    </>
  )
}
