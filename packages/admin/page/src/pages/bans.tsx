import { useState } from 'preact/hooks'
import { useDesk } from '../context.ts'
import { span } from '../format.ts'
import { Act } from '../parts/act.tsx'
import { Choice, Field } from '../parts/field.tsx'
import { Notice } from '../parts/notice.tsx'
import { Table } from '../parts/table.tsx'
import { useAsked } from '../use-asked.ts'

interface Ban {
  readonly id: string
  readonly clientId?: string
  readonly identity?: string
  readonly address?: string
  readonly reason: string
  readonly until: string
  readonly missing?: readonly string[]
}

const TERMS = [
  ['clientId', 'client'],
  ['identity', 'user'],
  ['address', 'address'],
] as const

const SPANS = [
  ['600', '10 minutes'],
  ['3600', 'an hour'],
  ['86400', 'a day'],
  ['604800', 'a week'],
  ['2592000', '30 days'],
] as const

export function Bans(_: { rest: string }) {
  const { api, can } = useDesk()
  const { data, error, again } = useAsked<readonly Ban[]>('/api/bans', {}, 5_000)
  const takeAway = (ban: Ban) => (
    <Act
      needs="ban"
      words="Take away"
      label={`Take away the ban of ${whoOf(ban)}`}
      sure={`Let ${whoOf(ban)} in again?`}
      run={() => api.send('DELETE', `/api/bans/${encodeURIComponent(ban.id)}`)}
      done={again}
    />
  )
  return (
    <>
      <p class="quiet">
        A ban ends the connections that it is for and lets none of them in until it is over, on every node
        that has this API.
      </p>
      <Notice error={error} empty={data?.length === 0 ? 'Nobody is kept out.' : undefined} />
      <Table
        caption="Bans"
        rows={data ?? []}
        keyOf={({ id }) => id}
        columns={[
          { title: 'Kept out', cell: whoOf },
          { title: 'Reason', cell: ({ reason }) => reason },
          { title: 'Until', cell: ({ until }) => until },
          { title: 'Left', isFigure: true, cell: ({ until }) => left(until) },
          ...(can('ban') ? [{ title: 'Actions', cell: takeAway }] : []),
        ]}
      />
      <BanForm done={again} />
    </>
  )
}

function BanForm({ done }: { done: () => void }) {
  const { api, can } = useDesk()
  const [term, setTerm] = useState<string>('clientId')
  const [who, setWho] = useState('')
  const [seconds, setSeconds] = useState('3600')
  const [reason, setReason] = useState('')
  const [made, setMade] = useState<Ban | undefined>(undefined)
  if (!can('ban')) return null
  const ban = async (): Promise<void> => {
    setMade(undefined)
    const body = { [term]: who, seconds: Number(seconds), ...(reason !== '' && { reason }) }
    setMade(await api.send<Ban>('POST', '/api/bans', body))
    setWho('')
    setReason('')
  }
  return (
    <section>
      <h2>Keep somebody out</h2>
      <form onSubmit={(event) => event.preventDefault()}>
        <Choice label="What it is" value={term} set={setTerm} choices={TERMS} />
        <Field label="Who" value={who} set={setWho} />
        <Choice label="For how long" value={seconds} set={setSeconds} choices={SPANS} />
        <Field label="Reason" value={reason} set={setReason} hint="banned by an operator" />
        <Act
          needs="ban"
          words="Ban"
          sure={`Keep out the ${wordOf(term)} ${who}, and close it now?`}
          run={ban}
          done={done}
        />
      </form>
      {made !== undefined && (
        <p role="status">
          {whoOf(made)} is kept out.
          {made.missing !== undefined &&
            ` Nodes that have not answered hear of it within 30 seconds once they can: ${made.missing.join(', ')}.`}
        </p>
      )}
    </section>
  )
}

function whoOf(ban: Ban): string {
  const [term, word] = TERMS.find(([one]) => ban[one] !== undefined) ?? TERMS[0]
  return `${word} ${ban[term] ?? ''}`
}

function wordOf(term: string): string {
  return TERMS.find(([one]) => one === term)?.[1] ?? term
}

function left(until: string): string {
  return span(Math.max(0, (Date.parse(until) - Date.now()) / 1_000))
}
