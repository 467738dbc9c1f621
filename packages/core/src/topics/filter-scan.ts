import type { SortedTopics, Topical, TopicCursor } from './sorted-topics.ts'

const SLASH = 0x2f
/** The character behind `/`, so that `a0` is the first string above everything that begins with `a/`. */
const AFTER_SLASH = '0'
/** The character behind `$`. */
const AFTER_DOLLAR = '%'

const MATCH = 0
const NEXT = 1
const FINISHED = 2
/** What a topic is to a filter; a string says that nothing below it, if above this topic, can match. */
type Verdict = typeof MATCH | typeof NEXT | typeof FINISHED | string

/**
 * Walks the items whose topics a valid filter matches, in order. What cannot match is leapt over, all of
 * `a/b/…` at once: where a filter begins plainly, little more than what it matches is looked at.
 */
export class FilterScan<E extends Topical> {
  readonly #levels: readonly string[]
  readonly #cursor: TopicCursor<E>
  #finished = false
  #last: string | undefined

  /** With `after`, only topics above it are walked; it need not be one of them. */
  constructor(items: SortedTopics<E>, filter: string, after?: string) {
    this.#levels = filter.split('/')
    this.#cursor = items.seek(after ?? plainBeginning(filter))
    if (after !== undefined && this.#cursor.item?.topic === after) this.#cursor.next()
  }

  /** The topic looked at last, whether it matched or not: a scan `after` it goes on from here. */
  get last(): string | undefined {
    return this.#last
  }

  /** Whether there is nothing left to look at. */
  get finished(): boolean {
    return this.#finished || this.#cursor.item === undefined
  }

  /** Looks at one topic more: its item if it matches, `undefined` if not. */
  step(): E | undefined {
    const cursor = this.#cursor
    const item = cursor.item
    if (item === undefined || this.#finished) return undefined
    this.#last = item.topic
    const verdict = judge(this.#levels, item.topic)
    if (verdict === FINISHED) {
      this.#finished = true
      return undefined
    }
    cursor.next()
    if (verdict === MATCH) return item
    // Looking at the neighbour first spares a search where little is leapt over.
    if (verdict !== NEXT && cursor.item !== undefined && cursor.item.topic < verdict) cursor.seek(verdict)
    return undefined
  }
}

/** A string that no matching topic is below. */
function plainBeginning(filter: string): string {
  const plus = filter.indexOf('+')
  if (plus !== -1) return filter.slice(0, plus)
  return filter.endsWith('#') ? filter.slice(0, Math.max(0, filter.length - 2)) : filter
}

function judge(levels: readonly string[], topic: string): Verdict {
  const last = levels.length - 1
  if (topic.startsWith('$') && (levels[0] === '+' || levels[0] === '#')) return AFTER_DOLLAR
  let start = 0
  let wild = false
  for (let i = 0; ; i++) {
    const level = levels[i]!
    if (level === '#') return MATCH
    let end: number
    if (level === '+') {
      wild = true
      end = topic.indexOf('/', start)
      if (end === -1) end = topic.length
    } else {
      end = start + level.length
      if (!topic.startsWith(level, start) || (end < topic.length && topic.charCodeAt(end) !== SLASH)) {
        // Only `…/level` and what is below it can match beside this topic: is that still to come?
        const wanted = topic.slice(0, start) + level
        if (topic < wanted) return wanted
        if (i < last && topic < wanted + '/') return wanted + '/'
        return wild ? topic.slice(0, start - 1) + AFTER_SLASH : FINISHED
      }
    }
    if (end === topic.length) return i === last || (i === last - 1 && levels[last] === '#') ? MATCH : NEXT
    if (i === last) return topic.slice(0, end) + AFTER_SLASH
    start = end + 1
  }
}
