/** Figures once a second, for whoever looks on. */
import type { IntervalHistogram } from 'node:perf_hooks'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { ClientList, Stack } from '@mqtt-stack/core'

/** Nanoseconds. */
const MILLISECOND = 1_000_000

/** How the broker is. Counts are since somebody looks on. */
export interface Figures {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Clients that are connected. */
  readonly clients: number
  readonly connected: number
  readonly disconnected: number
  readonly refused: number
  /** Messages that were relayed; what the broker says of itself (`$SYS`) is left out. */
  readonly published: number
  /** Messages that were dropped, once for each receiver. */
  readonly dropped: number
  /** Bytes that clients make the broker keep. */
  readonly kept: number
  /** Bytes of the process. */
  readonly rss: number
  readonly heap: number
  /** How late the event loop was since the figures before, in ms. */
  readonly loopMean: number
  readonly loopMax: number
}

/** Counts while somebody looks on. */
export class FigureCounts {
  connected = 0
  disconnected = 0
  refused = 0
  published = 0
  dropped = 0
  readonly #stack: Stack
  readonly #clients: ClientList
  readonly #delay: IntervalHistogram

  constructor(stack: Stack, clients: ClientList) {
    this.#stack = stack
    this.#clients = clients
    this.#delay = monitorEventLoopDelay({ resolution: 20 })
    this.#delay.enable()
  }

  /** What is now, and what was since the look before. */
  take(): Figures {
    const { connected, disconnected, refused, published, dropped } = this
    const { rss, heapUsed } = process.memoryUsage()
    const [mean, max] = [this.#delay.mean, this.#delay.max].map(lateness)
    this.#delay.reset()
    return {
      at: this.#stack.clock.wall(),
      clients: this.#clients.size,
      connected,
      disconnected,
      refused,
      published,
      dropped,
      kept: this.#stack.ledger.held,
      rss,
      heap: heapUsed,
      loopMean: mean ?? 0,
      loopMax: max ?? 0,
    }
  }

  stop(): void {
    this.#delay.disable()
  }
}

/** The monitor counts the time between two looks, which are 20 ms apart. */
function lateness(nanoseconds: number): number {
  const late = nanoseconds / MILLISECOND - 20
  return Number.isFinite(late) ? Math.round(Math.max(0, late) * 10) / 10 : 0
}
