import type { Outgoing } from './sender.ts'

/** How much a queue holds. */
export interface QueueLimits {
  readonly queueMessages: number
  readonly queueBytes: number
}

/** Messages that wait for room in the window, their packets owned: first in, first out, bounded in messages and bytes. */
export class WaitingQueue {
  readonly #limits: QueueLimits
  #waiting: (Outgoing | undefined)[] = []
  #head = 0
  #bytes = 0

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  get empty(): boolean {
    return this.#head === this.#waiting.length
  }

  /** False when it is full. */
  push(waiting: Outgoing): boolean {
    const { size } = waiting.packet
    const { queueMessages, queueBytes } = this.#limits
    if (this.#waiting.length - this.#head >= queueMessages || this.#bytes + size > queueBytes) return false
    this.#waiting.push(waiting)
    this.#bytes += size
    return true
  }

  /** The oldest; only where there is one. */
  shift(): Outgoing {
    const waiting = this.#waiting[this.#head]!
    this.#waiting[this.#head++] = undefined
    this.#bytes -= waiting.packet.size
    if (this.#head === this.#waiting.length) {
      this.#waiting = []
      this.#head = 0
    } else if (this.#head >= 1_024) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
    return waiting
  }

  /** Takes out what belongs to shared subscriptions. */
  takeShared(): Outgoing[] {
    const waiting = this.#waiting.slice(this.#head) as Outgoing[]
    return waiting.filter(({ share }) => share !== undefined)
  }
}
