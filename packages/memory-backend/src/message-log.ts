import type { Context, StoredMessage } from '@mqtt-stack/core'

type Message = Context<'storeOfflineMessage'>

/** The messages that a session has not acknowledged, in order; bounded in messages and bytes. */
export class MessageLog {
  // In insertion order, which is the order of the sequences.
  readonly #entries = new Map<number, StoredMessage>()
  #last = 0
  #bytes = 0

  /** The message's sequence; `undefined` when the log is full. */
  append(message: Message, maxMessages: number, maxBytes: number): number | undefined {
    const { packet, messageId, qos, retain, identifiers } = message
    if (this.#entries.size >= maxMessages || this.#bytes + packet.size > maxBytes) return undefined
    const sequence = ++this.#last
    this.#entries.set(sequence, {
      messageId,
      sequence,
      packet: packet.own(),
      qos,
      retain,
      identifiers,
      released: false,
    })
    this.#bytes += packet.size
    return sequence
  }

  /** Pushes up to `limit` messages behind a sequence. */
  read(into: StoredMessage[], after: number, limit: number): void {
    if (limit <= 0 || after >= this.#last) return
    for (const entry of this.#entries.values()) {
      if (entry.sequence <= after) continue
      into.push(entry)
      if (into.length >= limit) return
    }
  }

  release(sequence: number): void {
    const entry = this.#entries.get(sequence)
    if (entry !== undefined) this.#entries.set(sequence, { ...entry, released: true })
  }

  remove(sequence: number): void {
    const entry = this.#entries.get(sequence)
    if (entry === undefined) return
    this.#entries.delete(sequence)
    this.#bytes -= entry.packet.size
  }

  clear(): void {
    this.#entries.clear()
    this.#bytes = 0
  }
}
