import { bounded } from '@mqtt-stack/core'

/** Those who wait until nothing waits for a client any more. */
export class DrainListeners {
  #listeners: (() => void)[] = []

  /** For as long as the client takes: whoever waits for it is not stalled. */
  wait(): Promise<void> {
    return bounded(
      new Promise((resolve) => {
        this.#listeners.push(resolve)
      }),
    )
  }

  /** Nothing waits now. */
  tell(): void {
    if (this.#listeners.length === 0) return
    const listeners = this.#listeners
    this.#listeners = []
    for (const resolve of listeners) resolve()
  }
}
