import { useState } from 'preact/hooks'
import type { Page } from '../api.ts'
import { useDesk } from '../context.ts'
import { Act } from '../parts/act.tsx'
import { Choice } from '../parts/field.tsx'
import { Notice } from '../parts/notice.tsx'
import { Pager, usePaging } from '../parts/pager.tsx'
import { Table } from '../parts/table.tsx'
import { useAsked } from '../use-asked.ts'
import { useProviders } from '../use-providers.ts'
import type { UserState } from './user-form.tsx'
import { UserForm } from './user-form.tsx'

export function Users(_: { rest: string }) {
  const { can } = useDesk()
  const providers = useProviders()
  const [provider, setProvider] = useState('')
  const [chosen, setChosen] = useState<UserState | undefined>(undefined)
  const [done, setDone] = useState('')
  const paging = usePaging()
  const query = { limit: 50, cursor: paging.cursor, provider }
  const { data, error, again } = useAsked<Page<UserState>>(
    can('users') ? '/api/users' : undefined,
    query,
    5_000,
  )
  if (!can('users'))
    return (
      <p>
        Nobody here has a list of users. A file of users has one:{' '}
        <code>auth: {'{ password: { file: users } }'}</code> in the configuration, or a provider of your own
        that answers <code>lookupUsers</code>.
      </p>
    )
  const said = (words: string): void => {
    setDone(words)
    setChosen(undefined)
    again()
  }
  const all = providers('lookupUsers')
  return (
    <>
      {all.length > 1 && (
        <form onSubmit={(event) => event.preventDefault()}>
          <Choice
            label="Known by"
            value={provider}
            set={(one) => {
              setProvider(one)
              paging.first()
            }}
            choices={[['', 'all'], ...all.map((one) => [one, one] as const)]}
          />
        </form>
      )}
      <Notice error={error} empty={data?.items.length === 0 ? 'There is no user yet.' : undefined} />
      <UserTable users={data?.items ?? []} choose={setChosen} said={said} />
      <Pager paging={paging} next={data?.next} />
      <p role="status">{done}</p>
      {can('storeUser') && (
        <UserForm
          key={chosen === undefined ? '' : `${chosen.provider}/${chosen.name}`}
          user={chosen}
          providers={providers('storeUser')}
          leave={() => setChosen(undefined)}
          said={said}
        />
      )}
    </>
  )
}

interface TableProps {
  readonly users: readonly UserState[]
  readonly choose: (user: UserState) => void
  readonly said: (words: string) => void
}

function UserTable({ users, choose, said }: TableProps) {
  const { api, can } = useDesk()
  const actions = (user: UserState) => (
    <span class="actions">
      {can('storeUser') && (
        <button type="button" aria-label={`Change ${user.name}`} onClick={() => choose(user)}>
          Change
        </button>
      )}
      <Act
        needs="removeUser"
        words="Remove"
        label={`Remove ${user.name}`}
        sure={`Remove ${user.name}, and close its connections?`}
        run={() => api.send('DELETE', pathOf(user))}
        done={() => said(`${user.name} was removed.`)}
      />
    </span>
  )
  return (
    <Table
      caption="Users"
      rows={users}
      keyOf={({ provider, name }) => `${provider}/${name}`}
      columns={[
        { title: 'User', cell: ({ name }) => name },
        { title: 'Groups', cell: ({ groups }) => groups.join(', ') },
        { title: 'Known by', cell: ({ provider }) => provider },
        ...(can('storeUser') || can('removeUser') ? [{ title: 'Actions', cell: actions }] : []),
      ]}
    />
  )
}

function pathOf({ provider, name }: UserState): string {
  return `/api/users/${encodeURIComponent(provider)}/${encodeURIComponent(name)}`
}
