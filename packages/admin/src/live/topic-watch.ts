/** The newest message of each topic, for one reader: bounded in topics, bytes and messages. */
import type { Publish } from '@mqtt-stack/core'
import { matchesFilter } from '@mqtt-stack/core'

/** Longer topics are not told. */
const TOPIC = 1_024
/** So much of a payload is told, in bytes. */
const PAYLOAD = 256
/** So many messages are looked at from one telling to the next; of further ones only the count is told. */
const MESSAGES = 10_000

/** The newest message of a topic. */
export interface TopicValue {
  readonly topic: string
  /** As text; of a longer one the first 256 bytes. */
  readonly payload: string
  /** Of the whole payload. */
  readonly bytes: number
  readonly qos: number
  /** It was published to be retained. */
  readonly retain: boolean
  /** Messages on the topic since the telling before. */
  readonly count: number
}

/** What came since the telling before. */
export interface TopicNews {
  readonly topics: readonly TopicValue[]
  /** Messages that are not among them: too many, of too many topics, or of too long ones. */
  readonly more: number
}

interface Seen {
  payload: Buffer
  bytes: number
  qos: number
  retain: boolean
  count: number
}

export class TopicWatch {
  readonly #filter: string
  readonly #most: number
  readonly #seen = new Map<string, Seen>()
  #left = MESSAGES
  #more = 0

  /** @param most So many topics are told of at a time. */
  constructor(filter: string, most: number) {
    this.#filter = filter
    this.#most = most
  }

  /** A message was published; what is told of it is copied. */
  see({ topic, payload, qos, retain }: Publish): void {
    if (this.#left > 0) this.#left--
    else {
      this.#more++
      return
    }
    if (!matchesFilter(this.#filter, topic)) return
    const known = this.#seen.get(topic)
    if (known === undefined && (topic.length > TOPIC || this.#seen.size >= this.#most)) {
      this.#more++
      return
    }
    const value = { payload: Buffer.from(payload.subarray(0, PAYLOAD)), bytes: payload.length, qos, retain }
    if (known === undefined) this.#seen.set(topic, { ...value, count: 1 })
    else Object.assign(known, value, { count: known.count + 1 })
  }

  /** What is to be told now, if anything. */
  take(): TopicNews | undefined {
    this.#left = MESSAGES
    if (this.#seen.size === 0 && this.#more === 0) return undefined
    const topics = [...this.#seen].map(([topic, { payload, ...rest }]) => {
      return { topic, payload: textOf(payload), ...rest }
    })
    const news = { topics, more: this.#more }
    this.#seen.clear()
    this.#more = 0
    return news
  }
}

/** A character that was cut through is left out. */
function textOf(payload: Buffer): string {
  return payload.toString().replace(/\uFFFD$/, '')
}
