import type { Fit, LevelTemplate } from './level-template.ts'
import type { Rule } from './rule.ts'
import type { Entry, RuleTrie } from './rule-trie.ts'
import { BEHIND_ALL } from './rule-trie.ts'
import type { Subject } from './subject.ts'
import { meets } from './subject.ts'

const DOLLAR = 0x24

/** What a rule must be to be found, besides being about the topic and about who asks. */
export type Wanted = (rule: Rule) => boolean

/**
 * Looks for the first rule that is about a topic, about all topics of a filter, or about some of them. Goes through as
 * many nodes of a trie as have to do with it, however many rules there are.
 */
export class RuleSearch {
  readonly #subject: Subject
  readonly #levels: readonly string[]
  /** The topic or filter begins with `$`: wildcards at the first level are not about it. */
  readonly #dollar: boolean
  readonly #wanted: Wanted
  /** The first that was found so far. */
  found: Entry | undefined = undefined
  /** Rules from here on are of no interest. */
  #bound: number
  /** Nodes that were looked at. */
  steps = 0

  /** @param topic A topic name or a filter. */
  constructor(subject: Subject, topic: string, wanted: Wanted, bound: number = BEHIND_ALL) {
    this.#subject = subject
    this.#levels = topic.split('/')
    this.#dollar = topic.charCodeAt(0) === DOLLAR
    this.#wanted = wanted
    this.#bound = bound
  }

  /** Rules about all that the filter matches; for a topic name, about that. */
  covering(node: RuleTrie, at = 0, maybe = false): void {
    this.steps++
    if (!this.#isHidden(at)) this.#take(node.hash, maybe)
    if (at === this.#levels.length) {
      this.#take(node.here, maybe)
      return
    }
    const level = this.#levels[at]
    if (level === '#') return
    if (node.plus !== undefined && !this.#isHidden(at)) this.covering(node.plus, at + 1, maybe)
    if (level === '+') return
    const literal = node.literal(level)
    if (literal !== undefined) this.covering(literal, at + 1, maybe)
    for (const { template, node: next } of node.templates ?? []) {
      const fit = template.fits(level, this.#subject)
      if (fit !== 'no') this.covering(next, at + 1, maybe || fit === 'maybe')
    }
  }

  /** Rules about anything that the filter matches: those that allow, or those that deny. */
  touching(node: RuleTrie, allow: boolean, at = 0, maybe = false): void {
    this.steps++
    if (this.#isLate(node, allow)) return
    const level = this.#levels[at]
    if (level === '#') {
      this.#below(node, allow, maybe, at === 0)
      return
    }
    if (!this.#isHidden(at)) this.#take(node.hash, maybe)
    if (at === this.#levels.length) {
      this.#take(node.here, maybe)
      return
    }
    if (node.plus !== undefined && !this.#isHidden(at)) this.touching(node.plus, allow, at + 1, maybe)
    if (level === '+') {
      for (const [text, literal] of node.literals())
        if (at > 0 || !isDollar(text)) this.touching(literal, allow, at + 1, maybe)
    } else {
      const literal = node.literal(level)
      if (literal !== undefined) this.touching(literal, allow, at + 1, maybe)
    }
    for (const { template, node: next } of node.templates ?? []) {
      const fit = level === '+' ? this.#fitsSome(template, at === 0) : template.fits(level, this.#subject)
      if (fit !== 'no') this.touching(next, allow, at + 1, maybe || fit === 'maybe')
    }
  }

  /** All that is below a node, and the node. */
  #below(node: RuleTrie, allow: boolean, maybe: boolean, root: boolean): void {
    this.steps++
    if (this.#isLate(node, allow)) return
    this.#take(node.hash, maybe)
    this.#take(node.here, maybe)
    if (node.plus !== undefined) this.#below(node.plus, allow, maybe, false)
    for (const [text, literal] of node.literals())
      if (!root || !isDollar(text)) this.#below(literal, allow, maybe, false)
    for (const { template, node: next } of node.templates ?? []) {
      const fit = this.#fitsSome(template, root)
      if (fit !== 'no') this.#below(next, allow, maybe || fit === 'maybe', false)
    }
  }

  /** Nothing here or below could be the first. */
  #isLate({ firstAllow, firstDeny }: RuleTrie, allow: boolean): boolean {
    return (allow ? firstAllow : firstDeny) >= this.#bound
  }

  #fitsSome(template: LevelTemplate, root: boolean): Fit {
    return root && isDollar(template.text) ? 'no' : template.fitsSome(this.#subject)
  }

  #isHidden(at: number): boolean {
    return at === 0 && this.#dollar
  }

  #take(entries: readonly Entry[] | undefined, maybe: boolean): void {
    if (entries === undefined) return
    for (const entry of entries) {
      if (entry.order >= this.#bound) return
      const { rule } = entry
      // What may not be about it does not deny.
      if ((maybe && !rule.allow) || !this.#wanted(rule) || !meets(this.#subject, rule)) continue
      this.found = entry
      this.#bound = entry.order
      return
    }
  }
}

function isDollar(level: string): boolean {
  return level.charCodeAt(0) === DOLLAR
}
