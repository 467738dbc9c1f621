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

  /** The page without what was purged; what is only to be released stays. */
  withoutThem(page: readonly StoredMessage[]): readonly StoredMessage[] {
    const tests = this.#tests
    if (tests.length === 0) return page
    return page.filter((message) => message.released || !tests.some((isUnwanted) => isUnwanted(message)))
  }
}
