import type { Account, Client, DropReason, Stack } from '@mqtt-stack/core'
import type { Outgoing } from './sender.ts'

/** What a place in the queue costs besides the message, in bytes. */
const PLACE_COST = 128

/** How much a queue holds. */
export interface QueueLimits {
  readonly queueMessages: number
  readonly queueBytes: number
}

/** How much of a client's may be on its way. */
export interface FlowLimits extends QueueLimits {
  /** Bytes that may be in flight. */
  readonly inflightBytes: number
}

/** Messages that wait for room in the window, their packets owned: first in, first out, bounded in messages and bytes. */
export class WaitingQueue {
  readonly #limits: QueueLimits
  readonly #account: Account
  #closed = false
  #waiting: (Outgoing | undefined)[] = []
  #head = 0
  #bytes = 0

  /** @param account Its client's: what waits is counted there. */
  constructor(limits: QueueLimits, account: Account) {
    this.#limits = limits
    this.#account = account
  }

  /** The queue of a client, until that is gone. */
  static of(client: Client, limits: QueueLimits, ledger: Stack['ledger']): WaitingQueue {
    const queue = new WaitingQueue(limits, ledger.accountOf(client))
    client.onClose(() => queue.close())
    return queue
  }

  get size(): number {
    return this.#waiting.length - this.#head
  }

  get empty(): boolean {
    return this.#head === this.#waiting.length
  }

  /** Why it is not taken; nothing when it is. */
  push(waiting: Outgoing): DropReason | undefined {
    const { size } = waiting.packet
    const { queueMessages, queueBytes } = this.#limits
    if (this.#waiting.length - this.#head >= queueMessages || this.#bytes + size > queueBytes)
      return 'queue-full'
    if (!this.#account.keep(waiting.packet, PLACE_COST, false)) return 'memory-full'
    this.#waiting.push(waiting)
    this.#bytes += size
    return undefined
  }

  /** The oldest; only where there is one. */
  shift(): Outgoing {
    const waiting = this.#waiting[this.#head]!
    this.#waiting[this.#head++] = undefined
    this.#bytes -= waiting.packet.size
    this.#account.giveUp(waiting.packet, PLACE_COST)
    if (this.#head === this.#waiting.length) {
      this.#waiting = []
      this.#head = 0
    } else if (this.#head >= 1_024) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
    return waiting
  }

  /** Takes out those that are not wanted any more, and answers them in order. */
  remove(isUnwanted: (waiting: Outgoing) => boolean): Outgoing[] {
    const removed: Outgoing[] = []
    if (this.#closed) return removed
    const left: Outgoing[] = []
    for (const waiting of this.#waiting.slice(this.#head) as Outgoing[])
      (isUnwanted(waiting) ? removed : left).push(waiting)
    for (const { packet } of removed) {
      this.#bytes -= packet.size
      this.#account.giveUp(packet, PLACE_COST)
    }
    this.#waiting = left
    this.#head = 0
    return removed
  }

  /** Takes out what belongs to shared subscriptions. */
  takeShared(): Outgoing[] {
    const waiting = this.#waiting.slice(this.#head) as Outgoing[]
    return waiting.filter(({ share }) => share !== undefined)
  }

  /** The client is gone: what waits is not counted any more, and goes with it. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (let i = this.#head; i < this.#waiting.length; i++)
      this.#account.giveUp((this.#waiting[i] as Outgoing).packet, PLACE_COST)
  }
}
