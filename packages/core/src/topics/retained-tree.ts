import { ChurnMap } from './churn-map.ts'
import { FilterScan } from './filter-scan.ts'
import { SortedTopics } from './sorted-topics.ts'
import { hasWildcards } from './topics.ts'

/** Which part of the matches {@link RetainedTree.match} gives. */
export interface RetainedMatchOptions {
  /** Only topics above this one: what the page before gave as `after`. */
  readonly after?: string | undefined
  /** The most entries of the page; default: all. */
  readonly limit?: number | undefined
  /** The most topics that are looked at for the page, matching or not; default: all. At least 1. */
  readonly effort?: number | undefined
}

/** A page of matches, in the order of their topics by UTF-16 code unit. */
export interface RetainedPage<T> {
  readonly entries: readonly (readonly [topic: string, value: T])[]
  /** Where the next page begins; `undefined` when this was the last. It need not be a topic of `entries`. */
  readonly after: string | undefined
}

interface Entry<T> {
  readonly topic: string
  value: T
}

/**
 * Values by topic name, found again by topic filter: what retained messages are kept in. The order of topics
 * never depends on when they came, so pages go on correctly whatever is set or deleted between them: every
 * topic that is there all the time is given exactly once.
 */
export class RetainedTree<T> {
  readonly #entries = new ChurnMap<Entry<T>>()
  readonly #sorted = new SortedTopics<Entry<T>>()

  /** How many topics have a value. */
  get size(): number {
    return this.#entries.size
  }

  /** The value of a topic. */
  get(topic: string): T | undefined {
    return this.#entries.get(topic)?.value
  }

  /** Gives a topic a value; true when it replaced one. */
  set(topic: string, value: T): boolean {
    const entry = this.#entries.get(topic)
    if (entry !== undefined) {
      entry.value = value
      return true
    }
    const added: Entry<T> = { topic, value }
    this.#entries.set(topic, added)
    this.#sorted.add(added)
    return false
  }

  /** Takes a topic's value away; false when it had none. */
  delete(topic: string): boolean {
    return this.#entries.delete(topic) && this.#sorted.remove(topic)
  }

  /** Forgets all. */
  clear(): void {
    this.#entries.clear()
    this.#sorted.clear()
  }

  /**
   * The topics that a valid filter matches, with their values: all, or a page of them. A page of `#` costs its
   * own length, however many topics there are; a filter without wildcards is one lookup. A filter like `+/x` may
   * look at many topics for few matches: `effort` bounds that, and the page may then be short, even empty, with
   * more to come.
   */
  match(filter: string, options: RetainedMatchOptions = {}): RetainedPage<T> {
    const { after, limit = Number.POSITIVE_INFINITY, effort = Number.POSITIVE_INFINITY } = options
    const entries: [string, T][] = []
    if (!hasWildcards(filter)) {
      const entry = this.#entries.get(filter)
      if (entry !== undefined && (after === undefined || after < filter)) entries.push([filter, entry.value])
      return { entries, after: undefined }
    }
    const scan = new FilterScan(this.#sorted, filter, after)
    for (let looked = 0; looked < effort && entries.length < limit && !scan.finished; looked++) {
      const entry = scan.step()
      if (entry !== undefined) entries.push([entry.topic, entry.value])
    }
    return { entries, after: scan.finished ? undefined : (scan.last ?? after ?? '') }
  }

  /** A page of all topics, also of those that no wildcard at the beginning of a filter matches: `$SYS/…`. */
  all(after: string | undefined, limit: number): RetainedPage<T> {
    const entries: [string, T][] = []
    const cursor = this.#sorted.seek(after ?? '')
    if (after !== undefined && cursor.item?.topic === after) cursor.next()
    while (cursor.item !== undefined && entries.length < limit) {
      entries.push([cursor.item.topic, cursor.item.value])
      cursor.next()
    }
    return { entries, after: cursor.item === undefined ? undefined : entries.at(-1)?.[0] }
  }
}
