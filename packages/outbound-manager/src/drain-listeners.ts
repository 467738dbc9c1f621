import type { Client } from '@mqtt-stack/core'
import { bounded } from '@mqtt-stack/core'

/** Those who wait until nothing waits for a client any more, or it is gone. */
export class DrainListeners {
  #listeners: (() => void)[] = []
  readonly #isDrained: () => boolean

  constructor(client: Client, isDrained: () => boolean) {
    this.#isDrained = isDrained
    client.onClose(() => this.tell())
  }

  /** For as long as the client takes: whoever waits for it is not stalled. */
  wait(): Promise<void> {
    return bounded(
      new Promise((resolve) => {
        this.#listeners.push(resolve)
      }),
    )
  }

  /** Something went: tells them where nothing waits now. */
  tell(): void {
    if (this.#listeners.length === 0 || !this.#isDrained()) return
    const listeners = this.#listeners
    this.#listeners = []
    for (const resolve of listeners) resolve()
  }
}
