import type { Client, Stack } from '@mqtt-stack/core'
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
    if (!this.#busy) this.#release()
  }

  #release(): void {
    while (this.#waiting.length > 0 && !this.#client.closed) {
      const entries = this.#waiting
      this.#waiting = []
      const later = this.#tellLog(entries)
      if (later !== undefined) {
        this.#busy = true
        this.#underWay.note(later)
        later.then(
          () => this.#through(entries),
          (error: Error) => this.#failed(entries, error),
        )
        return
      }
      this.#send(entries)
    }
  }

  #tellLog(entries: readonly Inflight[]): void | Promise<void> {
    const stored = entries.filter(({ messageId }) => messageId !== 0)
    if (stored.length === 0) return
    const { id: clientId, epoch } = this.#client
    const messageIds = stored.map(({ messageId }) => messageId)
    const sequences = stored.map(({ sequence }) => sequence)
    return this.#stack.run('releaseOfflineMessages', { clientId, epoch, messageIds, sequences }, {})
  }

  #send(entries: readonly Inflight[]): void {
    for (const entry of entries) {
      entry.phase = 'released'
      this.#client.ack('pubrel', entry.id)
    }
  }

  #through(entries: readonly Inflight[]): void {
    this.#busy = false
    this.#send(entries)
    this.#release()
  }

  #failed(entries: readonly Inflight[], error: Error): void {
    this.#busy = false
    for (const entry of entries) entry.phase = 'sent'
    this.#stack.fail(error, this.#client, undefined)
    this.#release()
  }
}
