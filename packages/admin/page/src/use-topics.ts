/** What is published while somebody looks on: nothing is asked for while nobody does. */
import { useEffect, useState } from 'preact/hooks'
import { useDesk } from './context.ts'

/** The newest message of a topic. */
export interface LiveValue {
  readonly topic: string
  readonly payload: string
  readonly bytes: number
  readonly qos: number
  /** Messages since somebody looks on. */
  readonly count: number
}

interface News {
  readonly topics: readonly LiveValue[]
  readonly more: number
}

export interface LiveTopics {
  readonly values: readonly LiveValue[]
  /** Messages of the last second that are not among them. */
  readonly more: number
}

/** So many topics are shown; those that were silent for longest go. */
const SHOWN = 1_000
const NOTHING: LiveTopics = { values: [], more: 0 }

/** Values of the topics that a filter matches; none of before the page was opened, or the filter changed. */
export function useTopics(filter: string): LiveTopics {
  const { api } = useDesk()
  const [found, setFound] = useState(NOTHING)
  const isVisible = useVisible()
  useEffect(() => {
    setFound(NOTHING)
    if (!isVisible) return
    const own = new AbortController()
    const known = new Map<string, LiveValue>()
    const see = ({ topics, more }: News): void => {
      for (const value of topics) {
        const count = value.count + (known.get(value.topic)?.count ?? 0)
        known.delete(value.topic)
        known.set(value.topic, { ...value, count })
      }
      for (const topic of known.keys()) {
        if (known.size <= SHOWN) break
        known.delete(topic)
      }
      setFound({ values: [...known.values()], more })
    }
    api
      .events('/api/live/topics', { filter }, own.signal, (kind, data) => {
        if (kind === 'topics' && !own.signal.aborted) see(data as News)
      })
      // What is no filter is said where the retained messages are asked for.
      .catch(() => {})
    return () => own.abort()
  }, [api, filter, isVisible])
  return found
}

function useVisible(): boolean {
  const [isVisible, setVisible] = useState(() => document.visibilityState === 'visible')
  useEffect(() => {
    const listen = (): void => setVisible(document.visibilityState === 'visible')
    document.addEventListener('visibilitychange', listen)
    return () => document.removeEventListener('visibilitychange', listen)
  }, [])
  return isVisible
}
