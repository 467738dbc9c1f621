import { ChurnMap } from './churn-map.ts'
import { FilterEntry, mergeAnswers } from './filter-entry.ts'
import { FilterTrie } from './filter-trie.ts'
import { MatchCache } from './match-cache.ts'
import { Matches } from './matches.ts'
import { SharedGroup } from './shared-group.ts'
import { SmallMap } from './small-map.ts'
import { hasWildcards } from './topics.ts'
import { TreeSubscription } from './tree-subscription.ts'

export type { Matches } from './matches.ts'
export type { SharedGroup } from './shared-group.ts'

/** How a {@link TopicTree} merges and what it may remember. */
export interface TopicTreeOptions<T> {
  /**
   * Makes one value of all that a key subscribed with, when several of its filters match a topic; in the order in which
   * they came, two or more. It changes none of them. Default: the first.
   */
  readonly merge?: ((values: readonly T[]) => T) | undefined
  /** Told of the levels and subscriptions that were looked at for an answer that was not remembered, about 50 ns each. */
  readonly worked?: ((steps: number) => void) | undefined
  /** For how many topics the answer is remembered. Default: 10,000, which covers what is busy at most sites. 0: none. */
  readonly cacheSize?: number | undefined
  /**
   * How many bytes these topics and answers may take, about: 8 a subscriber of an answer. Default: 32 MiB, so that
   * 10,000 topics of 400 subscribers fit and 10,000 of 100,000 do not.
   */
  readonly cacheBytes?: number | undefined
}

/** What a {@link TopicTree} holds and has done. */
export interface TopicTreeStats {
  /** Filters with a subscriber or a group. */
  readonly filters: number
  /** Levels of filters with wildcards, those in common counted once. 0 when there are none. */
  readonly nodes: number
  /** Topics in the memory of answers. */
  readonly cachedTopics: number
  /** Bytes that they take, about. */
  readonly cachedBytes: number
  /** Answers worked out so far: what was not remembered. */
  readonly answers: number
  /** Levels, subscriptions and remembered topics looked at so far, to work out answers and to forget them. */
  readonly visited: number
}

const CACHE_SIZE = 10_000
const CACHE_BYTES = 32 * 1024 * 1024
/** What an answer takes besides 8 bytes a subscriber and group. */
const ANSWER_BYTES = 80

/**
 * Subscriptions by topic filter, found by topic name. A subscription is a filter, the key of who subscribed (one
 * subscription a filter) and a value. Filters and topics have to be valid: nothing is checked here.
 *
 * The answer for a topic seen lately is one lookup; a change costs the same however many topics are remembered, and
 * makes the answers that its filter touches be worked out again, no other.
 */
export class TopicTree<T> {
  readonly #merge: (values: readonly T[]) => T
  readonly #filters = new ChurnMap<FilterEntry<T>>()
  /** Only filters with wildcards: the others are found by being equal to the topic. */
  readonly #trie = new FilterTrie<FilterEntry<T>>()
  readonly #cache: MatchCache<Matches<T>>
  readonly #nobody: Matches<T> = new Matches<T>([], [])
  #size = 0
  #shared = 0
  #order = 0
  #answers = 0
  #gathered = 0
  readonly #worked: ((steps: number) => void) | undefined

  constructor(options: TopicTreeOptions<T> = {}) {
    this.#merge = options.merge ?? keepFirst
    this.#worked = options.worked
    this.#cache = new MatchCache(options.cacheSize ?? CACHE_SIZE, options.cacheBytes ?? CACHE_BYTES)
  }

  /** How many subscriptions there are, those of groups included. */
  get size(): number {
    return this.#size
  }

  /** How many of them are memberships of groups. */
  get shared(): number {
    return this.#shared
  }

  /** What is held and what was done, for tests and metrics. */
  get stats(): TopicTreeStats {
    return {
      filters: this.#filters.size,
      nodes: this.#trie.nodes,
      cachedTopics: this.#cache.topics,
      cachedBytes: this.#cache.bytes,
      answers: this.#answers,
      visited: this.#trie.visited + this.#cache.visited + this.#gathered,
    }
  }

