import type { ComponentChildren } from 'preact'

export interface Column<T> {
  readonly title: string
  readonly cell: (row: T) => ComponentChildren
  /** Figures stand at the right. */
  readonly isFigure?: boolean
  /** The name by which the API sorts. */
  readonly sort?: string
}

interface Props<T> {
  readonly caption: string
  readonly columns: readonly Column<T>[]
  readonly rows: readonly T[]
  readonly keyOf: (row: T) => string
  readonly sorted?: string
  readonly onSort?: (by: string) => void
}

export function Table<T>({ caption, columns, rows, keyOf, sorted, onSort }: Props<T>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section class="scroll" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ title, isFigure, sort }) => (
              <th
                key={title}
                scope="col"
                class={isFigure ? 'figure' : undefined}
                aria-sort={sort !== undefined && sort === sorted ? 'descending' : undefined}
              >
                {sort === undefined || onSort === undefined ? (
                  title
                ) : (
                  <button type="button" class="plain" onClick={() => onSort(sort)}>
                    {title}
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ title, cell, isFigure }) => (
                <td key={title} class={isFigure ? 'figure' : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
