import { useEffect, useRef, useState } from 'preact/hooks'
import type { Page } from '../api.ts'
import { Refusal } from '../api.ts'
import { useDesk } from '../context.ts'
import { Act } from '../parts/act.tsx'
import { Notice } from '../parts/notice.tsx'
import { Pager, usePaging } from '../parts/pager.tsx'
import { Table } from '../parts/table.tsx'
import { useAsked } from '../use-asked.ts'
import type { RuleState } from './rule-form.tsx'
import { RuleForm } from './rule-form.tsx'

interface RuleLists {
  readonly provider: string
}

interface RulePage extends Page<RuleState> {
  readonly version: string
  readonly count: number
  /** Why none can be changed here. */
  readonly readOnly?: string
}

/** What a change of a rule says: its place, where it has one then. */
interface Change {
  readonly place?: number
}

/** A change of the list as it was seen. */
export interface Wanted {
  /** Of the list that was seen. */
  readonly version: string
  readonly method: 'POST' | 'PUT' | 'DELETE'
  /** Of which rule; absent: of a new one. */
  readonly place?: number | undefined
  readonly body?: object
}

/** Nothing is answered where somebody else was before: the list says so. */
export type Write = (wanted: Wanted) => Promise<Change | undefined>

/** A rule as it was seen. */
export interface SeenRule extends RuleState {
  readonly version: string
}

export function Rules(_: { rest: string }) {
  const { can } = useDesk()
  const { data, error } = useAsked<readonly RuleLists[]>(can('rules') ? '/api/rules' : undefined)
  const isNone = !can('rules') || data?.length === 0
  return (
    <>
      {isNone && (
        <p>
          Nobody here decides by a list of rules. A file of rules is one:{' '}
          <code>acl: {'{ file: rules.txt }'}</code> in the configuration, or a middleware of your own that
          answers <code>lookupRules</code>.
        </p>
      )}
      <Notice error={error} />
      {data?.map(({ provider }) => (
        <RuleList key={provider} provider={provider} />
      ))}
    </>
  )
}

/**
 * The list is not read again by itself: whoever is asked whether a rule is to go must see the one that is meant. What has
 * changed meanwhile is told by its version.
 */
function RuleList({ provider }: { provider: string }) {
  const { api, can } = useDesk()
  const paging = usePaging()
  const [chosen, setChosen] = useState<SeenRule | undefined>(undefined)
  const [done, setDone] = useState('')
  const [conflict, setConflict] = useState<string | undefined>(undefined)
  const path = `/api/rules/${encodeURIComponent(provider)}`
  const { data, error, again } = useAsked<RulePage>(path, { limit: 100, cursor: paging.cursor })
  const follow = useFocus(data)
  const write: Write = async ({ version, method, place, body }) => {
    const at = place === undefined ? path : `${path}/${place}`
    setDone('')
    setConflict(undefined)
    try {
      if (method === 'DELETE') return await api.send<Change>(method, at, undefined, { version })
      return await api.send<Change>(method, at, { ...body, version })
    } catch (failure) {
      if (!(failure instanceof Refusal) || failure.status !== 409) throw failure
      setConflict(`Nothing was changed: ${failure.message}. They are shown as they are now.`)
      setChosen(undefined)
      again()
      return undefined
    }
  }
  const said = (words: string): void => {
    setDone(words)
    setChosen(undefined)
    again()
  }
  return (
    <section>
      <h2>{provider}</h2>
      <p class="quiet">The first rule that fits decides. Whoever changes one ends what is allowed no more.</p>
      <Notice error={error ?? conflict} empty={data?.count === 0 ? 'There is no rule yet.' : undefined} />
      {data?.readOnly !== undefined && <p>They can only be read here: {data.readOnly}.</p>}
      {data !== undefined && (
        <RuleTable page={data} write={write} choose={setChosen} said={said} follow={follow} />
      )}
      <p class="actions">
        <button type="button" onClick={again}>
          Look again
        </button>
      </p>
      {(paging.page > 1 || data?.next !== undefined) && <Pager paging={paging} next={data?.next} />}
      <p role="status">{done}</p>
      {data !== undefined && data.readOnly === undefined && can('storeRule') && (
        <RuleForm
          key={chosen === undefined ? '' : `${chosen.version} ${chosen.place}`}
          rule={chosen}
          version={chosen?.version ?? data.version}
          write={write}
          leave={() => setChosen(undefined)}
          said={said}
        />
      )}
    </section>
  )
}

/** What is named has the focus once other data are there: a rule that is moved by keyboard goes on. */
function useFocus(data: unknown): (...labels: readonly string[]) => void {
  const wanted = useRef<readonly string[]>([])
  useEffect(() => {
    const found = wanted.current.map((one) => document.querySelector<HTMLElement>(`[aria-label="${one}"]`))
    found.find((one) => one !== null)?.focus()
    wanted.current = []
  }, [data])
  return (...labels) => {
    wanted.current = labels
  }
}

interface TableProps {
  readonly page: RulePage
  readonly write: Write
  readonly choose: (rule: SeenRule) => void
  readonly said: (words: string) => void
  /** What of these is there has the focus afterwards. */
  readonly follow: (...labels: readonly string[]) => void
}

function RuleTable({ page, write, choose, said, follow }: TableProps) {
  const { can } = useDesk()
  const { items, count, version, readOnly } = page
  const mayWrite = readOnly === undefined && (can('storeRule') || can('removeRule'))
  const move =
    ({ place }: RuleState, by: 'up' | 'down') =>
    async (): Promise<void> => {
      const to = place + (by === 'up' ? -1 : 1)
      if ((await write({ version, method: 'PUT', place, body: { to } })) === undefined) return
      follow(`Move rule ${to} ${by}`, `Change rule ${to}`)
      said(`Rule ${place} is at ${to} now.`)
    }
  const remove = async ({ place }: RuleState): Promise<void> => {
    if ((await write({ version, method: 'DELETE', place })) !== undefined) said(`Rule ${place} was removed.`)
  }
  const isOurs = (place: number): boolean => items.find((one) => one.place === place)?.writable ?? true
  const actions = (rule: RuleState) => {
    const { place, text, writable } = rule
    if (!writable) return <span class="quiet">can only be read: change it where it is from</span>
    return (
      <span class="actions">
        {can('storeRule') && (
          <button
            type="button"
            aria-label={`Change rule ${place}`}
            onClick={() => choose({ ...rule, version })}
          >
            Change
          </button>
        )}
        {place > 1 && isOurs(place - 1) && (
          <Act needs="storeRule" words="Up" label={`Move rule ${place} up`} run={move(rule, 'up')} />
        )}
        {place < count && (
          <Act needs="storeRule" words="Down" label={`Move rule ${place} down`} run={move(rule, 'down')} />
        )}
        <Act
          needs="removeRule"
          words="Remove"
          label={`Remove rule ${place}`}
          sure={`Remove "${text}"?`}
          run={() => remove(rule)}
        />
      </span>
    )
  }
  return (
    <Table
      caption="Rules in the order in which they decide"
      rows={items}
      // Of another list nothing is left standing that was asked of this one.
      keyOf={({ place }) => `${version} ${place}`}
      columns={[
        { title: 'Place', isFigure: true, cell: ({ place }) => place },
        { title: 'Rule', cell: ({ text }) => <code>{text}</code> },
        { title: 'From', cell: ({ source }) => source ?? 'the configuration, or code' },
        ...(mayWrite ? [{ title: 'Actions', cell: actions }] : []),
      ]}
    />
  )
}
