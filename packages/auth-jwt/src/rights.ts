/** What a token says that its client may do. */
import { isValidTopicFilter, matchesFilter } from '@mqtt-stack/core'
import { covers } from './covers.ts'

/** Topic filters, whose `%u` and `%c` are filled in. */
export class Rights {
  readonly #publish: readonly string[]
  readonly #subscribe: readonly string[]

  constructor(publish: readonly string[], subscribe: readonly string[]) {
    this.#publish = publish
    this.#subscribe = subscribe
  }

  /** The filter that allows it. */
  publishes(topic: string): string | undefined {
    return this.#publish.find((filter) => matchesFilter(filter, topic))
  }

  /** The filter that allows it: all that `filter` may match has to be among what it matches. */
  subscribes(filter: string): string | undefined {
    return this.#subscribe.find((allowed) => covers(allowed, filter))
  }

  receives(topic: string): boolean {
    return this.#subscribe.some((filter) => matchesFilter(filter, topic))
  }
}

/** What `%u` and `%c` stand for. */
export interface Names {
  readonly username: string
  readonly clientId: string
}

/**
 * Reads the claim: `{ publish: [...], subscribe: [...] }`, each of which may be left out and allows nothing then.
 * Undefined for what is something else, or holds what is no topic filter: nobody can tell what was meant.
 */
export function readRights(claim: unknown, names: Names): Rights | undefined {
  if (typeof claim !== 'object' || claim === null || Array.isArray(claim)) return undefined
  const { publish = [], subscribe = [] } = claim as { publish?: unknown; subscribe?: unknown }
  if (!areFilters(publish) || !areFilters(subscribe)) return undefined
  return new Rights(fillAll(publish, names), fillAll(subscribe, names))
}

function areFilters(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string' && isValidTopicFilter(one))
}

function fillAll(filters: readonly string[], names: Names): string[] {
  return filters.map((filter) => fill(filter, names)).filter((filter) => filter !== undefined)
}

/**
 * Undefined where a name would reach further than one level, or into topics that begin with `$`: such a filter allows
 * nothing.
 */
function fill(filter: string, { username, clientId }: Names): string | undefined {
  let narrow = true
  const filled = filter.replace(/%[uc]/g, (mark, at: number) => {
    const name = mark === '%u' ? username : clientId
    if (/[+#/]/.test(name) || (at === 0 && name.startsWith('$'))) narrow = false
    return name
  })
  return narrow && isValidTopicFilter(filled) ? filled : undefined
}
