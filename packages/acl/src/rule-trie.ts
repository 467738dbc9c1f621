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

/** Rules by the levels of their topics. Entries are added in their order, so that each list is sorted by it. */
export class RuleTrie {
  readonly literals: Map<string, RuleTrie> = new Map()
  readonly templates: Map<string, { readonly template: LevelTemplate; readonly node: RuleTrie }> = new Map()
  plus: RuleTrie | undefined = undefined
  /** Their topics end here. */
  readonly here: Entry[] = []
  /** Their topics go on with `#`. */
  readonly hash: Entry[] = []
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
    const list = entry.topic.hash ? node.hash : node.here
    list.push(entry)
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
    if (typeof level === 'string') return childOf(this.literals, level, () => new RuleTrie())
    return childOf(this.templates, level.text, () => ({ template: level, node: new RuleTrie() })).node
  }
}

function childOf<T>(children: Map<string, T>, key: string, make: () => T): T {
  const known = children.get(key)
  if (known !== undefined) return known
  const made = make()
  children.set(key, made)
  return made
}
