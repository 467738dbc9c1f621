import { useState } from 'preact/hooks'
import { useDesk } from '../context.ts'
import { Notice } from '../parts/notice.tsx'

interface Finding {
  readonly middleware: string
  readonly cause: string
  readonly text: string
  readonly at?: number
}

interface Explanation {
  readonly allowed: boolean
  readonly reason: string
  readonly who: string
  readonly steps: readonly {
    readonly middleware: string
    readonly answer: string
    readonly reason?: string
  }[]
}

export function Why({ rest }: { rest: string }) {
  return (
    <>
      <NotCome clientId={rest} />
      <Explain />
    </>
  )
}

/** Why did messages not come? */
function NotCome({ clientId }: { clientId: string }) {
  const { api } = useDesk()
  const [to, setTo] = useState(clientId)
  const [topic, setTopic] = useState('')
  const [from, setFrom] = useState('')
  const [found, setFound] = useState<readonly Finding[] | undefined>(undefined)
  const [error, setError] = useState<string | undefined>(undefined)
  const ask = async (): Promise<void> => {
    try {
      setFound(await api.get<Finding[]>('/api/why', { topic, to, from }))
      setError(undefined)
    } catch (failure) {
      setFound(undefined)
      setError((failure as Error).message)
    }
  }
  return (
    <section>
      <h2>Why did it not come?</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void ask()
        }}
      >
        <label>
          Topic
          <input required value={topic} onInput={({ currentTarget }) => setTopic(currentTarget.value)} />
        </label>
        <label>
          To client
          <input required value={to} onInput={({ currentTarget }) => setTo(currentTarget.value)} />
        </label>
        <label>
          From client
          <input value={from} onInput={({ currentTarget }) => setFrom(currentTarget.value)} />
        </label>
        <button type="submit">Why?</button>
      </form>
      <Notice
        error={error}
        empty={found?.length === 0 ? 'Nothing is in the way, and nothing was lately.' : undefined}
      />
      <ul aria-live="polite">
        {found?.map(({ middleware, cause, text, at }) => (
          <li key={`${middleware} ${cause} ${at ?? ''}`}>
            <b>{cause}</b>: {text}
            {at !== undefined && <span class="quiet"> ({new Date(at).toLocaleString()})</span>}
          </li>
        ))}
      </ul>
    </section>
  )
}

const ACTS = ['publish', 'subscribe', 'will'] as const

/** May somebody do that, and who says so? */
function Explain() {
  const { api } = useDesk()
  const [user, setUser] = useState('')
  const [client, setClient] = useState('')
  const [act, setAct] = useState<(typeof ACTS)[number]>('publish')
  const [topic, setTopic] = useState('')
  const [answer, setAnswer] = useState<Explanation | undefined>(undefined)
  const [error, setError] = useState<string | undefined>(undefined)
  const ask = async (): Promise<void> => {
    try {
      const who = { ...(user !== '' && { user }), ...(client !== '' && { client }) }
      setAnswer(await api.send<Explanation>('POST', '/api/explain', { ...who, [act]: topic }))
      setError(undefined)
    } catch (failure) {
      setAnswer(undefined)
      setError((failure as Error).message)
    }
  }
  return (
    <section>
      <h2>May it do that?</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void ask()
        }}
      >
        <label>
          User
          <input value={user} onInput={({ currentTarget }) => setUser(currentTarget.value)} />
        </label>
        <label>
          Client
          <input value={client} onInput={({ currentTarget }) => setClient(currentTarget.value)} />
        </label>
        <label>
          Wants to
          <select
            value={act}
            onChange={({ currentTarget }) => setAct(currentTarget.value as (typeof ACTS)[number])}
          >
            {ACTS.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
        <label>
          Topic or filter
          <input required value={topic} onInput={({ currentTarget }) => setTopic(currentTarget.value)} />
        </label>
        <button type="submit">Explain</button>
      </form>
      <Notice error={error} />
      {answer !== undefined && (
        <div aria-live="polite">
          <p>
            <b class={answer.allowed ? 'good' : 'bad'}>{answer.allowed ? 'Yes' : 'No'}</b>: {answer.reason}
          </p>
          <ol>
            {answer.steps.map(({ middleware, answer: said, reason }, i) => (
              <li key={`${middleware} ${i}`}>
                {middleware}: {said}
                {reason === undefined ? '' : `, ${reason}`}
              </li>
            ))}
          </ol>
        </div>
      )}
    </section>
  )
}
