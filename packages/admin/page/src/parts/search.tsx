import type { Paging } from './pager.tsx'

/** One word that is looked for. */
export interface SearchField {
  readonly label: string
  readonly value: string
  readonly set: (value: string) => void
}

/** Fields above a list: whatever is written in one begins at the first page. */
export function Search({ fields, paging }: { fields: readonly SearchField[]; paging: Paging }) {
  return (
    <search>
      <form onSubmit={(event) => event.preventDefault()}>
        {fields.map(({ label, value, set }) => (
          <label key={label}>
            {label}
            <input
              type="search"
              value={value}
              onInput={({ currentTarget }) => {
                set(currentTarget.value)
                paging.first()
              }}
            />
          </label>
        ))}
      </form>
    </search>
  )
}