  /** Who receives a topic. */
  match(topic: string): Matches<T> {
    return this.#cache.get(topic) ?? this.#answer(topic)
  }

  /** The value that a key subscribed to a filter with. */
  get(filter: string, key: string): T | undefined {
    return this.#filters.get(filter)?.subscribers.get(key)?.value
  }

  /** Subscribes a key to a filter; true when it was already: the value is replaced, its place in the order is kept. */
  add(filter: string, key: string, value: T): boolean {
    const entry = this.#entry(filter)
    const known = entry.subscribers.get(key)
    if (known === undefined) {
      entry.subscribers.set(key, new TreeSubscription(key, this.#order++, value))
      this.#size++
    } else {
      known.value = value
    }
    this.#forgetAnswers(entry)
    return known !== undefined
  }

  /** Ends a subscription; false when there was none. */
  remove(filter: string, key: string): boolean {
    const entry = this.#filters.get(filter)
    if (entry === undefined || !entry.subscribers.delete(key)) return false
    this.#size--
    this.#forgetAnswers(entry)
    return true
  }

  /** The group that shares a filter under a name; `undefined` when it has no member. */
  getGroup(filter: string, name: string): SharedGroup<T> | undefined {
    return this.#filters.get(filter)?.groups?.get(name)
  }

  /** Makes a key a member of the group that shares `filter` under `name`; true when it was already. */
  addShared(filter: string, name: string, key: string, value: T): boolean {
    const entry = this.#entry(filter)
    entry.groups ??= new SmallMap()
    let group = entry.groups.get(name)
    if (group === undefined) {
      group = new SharedGroup(name, filter, this.#order++)
      entry.groups.set(name, group)
      this.#forgetAnswers(entry)
    }
    const known = group.set(key, this.#order++, value)
    if (!known) {
      this.#size++
      this.#shared++
    }
    return known
  }

  /** Ends a membership; false when there was none. */
  removeShared(filter: string, name: string, key: string): boolean {
    const entry = this.#filters.get(filter)
    const group = entry?.groups?.get(name)
    if (entry === undefined || group === undefined || !group.delete(key)) return false
    this.#size--
    this.#shared--
    if (group.size === 0) {
      entry.groups?.delete(name)
      this.#forgetAnswers(entry)
    }
    return true
  }

  #entry(filter: string): FilterEntry<T> {
    const known = this.#filters.get(filter)
    if (known !== undefined) return known
    const entry = new FilterEntry<T>(filter, hasWildcards(filter))
    this.#filters.set(filter, entry)
    if (entry.wild) this.#trie.set(filter, entry)
    return entry
  }

  #forgetAnswers(entry: FilterEntry<T>): void {
    entry.forgetAnswer()
    this.#cache.forget(entry.filter, entry.wild)
    if (!entry.empty) return
    this.#filters.delete(entry.filter)
    if (entry.wild) this.#trie.delete(entry.filter)
  }

  #answer(topic: string): Matches<T> {
    this.#answers++
    const before = this.#trie.visited + this.#gathered
    const entries: FilterEntry<T>[] = []
    const exact = this.#filters.get(topic)
    if (exact !== undefined) entries.push(exact)
    this.#trie.collect(topic, entries)
    const [first] = entries
    for (const entry of entries) this.#gathered += entry.subscribers.size
    const matches =
      first === undefined
        ? this.#nobody
        : entries.length === 1
          ? first.answer()
          : mergeAnswers(entries, this.#merge)
    const shared = first === undefined || (entries.length === 1 && first.keepsAnswer)
    const bytes = shared ? 0 : ANSWER_BYTES + 8 * (matches.subscribers.length + matches.groups.length)
    this.#cache.offer(topic, matches, bytes)
    this.#worked?.(this.#trie.visited + this.#gathered - before)
    return matches
  }
}

function keepFirst<T>(values: readonly T[]): T {
  return values[0] as T
}
