/** Buffers that outboxes write into and give back, in three sizes. */
import { Buffer } from 'node:buffer'

const SIZES = [2_048, 16_384, 65_536] as const
/** Buffers of each size that are kept for the next outbox: 1, 4 and 8 MiB. */
const KEPT = [512, 256, 128] as const

/** Largest buffer lent. */
export const LARGEST: number = SIZES[2]

export class BufferPool {
  readonly #free: Buffer[][] = [[], [], []]

  /** A buffer of at least `size` bytes, and of more than `size` only as far as the next step. */
  take(size: number): Buffer {
    for (let step = 0; step < SIZES.length; step++) {
      if (size <= SIZES[step]) return this.#free[step].pop() ?? Buffer.allocUnsafeSlow(SIZES[step])
    }
    return Buffer.allocUnsafeSlow(size)
  }

  give(buffer: Buffer): void {
    const step = SIZES.indexOf(buffer.length as (typeof SIZES)[number])
    if (step >= 0 && this.#free[step].length < KEPT[step]) this.#free[step].push(buffer)
  }
}
