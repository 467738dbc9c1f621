import { isValidTopicFilter, topicLevels } from '@mqtt-stack/core'
import { LevelTemplate } from './level-template.ts'

/** Levels that the topic of a rule may have: no client can have more by default. */
const MAX_LEVELS = 128

/** A topic filter of a rule: a level is text, `+`, or has names in it. */
export class TopicPattern {
  /** As it was written. */
  readonly text: string
  /** Without the `#`. */
  readonly levels: readonly (string | LevelTemplate)[]
  /** It ends in `#`. */
  readonly hash: boolean

  private constructor(text: string, levels: readonly (string | LevelTemplate)[], hash: boolean) {
    this.text = text
    this.levels = levels
    this.hash = hash
  }

  /**
   * Answers a pattern, or what is wrong with the text.
   * @param names The letters of the placeholders that there are; `undefined`: none, a percent sign is one.
   * @param strict A percent sign that begins none is wrong.
   */
  static parse(text: string, names: string | undefined, strict: boolean): TopicPattern | string {
    const shown = JSON.stringify(text)
    if (text.startsWith('$share/'))
      return `${shown}: leave "$share/group/" out: a rule is about topics, and holds for shares of them too`
    if (!isValidTopicFilter(text))
      return `${shown} is no topic filter: "#" stands alone in the last level, "+" alone in its level`
    if (topicLevels(text) > MAX_LEVELS) return `${shown} has more than ${MAX_LEVELS} levels`
    const parts = text.split('/')
    const hash = parts.at(-1) === '#'
    if (hash) parts.pop()
    if (names === undefined) return new TopicPattern(text, parts, hash)
    const unknown = strict ? /%./u.exec(`${text.replaceAll(/%[ucg%]/g, '')} `)?.[0].trim() : undefined
    if (unknown !== undefined)
      return `"${unknown}" in ${shown}: %u, %c and %g stand for names, and %% for a percent sign`
    const levels = parts.map((part, i) => LevelTemplate.parse(part, names, i === 0))
    return new TopicPattern(text, levels, hash)
  }
}
