/** Packets that came for a client, and those who wait for one. */
import type { Received } from '../wire/packets.ts'
import { describe } from '../wire/packets.ts'
import { ConformanceError } from './errors.ts'

interface Waiter {
  readonly wants: (packet: Received) => boolean
  readonly resolve: (packet: Received) => void
  readonly reject: (error: Error) => void
}

export class Inbox {
  /** Everything that came, in order. */
  readonly received: Received[] = []
  /** What nobody has taken. */
  readonly waiting: Received[] = []
  readonly #waiters = new Set<Waiter>()
  #ended: ConformanceError | undefined

  deliver(packet: Received): void {
    this.received.push(packet)
    for (const waiter of this.#waiters) {
      if (!waiter.wants(packet)) continue
      this.#waiters.delete(waiter)
      waiter.resolve(packet)
      return
    }
    this.waiting.push(packet)
  }

  /** No more will come. */
  end(why: ConformanceError): void {
    this.#ended ??= why
    for (const waiter of this.#waiters) waiter.reject(this.#failure(this.#ended.message))
    this.#waiters.clear()
  }

  /**
   * The oldest packet that is wanted and that nobody took, or the next to come.
   * @param what in words, for the error
   * @param patience milliseconds of real time after which it is given up
   */
  take(what: string, wants: (packet: Received) => boolean, patience: number): Promise<Received> {
    const at = this.waiting.findIndex(wants)
    if (at >= 0) return Promise.resolve(this.waiting.splice(at, 1)[0])
    return new Promise<Received>((resolve, reject) => {
      const fail = (error: Error): void => {
        clearTimeout(timer)
        error.message = `waited for ${what}, but ${error.message}`
        reject(error)
      }
      const waiter: Waiter = {
        wants,
        resolve: (packet) => {
          clearTimeout(timer)
          resolve(packet)
        },
        reject: fail,
      }
      const timer = setTimeout(() => {
        if (this.#waiters.delete(waiter)) fail(this.#failure('nothing more came'))
      }, patience)
      if (this.#ended !== undefined) return fail(this.#failure(this.#ended.message))
      this.#waiters.add(waiter)
    })
  }

  #failure(why: string): ConformanceError {
    return new ConformanceError(`${why} (untaken: ${this.toString()})`)
  }

  toString(): string {
    return this.waiting.length > 0 ? this.waiting.map(describe).join(', ') : 'nothing'
  }
}
