import type { DueWill, SessionContext, Stack, Steps, Store } from '@mqtt-stack/core'
import { proceed } from '@mqtt-stack/core'

/** Due wills that are looked up at a time. */
const DUE_AT_ONCE = 100
/** Due wills that are relayed at a time; those behind them wait for the next sweep. */
const RELAYED_AT_ONCE = 1_000

/** Finds the wills of sessions whose time has come, and has them published. */
export class DueWills {
  readonly #stack: Stack
  readonly #publish: (will: DueWill) => Steps
  /** Those that are being relayed. */
  readonly #relaying = new Set<string>()
  #sweeping = false
  #again = false

  constructor(stack: Stack, publish: (will: DueWill) => Steps) {
    this.#stack = stack
    this.#publish = publish
  }

  /** Publishes what is due; once more behind itself if it was asked meanwhile. */
  sweep(): void {
    if (!this.#stack.answers('lookupDueWills')) return
    this.#again = true
    if (!this.#sweeping) this.#stack.background(() => proceed(this.#relayAll()))
  }

  *#relayAll(): Steps {
    this.#sweeping = true
    try {
      while (this.#again) {
        this.#again = false
        yield* this.#relayDue()
      }
    } finally {
      this.#sweeping = false
    }
  }

  /** Page by page; others have their turn in between. */
  *#relayDue(): Steps {
    const { pace, clock } = this.#stack
    while (this.#relaying.size < RELAYED_AT_ONCE) {
      const due: Store<'lookupDueWills'> = []
      yield this.#stack.run('lookupDueWills', { now: clock.now(), limit: DUE_AT_ONCE }, due)
      // One that has been under way for so long that it is due again is not relayed twice.
      const fresh = due.filter((will) => !this.#relaying.has(keyOf(will)))
      if (fresh.length === 0) return
      for (const will of fresh) {
        if (pace.spent) yield pace.rest()
        // Nobody waits for the receivers of one before another is published.
        this.#stack.background(() => proceed(this.#relay(will)))
      }
    }
  }

  *#relay(will: DueWill): Steps {
    const key = keyOf(will)
    this.#relaying.add(key)
    try {
      yield* this.#publish(will)
    } finally {
      this.#relaying.delete(key)
    }
  }
}

function keyOf({ clientId, epoch }: SessionContext): string {
  return `${epoch} ${clientId}`
}
