import { matchesFilter } from './topics.ts'

/** Bytes that a topic takes here besides its text and its answer, about. */
const TOPIC_BYTES = 160
/**
 * Changes of filters with wildcards that an answer may miss and still be checked against each of them; one that missed
 * more is forgotten, for to work it out again costs no more than the check.
 */
const CHANGES = 64
/** Topics that are looked at for each such change, so that answers which missed too many give their memory back. */
const SWEPT_A_CHANGE = 8
/** How many characters at a topic's end tell it from others when it is seen for the first time. */
const PRINT_LENGTH = 128

/** A topic and what was answered for it; without an answer, it was forgotten since. */
class Cached<A> {
  readonly topic: string
  answer: A | undefined = undefined
  bytes: number
  /** How many changes had come when the answer was last known to be right. */
  changes = 0
  /** Whether it was asked for since the hand passed. */
  used = false

  constructor(topic: string) {
    this.topic = topic
    this.bytes = bytesOf(topic)
  }
}

/**
 * Remembers the answer for topics asked for lately, within a number of topics and of bytes, and forgets those
 * that a filter touches. A filter with wildcards is only noted, so that it costs the same however many topics are
 * remembered: whether it touches a topic is found out when somebody asks for that topic. A topic is remembered the second time that it is seen, so
 * that topics that never come again cost a few nanoseconds and no memory; which one makes room is decided by
 * second chance (a hand goes round and takes the first that was not asked for since it passed last).
 */
export class MatchCache<A> {
  readonly #maxTopics: number
  readonly #maxBytes: number
  readonly #byTopic = new Map<string, Cached<A>>()
  readonly #ring: Cached<A>[] = []
  /** A bit for each topic that was seen lately and is not held; two in a hundred are taken for another. */
  readonly #prints: Uint32Array
  /** Asked for last: of a burst, most messages are to one topic. */
  #latest: Cached<A> | undefined
  #printed = 0
  #hand = 0
  /** The last filters with wildcards that changed; `#changes` counts all of them. */
  readonly #changed: string[] = new Array<string>(CHANGES).fill('')
  #changes = 0
  #broom = 0
  #bytes = 0
  #visited = 0

  constructor(maxTopics: number, maxBytes: number) {
    this.#maxTopics = maxTopics
    this.#maxBytes = maxBytes
    this.#prints = new Uint32Array(
      2 ** Math.ceil(Math.log2(Math.min(Math.max(maxTopics, 16), 1_048_576) / 2)),
    )
  }

  /** How many topics are held, those whose answer was forgotten included. */
  get topics(): number {
    return this.#ring.length
  }

  /** How many bytes they take with their answers, about. */
  get bytes(): number {
    return this.#bytes
  }

  /** How many topics and changes were looked at so far, to forget answers and to check them. */
  get visited(): number {
    return this.#visited
  }

  /** The answer remembered for a topic. */
  get(topic: string): A | undefined {
    const cached = this.#latest?.topic === topic ? this.#latest : this.#byTopic.get(topic)
    if (cached === undefined) return undefined
    this.#latest = cached
    cached.used = true
    if (cached.changes === this.#changes || cached.answer === undefined) return cached.answer
    return this.#check(cached)
  }

  /** Offers an answer, which takes about `bytes`. */
  offer(topic: string, answer: A, bytes: number): void {
    let cached = this.#byTopic.get(topic)
    if (cached === undefined) {
      if (this.#maxTopics < 1 || !this.#seen(topic)) return
      if (this.#ring.length >= this.#maxTopics) this.#evict()
      cached = new Cached(topic)
      this.#byTopic.set(topic, cached)
      this.#ring.push(cached)
      this.#bytes += cached.bytes
    }
    cached.answer = answer
    cached.changes = this.#changes
    cached.bytes += bytes
    this.#bytes += bytes
    while (this.#bytes > this.#maxBytes) this.#evict()
  }

  /** Forgets the answers for the topics that a valid filter matches; at the next look at them where it is `wild`. */
  forget(filter: string, wild: boolean): void {
    if (!wild) {
      this.#visited++
      this.#clear(this.#byTopic.get(filter))
      return
    }
    this.#changed[this.#changes % CHANGES] = filter
    this.#changes++
    this.#sweep()
  }

  /** The answer, unless one of the changes that it missed touches its topic. */
  #check(cached: Cached<A>): A | undefined {
    const now = this.#changes
    let right = now - cached.changes <= CHANGES
    for (let i = cached.changes; right && i < now; i++) {
      this.#visited++
      right = !matchesFilter(this.#changed[i % CHANGES]!, cached.topic)
    }
    if (!right) this.#clear(cached)
    cached.changes = now
    return cached.answer
  }

  /** Looks at the next few topics: an answer that missed too many changes is of no use any more. */
  #sweep(): void {
    const ring = this.#ring
    const oldest = this.#changes - CHANGES
    for (let i = Math.min(SWEPT_A_CHANGE, ring.length); i > 0; i--) {
      if (this.#broom >= ring.length) this.#broom = 0
      const cached = ring[this.#broom++]!
      this.#visited++
      if (cached.answer !== undefined && cached.changes < oldest) this.#clear(cached)
    }
  }

  /** The topic stays, so that the next answer for it costs no more than the answer. */
  #clear(cached: Cached<A> | undefined): void {
    if (cached === undefined) return
    const bytes = bytesOf(cached.topic)
    this.#bytes += bytes - cached.bytes
    cached.bytes = bytes
    cached.answer = undefined
  }

  #evict(): void {
    const ring = this.#ring
    for (;;) {
      if (this.#hand >= ring.length) this.#hand = 0
      const cached = ring[this.#hand]!
      if (cached.used) {
        cached.used = false
        this.#hand++
        continue
      }
      const last = ring.pop()!
      if (last === cached) this.#hand = 0
      else ring[this.#hand++] = last
      if (cached === this.#latest) this.#latest = undefined
      this.#byTopic.delete(cached.topic)
      this.#bytes -= cached.bytes
      return
    }
  }

  /** Whether the topic was seen before, among as many others as may be held; it is from now on. */
  #seen(topic: string): boolean {
    let print = topic.length
    for (let i = Math.max(0, topic.length - PRINT_LENGTH); i < topic.length; i++) {
      print = Math.imul(print ^ topic.charCodeAt(i), 0x01000193)
    }
    print ^= print >>> 15
    const prints = this.#prints
    const word = (print >>> 5) & (prints.length - 1)
    const bit = 1 << (print & 31)
    if ((prints[word]! & bit) !== 0) return true
    if (this.#printed++ >= this.#maxTopics) {
      prints.fill(0)
      this.#printed = 0
    }
    prints[word]! |= bit
    return false
  }
}

function bytesOf(topic: string): number {
  return TOPIC_BYTES + 2 * topic.length
}
