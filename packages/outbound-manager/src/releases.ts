import type { Client, Stack, Steps } from '@mqtt-stack/core'
import { proceed } from '@mqtt-stack/core'
import type { Inflight } from './inflight.ts'
import type { UnderWay } from './under-way.ts'

/**
 * Answers PUBREC with PUBREL, in the order in which they came [MQTT-4.6.0-4], once the log knows that only PUBREL is
 * left. One call at a time is under way; what comes meanwhile is in the next.
 */
export class Releases {
  readonly #stack: Stack
  readonly #client: Client
  readonly #underWay: UnderWay
  #waiting: Inflight[] = []
  #busy = false

  constructor(stack: Stack, client: Client, underWay: UnderWay) {
    this.#stack = stack
    this.#client = client
    this.#underWay = underWay
  }

  received(entry: Inflight): void {
    if (entry.phase === 'released') this.#client.ack('pubrel', entry.id)
    if (entry.phase !== 'sent') return
    entry.phase = 'releasing'
    this.#waiting.push(entry)
    if (!this.#busy) this.#stack.background(() => proceed(this.#release()), this.#client)
  }

  *#release(): Steps {
    this.#busy = true
    while (this.#waiting.length > 0 && !this.#client.closed) {
      const entries = this.#waiting
      this.#waiting = []
      try {
        yield this.#tellLog(entries)
        this.#send(entries)
      } catch (error) {
        for (const entry of entries) entry.phase = 'sent'
        this.#stack.fail(error as Error, this.#client, undefined)
      }
    }
    this.#busy = false
  }

  #tellLog(entries: readonly Inflight[]): void | Promise<void> {
    const stored = entries.filter(({ messageId }) => messageId !== 0)
    if (stored.length === 0) return
    const { id: clientId, epoch } = this.#client
    const messageIds = stored.map(({ messageId }) => messageId)
    const sequences = stored.map(({ sequence }) => sequence)
    const ctx = { clientId, epoch, messageIds, sequences }
    return this.#underWay.note(this.#stack.run('releaseOfflineMessages', ctx, {}))
  }

  #send(entries: readonly Inflight[]): void {
    for (const entry of entries) {
      entry.phase = 'released'
      this.#client.ack('pubrel', entry.id)
    }
  }
}
