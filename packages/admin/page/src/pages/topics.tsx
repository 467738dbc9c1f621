import { useMemo, useState } from 'preact/hooks'
import type { Page } from '../api.ts'
import { useDesk } from '../context.ts'
import { Act } from '../parts/act.tsx'
import { Notice } from '../parts/notice.tsx'
import { Pager, usePaging } from '../parts/pager.tsx'
import { useAsked } from '../use-asked.ts'
import type { LiveValue } from '../use-topics.ts'
import { useTopics } from '../use-topics.ts'

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
  /** What was published last, while somebody looks on. */
  live: LiveValue | undefined
}

const levelOf = (name: string): Level => ({ name, levels: new Map(), message: undefined, live: undefined })

function treeOf(messages: readonly Retained[], values: readonly LiveValue[]): Level {
  const root = levelOf('')
  const find = (topic: string): Level => {
    let level = root
    for (const name of topic.split('/')) {
      const known = level.levels.get(name) ?? levelOf(name)
      level.levels.set(name, known)
      level = known
    }
    return level
  }
  for (const message of messages) find(message.topic).message = message
  for (const value of values) find(value.topic).live = value
  return root
}

export function Topics(_: { rest: string }) {
  const [filter, setFilter] = useState('#')
  const paging = usePaging()
  const query = { filter, payload: 'text', limit: 200, cursor: paging.cursor }
  const { data, error, again } = useAsked<Page<Retained>>('/api/retained', query, 2_000)
  const { values, more } = useTopics(filter)
  const tree = useMemo(() => treeOf(data?.items ?? [], values), [data, values])
  const isEmpty = data?.items.length === 0 && values.length === 0
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
      <Notice
        error={error}
        empty={isEmpty ? 'Nothing is retained there, and nothing was published since.' : undefined}
      />
      {more > 0 && (
        <p class="quiet">
          {more} messages of the last second are not shown: they are too many, or of too many topics.
        </p>
      )}
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
  const { name, levels, message, live } = level
  const label = (
    <>
      <span class="level">{name === '' ? '(empty)' : name}</span>
      {message !== undefined && (
        <>
          <code>{message.payload?.slice(0, 200)}</code>
          <span class="quiet">
            retained, QoS {message.qos}, {message.bytes} bytes
            {message.publisher === undefined ? '' : `, from ${message.publisher}`}
          </span>
          <Act
            needs="clearRetained"
            words="Clear"
            sure={`Clear what is retained on ${message.topic}?`}
            run={() => api.send('DELETE', '/api/retained/message', undefined, { topic: message.topic })}
            done={cleared}
          />
        </>
      )}
      {live !== undefined && (
        <>
          <code class="live">{live.payload.slice(0, 200)}</code>
          <span class="quiet">
            live, QoS {live.qos}, {live.bytes} bytes, {live.count} since you look on
          </span>
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
  const { api, can } = useDesk()
  const [topic, setTopic] = useState('')
  const [payload, setPayload] = useState('')
  const [retain, setRetain] = useState(false)
  if (!can('publish')) return null
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
          needs="publish"
          words="Publish"
          run={() => api.send('POST', '/api/publish', { topic, payload, retain })}
          done={done}
        />
      </form>
    </section>
  )
}
