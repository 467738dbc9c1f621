interface Props {
  readonly label: string
  readonly value: string
  readonly set: (value: string) => void
  /** What is written is not shown. */
  readonly isSecret?: boolean
  /** What stands there while it is empty. */
  readonly hint?: string
  readonly wide?: boolean
}

/** One word of a form. */
export function Field({ label, value, set, isSecret, hint, wide }: Props) {
  const kind = isSecret
    ? ({ type: 'password', autocomplete: 'new-password' } as const)
    : ({ autocomplete: 'off' } as const)
  return (
    <label class={wide ? 'wide' : undefined}>
      {label}
      <input
        {...kind}
        value={value}
        placeholder={hint}
        onInput={({ currentTarget }) => set(currentTarget.value)}
      />
    </label>
  )
}

interface ChoiceProps {
  readonly label: string
  readonly value: string
  readonly set: (value: string) => void
  /** Values, each with the words for it. */
  readonly choices: readonly (readonly [string, string])[]
}

/** One of a few words. */
export function Choice({ label, value, set, choices }: ChoiceProps) {
  return (
    <label>
      {label}
      <select value={value} onChange={({ currentTarget }) => set(currentTarget.value)}>
        {choices.map(([one, words]) => (
          <option key={one} value={one}>
            {words}
          </option>
        ))}
      </select>
    </label>
  )
}
