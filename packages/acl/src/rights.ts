import type { QoS } from '@mqtt-stack/core'
import { Decisions } from './decisions.ts'
import type { AclAction, Rule } from './rule.ts'
import { describeRule } from './rule.ts'
import { RuleSearch } from './rule-search.ts'
import type { RuleSet } from './rule-set.ts'
import type { Entry, RuleTrie } from './rule-trie.ts'
import type { Subject } from './subject.ts'

/** An answer, and what it comes of. */
export interface Verdict {
  readonly allowed: boolean
  /** The rule that decided; `undefined`: none is about it. */
  readonly entry: Entry | undefined
  /** Of a subscription: the highest QoS. */
  readonly qos: QoS
}

type Sent = 'publish' | 'will'

/** What somebody may do by some rules. Answers about topics are remembered. */
export class Rights {
  readonly rules: RuleSet
  readonly subject: Subject
  readonly #tries = new Map<AclAction, RuleTrie[]>()
  readonly #decisions = new Decisions()
  /** A rule says of this client what it receives. */
  readonly #asksReceive: boolean

  constructor(rules: RuleSet, subject: Subject) {
    this.rules = rules
    this.subject = subject
    this.#asksReceive = !rules.undecided.receive || this.#triesFor('receive').length > 0
  }

  /** Whether a message may be published; {@link publish} says why. */
  mayPublish(topic: string, qos: QoS, retain: boolean): boolean {
    const known = this.#decisions.published(topic, qos, retain)
    if (known !== undefined) return known
    const { allowed } = this.publish('publish', topic, qos, retain)
    this.#decisions.notePublished(topic, qos, retain, allowed)
    return allowed
  }

  /** Whether {@link mayPublish} has answered yes, and that is remembered. */
  hasAllowed(topic: string, qos: QoS, retain: boolean): boolean {
    return this.#decisions.published(topic, qos, retain) === true
  }

  /** Whether a message may be delivered to whom a subscription brings it; {@link receive} says why. */
  mayReceive(topic: string): boolean {
    return !this.#asksReceive || this.#mayRead('receive', topic)
  }

  /** Whether a message may be delivered, and its topic be subscribed to. */
  mayRead(topic: string): boolean {
    return this.#mayRead('subscribe', topic)
  }

  #mayRead(action: 'receive' | 'subscribe', topic: string): boolean {
    const known = this.#decisions.read(action, topic)
    if (known !== undefined) return known
    const { allowed } = this[action](topic)
    this.#decisions.noteRead(action, topic, allowed)
    return allowed
  }

  /** The first rule about the topic that is about such messages decides. */
  publish(action: Sent, topic: string, qos: QoS, retain: boolean): Verdict {
    const fits = (rule: Rule): boolean =>
      (!rule.allow || qos <= rule.qos) && (rule.retain === undefined || rule.retain === retain)
    return this.#decide(action, topic, fits, false)
  }

  receive(topic: string): Verdict {
    return this.#decide('receive', topic, anyRule, this.rules.undecided.receive)
  }

  /**
   * The first rule that is about all of a filter decides, unless one before it denies some of it; and something of it has
   * to be received.
   */
  subscribe(filter: string): Verdict {
    const readable = this.#read(filter)
    return readable.allowed ? this.#subscribe(filter) : readable
  }

  /** As the log and whoever asks are told: `acl rule 4, broker.yaml:31: deny publish plant/#`. */
  reason({ allowed, entry }: Verdict, action: AclAction, topic: string): string {
    if (entry !== undefined) return describeRule(entry.rule, entry.topic)
    return allowed ? `acl: no rule denies ${action} ${topic}` : `acl: no rule allows ${action} ${topic}`
  }

  /** As {@link reason}, of a subscription; with what is held back of it at each delivery. */
  explain(verdict: Verdict, filter: string): string {
    const why = this.reason(verdict, 'subscribe', filter)
    if (!verdict.allowed || !this.#asksReceive) return why
    const whole = this.#decide('receive', filter, anyRule, this.rules.undecided.receive)
    const some = whole.allowed ? undefined : this.#touching('receive', filter, true, whole.entry?.order)
    const first = whole.allowed ? whole.entry : some
    const withheld = this.#touching('receive', filter, false, first?.order ?? whole.entry?.order)
    const more = first === undefined ? [] : [`received by ${describeRule(first.rule, first.topic)}`]
    if (some !== undefined) more.push('nothing else of it')
    if (withheld !== undefined) more.push(`withheld by ${describeRule(withheld.rule, withheld.topic)}`)
    return [why, ...more].join('; ')
  }

  #decide(action: AclAction, topic: string, fits: (rule: Rule) => boolean, otherwise: boolean): Verdict {
    const search = new RuleSearch(this.subject, topic, fits)
    for (const trie of this.#triesFor(action)) search.covering(trie)
    return this.#end(search, otherwise)
  }

  #subscribe(filter: string): Verdict {
    const whole = this.#decide('subscribe', filter, anyRule, this.rules.undecided.subscribe)
    if (!whole.allowed) return whole
    const denied = this.#touching('subscribe', filter, false, whole.entry?.order)
    return denied === undefined ? whole : { allowed: false, entry: denied, qos: 0 }
  }

  /** Whether anything that a filter matches may be received. */
  #read(filter: string): Verdict {
    const { rules } = this
    if (!this.#asksReceive) return { allowed: true, entry: undefined, qos: 2 }
    const whole = this.#decide('receive', filter, anyRule, rules.undecided.receive)
    if (whole.allowed) return whole
    const some = this.#touching('receive', filter, true, whole.entry?.order)
    return some === undefined ? whole : { allowed: true, entry: some, qos: 2 }
  }

  #touching(
    action: AclAction,
    filter: string,
    allow: boolean,
    before: number | undefined,
  ): Entry | undefined {
    const search = new RuleSearch(this.subject, filter, (rule) => rule.allow === allow, before)
    for (const trie of this.#triesFor(action)) search.touching(trie, allow)
    this.rules.steps += search.steps
    return search.found
  }

  #end(search: RuleSearch, otherwise: boolean): Verdict {
    this.rules.steps += search.steps
    const { found } = search
    if (found === undefined) return { allowed: otherwise, entry: undefined, qos: 2 }
    return { allowed: found.rule.allow, entry: found, qos: found.rule.qos }
  }

  #triesFor(action: AclAction): RuleTrie[] {
    const known = this.#tries.get(action)
    if (known !== undefined) return known
    const found = this.rules.triesFor(this.subject, action)
    this.#tries.set(action, found)
    return found
  }
}

function anyRule(): boolean {
  return true
}
