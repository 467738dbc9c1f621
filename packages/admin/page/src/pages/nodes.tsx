import { Notice } from '../parts/notice.tsx'
import { Table } from '../parts/table.tsx'
import { useAsked } from '../use-asked.ts'

interface Node {
  readonly node: string
  readonly self: boolean
  readonly alive: boolean
  readonly state?: string
}

export function Nodes(_: { rest: string }) {
  const { data, error } = useAsked<readonly Node[]>('/api/nodes', {}, 2_000)
  return (
    <>
      <Notice
        error={error}
        empty={data?.length === 0 ? 'This broker is alone: it shares no store with others.' : undefined}
      />
      {data !== undefined && data.length > 0 && (
        <p class="quiet">
          All pages are of this node alone: its clients, its sessions, its figures. A kick and a ban hold on
          every node that has this API; a client that is on another node is looked at in that node’s
          dashboard.
        </p>
      )}
      <Table
        caption="Nodes"
        rows={data ?? []}
        keyOf={({ node }) => node}
        columns={[
          { title: 'Node', cell: ({ node, self }) => `${node}${self ? ' (this one)' : ''}` },
          {
            title: 'Alive',
            cell: ({ alive }) => <span class={alive ? 'good' : 'bad'}>{alive ? 'yes' : 'no'}</span>,
          },
          { title: 'State', cell: ({ state }) => state ?? '' },
        ]}
      />
    </>
  )
}
