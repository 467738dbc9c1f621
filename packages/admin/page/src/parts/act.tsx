import { useState } from 'preact/hooks'
import { useDesk } from '../context.ts'

interface Props {
  /** What the token must be able to do: otherwise there is no button. */
  readonly needs: string
  readonly words: string
  /** What it is called where one cannot see what it belongs to; `words` otherwise. */
  readonly label?: string
  /** What is asked before; absent: nothing is. */
  readonly sure?: string
  readonly run: () => Promise<unknown>
  readonly done?: () => void
}

/** A button that changes something: asks whether that is meant, and says what went wrong. */
export function Act({ needs, words, label, sure, run, done }: Props) {
  const { can } = useDesk()
  const [error, setError] = useState<string | undefined>(undefined)
  const [isAsked, setAsked] = useState(false)
  const act = async (): Promise<void> => {
    setAsked(false)
    try {
      await run()
      setError(undefined)
      done?.()
    } catch (failure) {
      setError((failure as Error).message)
    }
  }
  if (!can(needs)) return null
  return (
    <span class="act">
      {isAsked ? (
        <>
          <span>{sure}</span>
          <button type="button" class="danger" onClick={() => void act()}>
            Yes
          </button>
          <button type="button" onClick={() => setAsked(false)}>
            No
          </button>
        </>
      ) : (
        <button
          type="button"
          aria-label={label}
          onClick={() => (sure === undefined ? void act() : setAsked(true))}
        >
          {words}
        </button>
      )}
      {error !== undefined && <span role="alert">{error}</span>}
    </span>
  )
}
