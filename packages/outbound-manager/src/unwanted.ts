import type { StoredMessage, WaitingMessage } from '@mqtt-stack/core'

const NOTHING: readonly ((message: WaitingMessage) => boolean)[] = []

/** What is purged while a page of the log is being read. */
export class Unwanted {
  #tests = NOTHING

  add(isUnwanted: (message: WaitingMessage) => boolean): void {
    this.#tests = [...this.#tests, isUnwanted]
  }

  clear(): void {
    this.#tests = NOTHING
  }

  /** Whether a message of the page was purged; one that is only to be released is not. */
  has(message: StoredMessage): boolean {
    return !message.released && this.#tests.some((isUnwanted) => isUnwanted(message))
  }
}
