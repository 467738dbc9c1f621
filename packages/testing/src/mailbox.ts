/** Packets that came for a test client, and those who wait for one. */
import type { ReceivedPacket as Packet } from './test-client-options.ts'

/** What somebody waits for. */
export interface Wanted {
  /** In words, for the error. */
  readonly what: string
  matches(packet: Packet): boolean
}

interface Waiter {
  readonly wanted: Wanted
  readonly resolve: (packet: Packet) => void
  /** Rejects because of `why`. */
  readonly fail: (why: string) => void
}

export class Mailbox {
  readonly received: Packet[] = []
  /** What nobody has taken yet. */
  readonly waiting: Packet[] = []
  readonly #waiters = new Set<Waiter>()
  #closed: string | undefined

  /** A packet came. With `quietly` it is only noted. */
  deliver(packet: Packet, quietly: boolean): void {
    this.received.push(packet)
    if (quietly) return
    for (const waiter of this.#waiters) {
      if (!waiter.wanted.matches(packet)) continue
      this.#waiters.delete(waiter)
      waiter.resolve(packet)
      return
    }
    this.waiting.push(packet)
  }

  /** No more packets will come. */
  close(why: string): void {
    this.#closed = why
    for (const waiter of this.#waiters) waiter.fail(why)
    this.#waiters.clear()
  }

  /**
   * The oldest packet that is wanted and that nobody took, or the next to come. Once `patience` is over without one,
   * rejects with what came instead.
   */
  take(
    wanted: Wanted,
    patience: () => Promise<void>,
    caller: (...args: never[]) => unknown,
  ): Promise<Packet> {
    const at = this.waiting.findIndex((packet) => wanted.matches(packet))
    if (at >= 0) return Promise.resolve(this.waiting.splice(at, 1)[0])
    // Taken here, so that the trace shows the test's line.
    const trace: { stack?: string } = {}
    Error.captureStackTrace(trace, caller)
    const taken = new Promise<Packet>((resolve, reject) => {
      const fail = (why: string): void => reject(this.#failure(wanted, why, trace.stack))
      if (this.#closed !== undefined) {
        fail(this.#closed)
        return
      }
      const waiter = { wanted, resolve, fail }
      this.#waiters.add(waiter)
      void patience().then(() => {
        if (this.#waiters.delete(waiter)) fail('nothing more comes')
      })
    })
    // Whoever waits for it sees the rejection; whoever does not must not fail the process.
    taken.catch(() => {})
    return taken
  }

  #failure(wanted: Wanted, why: string, trace: string | undefined): Error {
    const received = this.received.length > 0 ? this.received.map(describe).join(', ') : 'nothing'
    const error = new Error(`waited for ${wanted.what}, but ${why} (received: ${received})`)
    error.stack = `Error: ${error.message}\n${trace?.split('\n').slice(1).join('\n') ?? ''}`
    return error
  }
}

/** A packet in a few words. */
export function describe(packet: Packet): string {
  if (packet.cmd === 'publish') return `publish ${packet.topic} at QoS ${packet.qos}`
  const id = packet.messageId === undefined ? '' : ` ${packet.messageId}`
  const code = 'returnCode' in packet && packet.returnCode ? ` refusing with ${packet.returnCode}` : ''
  const reason = 'reasonCode' in packet && packet.reasonCode ? ` with reason code ${packet.reasonCode}` : ''
  return `${packet.cmd}${id}${code}${reason}`
}
