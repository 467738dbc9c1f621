import type { Publisher } from '@mqtt-stack/core'
import type { Will } from './will.ts'

/** A will whose delay has not passed. */
export interface WaitingWill {
  readonly will: Will
  readonly publisher: Publisher
  /** By the stack's monotonic clock (ms). */
  readonly dueAt: number
}

/** Wills that wait, one a session. */
export class WaitingWills {
  readonly #byClient = new Map<string, WaitingWill>()

  add(clientId: string, will: WaitingWill): void {
    this.#byClient.get(clientId)?.will.giveUp()
    this.#byClient.set(clientId, will)
  }

  /** The session's will, which does not wait any more. */
  take(clientId: string): WaitingWill | undefined {
    const will = this.#byClient.get(clientId)
    this.#byClient.delete(clientId)
    return will
  }

  /** Those whose time has come, which do not wait any more. */
  due(now: number): WaitingWill[] {
    const found: WaitingWill[] = []
    for (const [clientId, will] of this.#byClient) {
      if (will.dueAt > now) continue
      this.#byClient.delete(clientId)
      found.push(will)
    }
    return found
  }
}
