import { useState } from 'preact/hooks'

/** The cursors of the pages that were looked at. */
export interface Paging {
  readonly cursor: string | undefined
  readonly first: () => void
  readonly next: (cursor: string) => void
  readonly back: () => void
  readonly page: number
}

export function usePaging(): Paging {
  const [cursors, setCursors] = useState<readonly string[]>([])
  return {
    cursor: cursors.at(-1),
    page: cursors.length + 1,
    first: () => setCursors([]),
    next: (cursor) => setCursors([...cursors, cursor]),
    back: () => setCursors(cursors.slice(0, -1)),
  }
}

export function Pager({ paging, next }: { paging: Paging; next: string | undefined }) {
  return (
    <p class="pager">
      <button type="button" disabled={paging.page === 1} onClick={paging.back}>
        Back
      </button>
      <span>Page {paging.page}</span>
      <button
        type="button"
        disabled={next === undefined}
        onClick={() => next !== undefined && paging.next(next)}
      >
        Next
      </button>
    </p>
  )
}
