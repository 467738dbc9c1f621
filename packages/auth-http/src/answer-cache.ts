/** Answers that are kept for a while, by a hash of what was asked: a password is among that. */
import { createHmac, randomBytes } from 'node:crypto'
import type { Clock } from '@mqtt-stack/core'

interface Kept<Answer> {
  readonly answer: Answer
  /** By the stack's clock (ms). */
  readonly until: number
}

export class AnswerCache<Answer> {
  readonly #most: number
  /** Oldest first. */
  readonly #kept = new Map<string, Kept<Answer>>()

  /** @param most Of them the oldest goes. */
  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#kept.size
  }

  find(key: string, clock: Clock): Answer | undefined {
    const found = this.#kept.get(key)
    if (found === undefined || found.until > clock.now()) return found?.answer
    this.#kept.delete(key)
    return undefined
  }

  /** @param time How long, in ms; 0: not at all. */
  keep(key: string, answer: Answer, time: number, clock: Clock): void {
    this.#kept.delete(key)
    if (time <= 0) return
    if (this.#kept.size >= this.#most) {
      const [oldest] = this.#kept.keys()
      this.#kept.delete(oldest)
    }
    this.#kept.set(key, { answer, until: clock.now() + time })
  }

  clear(): void {
    this.#kept.clear()
  }
}

/** Makes keys that tell nothing of what was asked, not even to whoever guesses: they are made with a secret of this process. */
export function keyMaker(): (asked: string) => string {
  const secret = randomBytes(32)
  return (asked) => createHmac('sha256', secret).update(asked).digest('base64')
}
