import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { useDesk } from '../context.ts'
import { Act } from '../parts/act.tsx'
import { Choice, Field } from '../parts/field.tsx'

export interface UserState {
  readonly name: string
  readonly groups: readonly string[]
  readonly provider: string
}

interface Props {
  /** Who is changed; absent: a new one. */
  readonly user: UserState | undefined
  /** Who can write users. */
  readonly providers: readonly string[]
  readonly leave: () => void
  readonly said: (words: string) => void
}

/** A new user, or another password and other groups of one. */
export function UserForm({ user, providers, leave, said }: Props) {
  const { api } = useDesk()
  const [chosen, setChosen] = useState(user?.provider)
  const [name, setName] = useState(user?.name ?? '')
  const [password, setPassword] = useState('')
  const known = user?.groups.join(', ') ?? ''
  const [groups, setGroups] = useState(known)
  const title = useRef<HTMLHeadingElement>(null)
  useLayoutEffect(() => {
    // Whoever chose a user by keyboard goes on here.
    if (user !== undefined) title.current?.focus()
  }, [])
  const provider = chosen ?? providers[0] ?? ''
  const store = async (): Promise<void> => {
    const path = `/api/users/${encodeURIComponent(provider)}/${encodeURIComponent(name)}`
    const body = {
      ...(password !== '' && { password }),
      ...(groups !== known && { groups: namesOf(groups) }),
    }
    const { existed } = await api.send<{ existed: boolean }>('PUT', path, body)
    setName('')
    setPassword('')
    setGroups('')
    said(`${name} was ${existed ? 'changed' : 'added'}.`)
  }
  return (
    <section>
      <h2 ref={title} tabIndex={-1}>
        {user === undefined ? 'Add a user' : `Change ${user.name}`}
      </h2>
      <form onSubmit={(event) => event.preventDefault()}>
        {user === undefined && <Field label="Name" value={name} set={setName} />}
        {user === undefined && providers.length > 1 && (
          <Choice
            label="Kept by"
            value={provider}
            set={setChosen}
            choices={providers.map((one) => [one, one])}
          />
        )}
        <Field
          label={user === undefined ? 'Password' : 'New password'}
          isSecret
          value={password}
          set={setPassword}
          {...(user !== undefined && { hint: 'stays as it is' })}
        />
        <Field label="Groups" value={groups} set={setGroups} hint="staff, night" />
        <Act needs="storeUser" words={user === undefined ? 'Add' : 'Save'} run={store} />
        {user !== undefined && (
          <button type="button" onClick={leave}>
            Leave it
          </button>
        )}
      </form>
    </section>
  )
}

function namesOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}
