import type { QoS } from '@mqtt-stack/core'

/** Topics that are remembered for a client: most publish to few. */
const TOPICS = 64
/** Longer ones are not. */
const LENGTH = 256
/** Where what was decided of reading stands; what is published has two bits for each QoS, with and without retain. */
const PLACES = { receive: 12, subscribe: 14 }
const ALLOWED = 1
const DENIED = 2

/** What was decided about topics lately, for one client: at most some kilobytes, however many topics it uses. */
export class Decisions {
  /** Two bits each, made with the first. */
  #topics: Map<string, number> | undefined
  /** The one that was asked about last. */
  #topic = ''
  #bits = 0

  published(topic: string, qos: QoS, retain: boolean): boolean | undefined {
    return this.#read(topic, placeOf(qos, retain))
  }

  notePublished(topic: string, qos: QoS, retain: boolean, allowed: boolean): void {
    this.#note(topic, placeOf(qos, retain), allowed)
  }

  read(action: 'receive' | 'subscribe', topic: string): boolean | undefined {
    return this.#read(topic, PLACES[action])
  }

  noteRead(action: 'receive' | 'subscribe', topic: string, allowed: boolean): void {
    this.#note(topic, PLACES[action], allowed)
  }

  #read(topic: string, place: number): boolean | undefined {
    if (topic !== this.#topic) {
      const bits = this.#topics?.get(topic)
      if (bits === undefined) return undefined
      this.#topic = topic
      this.#bits = bits
    }
    const decision = (this.#bits >> place) & (ALLOWED | DENIED)
    return decision === 0 ? undefined : decision === ALLOWED
  }

  #note(topic: string, place: number, allowed: boolean): void {
    if (topic.length > LENGTH) return
    this.#topics ??= new Map()
    const known = this.#topics.get(topic)
    if (known === undefined && this.#topics.size >= TOPICS) this.#topics.clear()
    this.#topic = topic
    this.#bits = (known ?? 0) | ((allowed ? ALLOWED : DENIED) << place)
    this.#topics.set(topic, this.#bits)
  }
}

function placeOf(qos: QoS, retain: boolean): number {
  return qos * 4 + (retain ? 2 : 0)
}
