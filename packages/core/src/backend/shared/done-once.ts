/** Where a frame stands in the inbox. */
export interface Place {
  /** Of its entry. */
  readonly position: string
  /** In its entry. */
  readonly index: number
}

/** Something that is done once, though what it is part of may be applied again. */
export interface Once {
  readonly isDone: boolean
  /** It is done, and cannot be undone. */
  do(): void
  /** It was not done after all. */
  undo(): void
}

/**
 * What was done for good of entries that are not committed yet. Where that fails they are applied again, and this is left out. There are never
 * more of them than the inbox is read at a time.
 */
export class DoneOnce {
  /** By the position of the entry. */
  readonly #done = new Map<string, Set<string>>()

  /** @param what Names it among all that is done of the frame. */
  once({ position, index }: Place, what: string): Once {
    const done = this.#done
    const key = `${index} ${what}`
    return {
      get isDone(): boolean {
        return done.get(position)?.has(key) === true
      },
      do(): void {
        const known = done.get(position)
        if (known === undefined) done.set(position, new Set([key]))
        else known.add(key)
      },
      undo(): void {
        const known = done.get(position)
        if (known?.delete(key) === true && known.size === 0) done.delete(position)
      },
    }
  }

  /** The entry is committed: it does not come again. */
  settle(position: string): void {
    this.#done.delete(position)
  }

  /** Entries of which something is noted. */
  get size(): number {
    return this.#done.size
  }
}
