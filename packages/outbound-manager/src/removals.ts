import type { Client, Stack } from '@mqtt-stack/core'
import type { UnderWay } from './under-way.ts'

/** What was delivered of a session's log; the log is told once a turn. */
export class Removals {
  readonly #stack: Stack
  readonly #client: Client
  readonly #underWay: UnderWay
  #messageIds: number[] = []
  #sequences: number[] = []

  constructor(stack: Stack, client: Client, underWay: UnderWay) {
    this.#stack = stack
    this.#client = client
    this.#underWay = underWay
  }

  add(messageId: number, sequence: number): void {
    this.#messageIds.push(messageId)
    this.#sequences.push(sequence)
  }

  /** Tells the log. */
  tell(): void {
    if (this.#messageIds.length === 0) return
    const { id: clientId, epoch } = this.#client
    const messageIds = this.#messageIds
    const sequences = this.#sequences
    this.#messageIds = []
    this.#sequences = []
    const ctx = { clientId, epoch, messageIds, sequences }
    const tell = (): void | Promise<void> =>
      this.#underWay.note(this.#stack.run('removeOfflineMessages', ctx, {}))
    this.#stack.background(tell, this.#client)
  }
}
