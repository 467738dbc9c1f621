import { useState } from 'preact/hooks'
import type { Page } from '../api.ts'
import { Notice } from '../parts/notice.tsx'
import { Pager, usePaging } from '../parts/pager.tsx'
import { Search } from '../parts/search.tsx'
import { Table } from '../parts/table.tsx'
import { useAsked } from '../use-asked.ts'

interface SubscriptionState {
  readonly clientId: string
  readonly topic: string
  readonly qos: number
}

export function Subscriptions(_: { rest: string }) {
  const [topic, setTopic] = useState('')
  const [search, setSearch] = useState('')
  const paging = usePaging()
  const query = { topic, search, limit: 50, cursor: paging.cursor }
  const { data, error } = useAsked<Page<SubscriptionState>>('/api/subscriptions', query, 5_000)
  return (
    <>
      <Search
        paging={paging}
        fields={[
          { label: 'Who gets this topic?', value: topic, set: setTopic },
          { label: 'Part of the filter', value: search, set: setSearch },
        ]}
      />
      <Notice
        error={error}
        empty={data?.items.length === 0 ? 'No subscription fits on this page.' : undefined}
      />
      <Table
        caption="Subscriptions"
        rows={data?.items ?? []}
        keyOf={({ clientId, topic: filter }) => `${clientId} ${filter}`}
        columns={[
          {
            title: 'Client',
            cell: ({ clientId }) => <a href={`#/sessions/${encodeURIComponent(clientId)}`}>{clientId}</a>,
          },
          { title: 'Filter', cell: ({ topic: filter }) => filter },
          { title: 'QoS', isFigure: true, cell: ({ qos }) => qos },
        ]}
      />
      <Pager paging={paging} next={data?.next} />
    </>
  )
}
