import type { LevelTemplate } from './level-template.ts'
import type { Rule } from './rule.ts'
import type { TopicPattern } from './topic-pattern.ts'

/** A rule at one of its topics. */
export interface Entry {
  /** The lower decides. */
  readonly order: number
  readonly rule: Rule
  readonly topic: TopicPattern
}

/** A level with names in it, and what is below. */
interface TemplateChild {
  readonly template: LevelTemplate
  readonly node: RuleTrie
}

/** An order behind all rules; a small integer, which takes no memory of its own. */
export const BEHIND_ALL: number = 2 ** 30 - 1

/** Rules by the levels of their topics. Entries are added in their order, so that each list is sorted by it. */
export class RuleTrie {
  /** The literal below and its text, where there is one alone, as at most nodes: a map is three times as large. */
  #only: RuleTrie | undefined = undefined
  #text: string | undefined = undefined
  /** Where there are more. */
  #literals: Map<string, RuleTrie> | undefined = undefined
  /** Made with the first, as all that follow are. */
  templates: TemplateChild[] | undefined = undefined
  plus: RuleTrie | undefined = undefined
  /** Their topics end here. */
  here: Entry[] | undefined = undefined
  /** Their topics go on with `#`. */
  hash: Entry[] | undefined = undefined
  /** The lowest order of what allows, and of what denies, here and below. */
  firstAllow: number = BEHIND_ALL
  firstDeny: number = BEHIND_ALL

  /** What is below, at a level that is this text. */
  literal(level: string): RuleTrie | undefined {
    return level === this.#text ? this.#only : this.#literals?.get(level)
  }

  /** All that is below, at levels that are text. */
  literals(): Iterable<readonly [string, RuleTrie]> {
    if (this.#literals !== undefined) return this.#literals
    return this.#text === undefined || this.#only === undefined ? [] : [[this.#text, this.#only]]
  }

  add(entry: Entry): void {
    let node: RuleTrie = this
    node.#note(entry)
    for (const level of entry.topic.levels) {
      node = node.#child(level)
      node.#note(entry)
    }
    node.#put(entry.topic.hash ? 'hash' : 'here', entry)
  }

  /** A list that is made with its first takes the room of one; most have no more. */
  #put(kind: 'here' | 'hash', entry: Entry): void {
    const list = this[kind]
    if (list === undefined) this[kind] = [entry]
    else list.push(entry)
  }

  #note({ order, rule }: Entry): void {
    if (rule.allow) this.firstAllow = Math.min(this.firstAllow, order)
    else this.firstDeny = Math.min(this.firstDeny, order)
  }

  #child(level: string | LevelTemplate): RuleTrie {
    if (level === '+') {
      this.plus ??= new RuleTrie()
      return this.plus
    }
    return typeof level === 'string' ? this.#literal(level) : this.#template(level)
  }

  #literal(level: string): RuleTrie {
    const known = this.literal(level)
    if (known !== undefined) return known
    const made = new RuleTrie()
    if (this.#literals === undefined && this.#only === undefined) {
      this.#text = level
      this.#only = made
      return made
    }
    this.#literals ??= new Map(this.literals())
    this.#literals.set(level, made)
    this.#text = undefined
    this.#only = undefined
    return made
  }

  #template(template: LevelTemplate): RuleTrie {
    this.templates ??= []
    const known = this.templates.find(({ template: { text } }) => text === template.text)
    if (known !== undefined) return known.node
    const made = { template, node: new RuleTrie() }
    this.templates.push(made)
    return made.node
  }
}
