import { useMemo, useState } from 'preact/hooks'
import type { Page } from '../api.ts'
import { useDesk } from '../context.ts'
import { Act } from '../parts/act.tsx'
import { Notice } from '../parts/notice.tsx'
import { Pager, usePaging } from '../parts/pager.tsx'
import { useAsked } from '../use-asked.ts'

interface Retained {
  readonly topic: string
  readonly bytes: number
  readonly qos: number
  readonly publisher?: string
  readonly expiresAt?: string
  readonly payload?: string
}

/** One level of the tree. */
interface Level {
  readonly name: string
  readonly levels: Map<string, Level>
  message: Retained | undefined
}

function treeOf(messages: readonly Retained[]): Level {
  const root: Level = { name: '', levels: new Map(), message: undefined }
  for (const message of messages) {
    let level = root
    for (const name of message.topic.split('/')) {
      const known: Level = level.levels.get(name) ?? { name, levels: new Map(), message: undefined }
      level.levels.set(name, known)
      level = known
    }
    level.message = message
  }
  return root
}

export function Topics(_: { rest: string }) {
  const [filter, setFilter] = useState('#')
  const paging = usePaging()
  const query = { filter, payload: 'text', limit: 200, cursor: paging.cursor }
  const { data, error, again } = useAsked<Page<Retained>>('/api/retained', query, 2_000)
  const tree = useMemo(() => treeOf(data?.items ?? []), [data])
  return (
    <>
      <search>
        <form onSubmit={(event) => event.preventDefault()}>
          <label>
            Topic filter
            <input
              value={filter}
              onChange={({ currentTarget }) => {
                setFilter(currentTarget.value || '#')
                paging.first()
              }}
            />
          </label>
        </form>
      </search>
      <Notice error={error} empty={data?.items.length === 0 ? 'Nothing is retained there.' : undefined} />
      <ul class="tree">
        {[...tree.levels.values()].map((level) => (
          <Branch key={level.name} level={level} cleared={again} />
        ))}
      </ul>
      <Pager paging={paging} next={data?.next} />
      <PublishForm done={again} />
    </>
  )
}

function Branch({ level, cleared }: { level: Level; cleared: () => void }) {
  const { api } = useDesk()
  const { name, levels, message } = level
  const label = (
    <>
      <span class="level">{name === '' ? '(empty)' : name}</span>
      {message !== undefined && (
        <>
          <code>{message.payload?.slice(0, 200)}</code>
          <span class="quiet">
            QoS {message.qos}, {message.bytes} bytes
            {message.publisher === undefined ? '' : `, from ${message.publisher}`}
          </span>
          <Act
            words="Clear"
            sure={`Clear what is retained on ${message.topic}?`}
            run={() => api.send('DELETE', '/api/retained/message', undefined, { topic: message.topic })}
            done={cleared}
          />
        </>
      )}
    </>
  )
  if (levels.size === 0) return <li>{label}</li>
  return (
    <li>
      <details open>
        <summary>{label}</summary>
        <ul>
          {[...levels.values()].map((one) => (
            <Branch key={one.name} level={one} cleared={cleared} />
          ))}
        </ul>
      </details>
    </li>
  )
}

function PublishForm({ done }: { done: () => void }) {
  const { api, operates } = useDesk()
  const [topic, setTopic] = useState('')
  const [payload, setPayload] = useState('')
  const [retain, setRetain] = useState(false)
  if (!operates) return null
  return (
    <section>
      <h2>Publish</h2>
      <form onSubmit={(event) => event.preventDefault()}>
        <label>
          Topic
          <input value={topic} onInput={({ currentTarget }) => setTopic(currentTarget.value)} />
        </label>
        <label>
          Payload
          <input value={payload} onInput={({ currentTarget }) => setPayload(currentTarget.value)} />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={retain}
            onChange={({ currentTarget }) => setRetain(currentTarget.checked)}
          />
          Retain
        </label>
        <Act
          words="Publish"
          run={() => api.send('POST', '/api/publish', { topic, payload, retain })}
          done={done}
        />
      </form>
    </section>
  )
}
