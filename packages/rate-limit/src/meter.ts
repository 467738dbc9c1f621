import { Bucket } from './bucket.ts'

/** How the limits of a meter are called. */
export interface MeterNames {
  /** The options. */
  readonly messages: string
  readonly bytes: string
  /** Whose messages they are, behind `a second`. */
  readonly whose: string
}

/** Counts messages and bytes against what is allowed in a second; 0 is no limit. */
export class Meter {
  readonly #names: MeterNames
  readonly #messageRate: number
  readonly #byteRate: number
  readonly #messages: Bucket
  readonly #bytes: Bucket

  constructor(names: MeterNames, messageRate: number, byteRate: number, burst: number, now: number) {
    this.#names = names
    this.#messageRate = messageRate
    this.#byteRate = byteRate
    this.#messages = new Bucket(messageRate || Number.POSITIVE_INFINITY, burst, now)
    this.#bytes = new Bucket(byteRate || Number.POSITIVE_INFINITY, burst, now)
  }

  /** Whether another message may come now. */
  has(now: number): boolean {
    return this.#messages.has(now) && this.#bytes.has(now)
  }

  /** Which limit is reached now, in words. */
  exceeded(now: number): string | undefined {
    const { messages, bytes, whose } = this.#names
    if (!this.#messages.has(now))
      return `more than ${this.#messageRate} messages a second${whose} (${messages})`
    if (!this.#bytes.has(now)) return `more than ${this.#byteRate} bytes a second${whose} (${bytes})`
    return undefined
  }

  /** Negative: gives back. */
  take(messages: number, bytes: number): void {
    this.#messages.take(messages)
    this.#bytes.take(bytes)
  }

  /** Takes all messages that may come now, and answers how many. */
  takeMessages(): number {
    return this.#messages.takeAll()
  }

  /** Takes all bytes that may come now, and answers how many. */
  takeBytes(): number {
    return this.#bytes.takeAll()
  }

  /** When another message may come, if none does before. */
  get readyAt(): number {
    return Math.max(this.#messages.readyAt, this.#bytes.readyAt)
  }
}
