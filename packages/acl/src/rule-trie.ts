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

/** Rules by the levels of their topics. Entries are added in their order, so that each list is sorted by it. */
export class RuleTrie {
  /** Made with the first, as all that follow are: most nodes have one of them. */
  literals: Map<string, RuleTrie> | undefined = undefined
  templates: TemplateChild[] | undefined = undefined
  plus: RuleTrie | undefined = undefined
  /** Their topics end here. */
  here: Entry[] | undefined = undefined
  /** Their topics go on with `#`. */
  hash: Entry[] | undefined = undefined
  /** The lowest order of what allows, and of what denies, here and below. */
  firstAllow: number = Number.POSITIVE_INFINITY
  firstDeny: number = Number.POSITIVE_INFINITY

  add(entry: Entry): void {
    let node: RuleTrie = this
    node.#note(entry)
    for (const level of entry.topic.levels) {
      node = node.#child(level)
      node.#note(entry)
    }
    node.#list(entry.topic.hash ? 'hash' : 'here').push(entry)
  }

  #list(kind: 'here' | 'hash'): Entry[] {
    const list = this[kind] ?? []
    this[kind] = list
    return list
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
    this.literals ??= new Map()
    const known = this.literals.get(level)
    if (known !== undefined) return known
    const made = new RuleTrie()
    this.literals.set(level, made)
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
