import { useEffect, useRef, useState } from 'preact/hooks'
import { useDesk } from '../context.ts'
import { Notice } from '../parts/notice.tsx'

interface Step {
  readonly middleware: string
  readonly ended: boolean
  readonly said: Readonly<Record<string, unknown>>
  readonly failed?: string
  readonly milliseconds?: number
}

interface Traffic {
  readonly at: number
  readonly kind: 'in' | 'out' | 'decided'
  readonly clientId: string
  readonly name: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly steps: readonly Step[]
  readonly milliseconds?: number
}

/** So many lines are shown; older ones go. */
const SHOWN = 500
const ARROWS = { in: '→', out: '←', decided: '?' }
const WORDS = { in: 'came from the client', out: 'was sent to the client', decided: 'was decided' }

export function Trace({ rest }: { rest: string }) {
  const { api, operates } = useDesk()
  const [clientId, setClientId] = useState(rest)
  const [topic, setTopic] = useState('')
  const [address, setAddress] = useState('')
  const [payloads, setPayloads] = useState(false)
  const [lines, setLines] = useState<readonly Traffic[]>([])
  const [state, setState] = useState('')
  const [error, setError] = useState<string | undefined>(undefined)
  const abort = useRef<AbortController | undefined>(undefined)
  useEffect(() => () => abort.current?.abort(), [])
  const stop = (): void => {
    abort.current?.abort()
    abort.current = undefined
    setState('stopped')
  }
  const start = async (): Promise<void> => {
    abort.current?.abort()
    const own = new AbortController()
    abort.current = own
    setLines([])
    setError(undefined)
    setState('following')
    try {
      const terms = { clientId, topic, address, payloads, seconds: 600, events: 10_000 }
      await api.events('/api/trace', terms, own.signal, (kind, data) => {
        if (kind === 'traffic') setLines((known) => [...known, data as Traffic].slice(-SHOWN))
        if (kind === 'over') setState(`over: ${(data as { why: string }).why}`)
      })
    } catch (failure) {
      if (own.signal.aborted) return
      setError((failure as Error).message)
      setState('')
    }
  }
  if (!operates) return <p>To follow somebody a token is needed that may operate.</p>
  return (
    <>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void start()
        }}
      >
        <label>
          Client identifier
          <input value={clientId} onInput={({ currentTarget }) => setClientId(currentTarget.value)} />
        </label>
        <label>
          Topic filter
          <input value={topic} onInput={({ currentTarget }) => setTopic(currentTarget.value)} />
        </label>
        <label>
          Address
          <input value={address} onInput={({ currentTarget }) => setAddress(currentTarget.value)} />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={payloads}
            onChange={({ currentTarget }) => setPayloads(currentTarget.checked)}
          />
          Show payloads
        </label>
        <button type="submit">Follow</button>
        <button type="button" onClick={stop} disabled={state !== 'following'}>
          Stop
        </button>
      </form>
      <p role="status">{state}</p>
      <Notice error={error} />
      <ol class="trace" aria-label="Packets and decisions">
        {lines.map((line, i) => (
          <Line key={`${line.at} ${i}`} line={line} />
        ))}
      </ol>
    </>
  )
}

function Line({ line }: { line: Traffic }) {
  const { at, kind, clientId, name, fields, steps, milliseconds } = line
  return (
    <li class={kind}>
      <time>{new Date(at).toISOString().slice(11, 23)}</time> <b>{clientId || '-'}</b>{' '}
      <span title={WORDS[kind]}>
        <span aria-hidden="true">{ARROWS[kind]}</span>
        <span class="hidden">{WORDS[kind]}</span>
      </span>{' '}
      <b>{name}</b> {pairs(fields)}
      {milliseconds !== undefined && <span class="quiet"> {milliseconds.toFixed(2)} ms</span>}
      {steps.map((step, i) => (
        <div key={`${step.middleware} ${i}`} class="step">
          {step.middleware}
          {step.ended ? ' decided' : ''} {pairs(step.said)}
          {step.failed !== undefined && <span class="bad"> failed: {step.failed}</span>}
        </div>
      ))}
    </li>
  )
}

function pairs(of: Readonly<Record<string, unknown>>): string {
  return Object.entries(of)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ')
}
