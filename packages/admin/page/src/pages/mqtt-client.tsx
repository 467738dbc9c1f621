import type { MqttClient as Connection } from 'mqtt'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Notice } from '../parts/notice.tsx'
import { useAsked } from '../use-asked.ts'

interface ListenerState {
  readonly url?: string
}

interface Line {
  readonly at: number
  readonly topic: string
  readonly text: string
}

const SHOWN = 200

/** A small client of the broker's WebSocket listener: it comes in as any other, and may do what rules say. */
export function MqttClient(_: { rest: string }) {
  const { data } = useAsked<readonly ListenerState[]>('/api/listeners')
  const found = data?.map(({ url }) => url ?? '').find((url) => /^wss?:/.test(url))
  const [url, setUrl] = useState('')
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const [filter, setFilter] = useState('#')
  const [topic, setTopic] = useState('')
  const [payload, setPayload] = useState('')
  const [state, setState] = useState('not connected')
  const [error, setError] = useState<string | undefined>(undefined)
  const [lines, setLines] = useState<readonly Line[]>([])
  const connection = useRef<Connection | undefined>(undefined)
  useEffect(() => () => void connection.current?.end(true), [])
  const address = url || (found ?? '').replace(/\/\/(0\.0\.0\.0|\[::\])/, `//${location.hostname}`)
  const connect = async (): Promise<void> => {
    connection.current?.end(true)
    setError(undefined)
    setState('connecting')
    const { default: mqtt } = await import('mqtt')
    const names = username === '' ? {} : { username, password }
    const made = mqtt.connect(address, { protocolVersion: 5, reconnectPeriod: 0, ...names })
    connection.current = made
    made.on('connect', () => setState('connected'))
    made.on('close', () => setState('not connected'))
    made.on('error', (failure) => setError(failure.message))
    made.on('message', (name, bytes) => {
      const line = { at: Date.now(), topic: name, text: new TextDecoder().decode(bytes).slice(0, 500) }
      setLines((known) => [...known, line].slice(-SHOWN))
    })
  }
  const run = async (work: Promise<unknown> | undefined): Promise<void> => {
    try {
      await work
      setError(undefined)
    } catch (failure) {
      setError((failure as Error).message)
    }
  }
  const isConnected = state === 'connected'
  return (
    <>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void connect()
        }}
      >
        <label>
          WebSocket listener
          <input value={address} onInput={({ currentTarget }) => setUrl(currentTarget.value)} />
        </label>
        <label>
          User name
          <input
            autocomplete="off"
            value={username}
            onInput={({ currentTarget }) => setUsername(currentTarget.value)}
          />
        </label>
        <label>
          Password
          <input
            type="password"
            autocomplete="off"
            value={password}
            onInput={({ currentTarget }) => setPassword(currentTarget.value)}
          />
        </label>
        <button type="submit">Connect</button>
      </form>
      <p role="status">{state}</p>
      <Notice error={error} />
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void run(connection.current?.subscribeAsync(filter))
        }}
      >
        <label>
          Filter
          <input value={filter} onInput={({ currentTarget }) => setFilter(currentTarget.value)} />
        </label>
        <button type="submit" disabled={!isConnected}>
          Subscribe
        </button>
      </form>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void run(connection.current?.publishAsync(topic, payload))
        }}
      >
        <label>
          Topic
          <input required value={topic} onInput={({ currentTarget }) => setTopic(currentTarget.value)} />
        </label>
        <label>
          Payload
          <input value={payload} onInput={({ currentTarget }) => setPayload(currentTarget.value)} />
        </label>
        <button type="submit" disabled={!isConnected}>
          Publish
        </button>
      </form>
      <ol class="trace" aria-label="Messages" aria-live="polite">
        {lines.map(({ at, topic: name, text }, i) => (
          <li key={`${at} ${i}`}>
            <time>{new Date(at).toISOString().slice(11, 23)}</time> <b>{name}</b> {text}
          </li>
        ))}
      </ol>
    </>
  )
}
