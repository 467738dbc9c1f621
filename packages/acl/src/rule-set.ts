import { createHash } from 'node:crypto'
import type { AddressRange } from './address-range.ts'
import type { AclAction, AclRule, Rule } from './rule.ts'
import { RuleTrie } from './rule-trie.ts'
import type { Subject } from './subject.ts'

/** What is so where no rule says anything. Publishing, and leaving wills, is denied. */
export interface Undecided {
  readonly subscribe: boolean
  readonly receive: boolean
}

/** Rules of our own: a subscription needs one that allows it, and what came by a subscription is received. */
export const OURS: Undecided = { subscribe: false, receive: true }
/** Mosquitto's rules: whoever subscribes is asked at each delivery. */
export const MOSQUITTOS: Undecided = { subscribe: true, receive: false }

/** Rules that concern the same clients, by what they are about. */
type Bucket = Partial<Record<AclAction, RuleTrie>>

/** Rules, found by who asks and by topic: those that concern nobody who asks, or other topics, are not looked at. */
export class RuleSet {
  /** In the order in which they decide. */
  readonly rules: readonly Rule[]
  readonly undecided: Undecided
  /** Another one where what they were made of is another: see {@link versionOf}. */
  readonly version: string
  /** Deliveries are asked about. */
  readonly asksReceive: boolean
  /** Nodes that were looked at for all questions so far. */
  steps = 0
  readonly #anyone: Bucket = {}
  readonly #anonymous: Bucket = {}
  readonly #byUser = new Map<string, Bucket>()
  readonly #byClient = new Map<string, Bucket>()
  readonly #byGroup = new Map<string, Bucket>()
  readonly #byListener = new Map<string, Bucket>()
  readonly #byRange = new Map<string, { readonly range: AddressRange; readonly bucket: Bucket }>()
  /** All of those by group, listener or address, for clients of whom none of it is known; made at the first need. */
  #conditional: Bucket | undefined

  constructor(rules: readonly Rule[], undecided: Undecided = OURS, version: string = '') {
    this.rules = rules
    this.undecided = undecided
    this.version = version
    this.asksReceive = !undecided.receive || rules.some(({ actions }) => actions.includes('receive'))
    for (const [order, rule] of rules.entries()) add(this.#bucketsFor(rule), rule, order)
  }

  /** The tries that have rules for somebody about this. */
  triesFor(subject: Subject, action: AclAction): RuleTrie[] {
    // A will is published, too.
    const actions: readonly AclAction[] = action === 'will' ? ['will', 'publish'] : [action]
    return this.#bucketsOf(subject)
      .flatMap((bucket) => actions.map((one) => bucket[one]))
      .filter((trie) => trie !== undefined)
  }

  /** Where a rule is found: by the condition that fewest clients meet. */
  #bucketsFor({ users, clients, groups, ranges, listeners, anonymous }: Rule): Bucket[] {
    if (users !== undefined) return [...users].map((user) => bucketOf(this.#byUser, user))
    if (clients !== undefined) return [...clients].map((client) => bucketOf(this.#byClient, client))
    if (groups !== undefined) return [...groups].map((group) => bucketOf(this.#byGroup, group))
    if (ranges !== undefined) return ranges.map((range) => this.#bucketOfRange(range))
    if (listeners !== undefined) return [...listeners].map((name) => bucketOf(this.#byListener, name))
    return [anonymous ? this.#anonymous : this.#anyone]
  }

  #bucketOfRange(range: AddressRange): Bucket {
    const known = this.#byRange.get(range.text)
    if (known !== undefined) return known.bucket
    const bucket: Bucket = {}
    this.#byRange.set(range.text, { range, bucket })
    return bucket
  }

  #bucketsOf({ user, clientId, groups, away, address, listener }: Subject): Bucket[] {
    const found = [
      this.#anyone,
      user === undefined ? this.#anonymous : this.#byUser.get(user),
      this.#byClient.get(clientId),
      ...(groups ?? []).map((group) => this.#byGroup.get(group)),
      listener === undefined ? undefined : this.#byListener.get(listener),
    ]
    if (address !== undefined)
      for (const { range, bucket } of this.#byRange.values()) if (range.has(address)) found.push(bucket)
    if (away || groups === undefined) found.push(this.#ofUnknown())
    return found.filter((bucket) => bucket !== undefined)
  }

  #ofUnknown(): Bucket {
    if (this.#conditional !== undefined) return this.#conditional
    const bucket: Bucket = {}
    for (const [order, rule] of this.rules.entries()) {
      const { users, clients, groups, ranges, listeners } = rule
      const byName = users !== undefined || clients !== undefined
      if (!byName && (groups !== undefined || ranges !== undefined || listeners !== undefined))
        add([bucket], rule, order)
    }
    this.#conditional = bucket
    return bucket
  }
}

/** Names what rules are made of, a list and the text of a file: the same each time, on every node. */
export function versionOf(rules: readonly AclRule[], text: string): string {
  const hash = createHash('sha256').update(JSON.stringify(rules))
  return hash
    .update(`\n${text.replace(/^\uFEFF/, '')}`)
    .digest('base64url')
    .slice(0, 22)
}

function bucketOf(buckets: Map<string, Bucket>, key: string): Bucket {
  const known = buckets.get(key)
  if (known !== undefined) return known
  const made: Bucket = {}
  buckets.set(key, made)
  return made
}

function add(buckets: readonly Bucket[], rule: Rule, order: number): void {
  const { actions, topics } = rule
  const entries = topics.map((topic) => ({ order, rule, topic }))
  // What is for publishing is looked at for wills besides.
  const apart = actions.filter((action) => action !== 'will' || !actions.includes('publish'))
  for (const bucket of buckets)
    for (const action of apart) {
      const trie = bucket[action] ?? new RuleTrie()
      bucket[action] = trie
      for (const entry of entries) trie.add(entry)
    }
}

/** What the process itself may do. */
export const EVERYTHING: RuleSet = new RuleSet([], { subscribe: true, receive: true })
