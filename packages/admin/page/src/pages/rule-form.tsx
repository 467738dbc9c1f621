import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Act } from '../parts/act.tsx'
import { Field } from '../parts/field.tsx'
import type { SeenRule, Write } from './rules.tsx'

export interface RuleState {
  readonly place: number
  readonly text: string
  readonly source?: string
  readonly writable: boolean
}

interface Props {
  /** Which is changed; absent: a new one. */
  readonly rule: SeenRule | undefined
  /** Of the list that was seen. */
  readonly version: string
  readonly write: Write
  readonly leave: () => void
  readonly said: (words: string) => void
}

/** A new rule, or other words and another place of one. */
export function RuleForm({ rule, version, write, leave, said }: Props) {
  const [text, setText] = useState(rule?.text ?? '')
  const [to, setTo] = useState(rule === undefined ? '' : String(rule.place))
  const title = useRef<HTMLHeadingElement>(null)
  useLayoutEffect(() => {
    // Whoever chose a rule by keyboard goes on here.
    if (rule !== undefined) title.current?.focus()
  }, [])
  const store = async (): Promise<void> => {
    // What is no number is sent as it is: the answer says what it must be.
    const place = /^\d+$/.test(to) ? Number(to) : to
    const isMoved = place !== '' && place !== rule?.place
    const body = {
      ...(text !== rule?.text && { text }),
      ...(isMoved && { to: place }),
    }
    const changed = await write({
      version,
      method: rule === undefined ? 'POST' : 'PUT',
      place: rule?.place,
      body,
    })
    if (changed === undefined) return
    setText('')
    setTo('')
    said(`The rule ${rule === undefined ? 'was added' : 'was changed'}, and is at ${changed.place} now.`)
  }
  return (
    <>
      <h3 ref={title} tabIndex={-1}>
        {rule === undefined ? 'Add a rule' : `Change rule ${rule.place}`}
      </h3>
      <form onSubmit={(event) => event.preventDefault()}>
        <Field label="Rule" value={text} set={setText} hint="allow publish plant/# user alice" wide />
        <Field label="Place" value={to} set={setTo} hint="the last" />
        <Act needs="storeRule" words={rule === undefined ? 'Add' : 'Save'} run={store} />
        {rule !== undefined && (
          <button type="button" onClick={leave}>
            Leave it
          </button>
        )}
      </form>
    </>
  )
}
