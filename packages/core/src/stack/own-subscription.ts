/** A subscription of the process itself. */
import type { Resolved, Stack } from '../contract/index.ts'
import type { Publish, QoS } from '../packets/index.ts'
import { OwnClient } from './own-client.ts'
import type { OwnSubscriptionOptions } from './own-subscription-options.ts'
import { resolveSubscription } from './own-subscription-options.ts'

/**
 * Is given each message, which is the listener's to keep. One that answers a promise is waited for: QoS 1 and 2 are
 * acknowledged when it is fulfilled. A message with which it fails does not come again.
 */
export type OwnListener = (packet: Publish) => unknown

/** A subscription that is open. */
export interface OwnSubscription {
  /** As it was asked for, with its group. */
  readonly filter: string
  /** Granted. */
  readonly qos: QoS
  /** Of the client that it is. */
  readonly clientId: string
  /** Messages that wait for the listener. */
  readonly waiting: number
  /** QoS 0 messages that were dropped because the listener was slow. */
  readonly dropped: number
  /** Messages with which the listener failed. */
  readonly failed: number
  /** Fulfils when it is over: with nothing where it was ended here, or with why. */
  readonly ended: Promise<string | undefined>
  /** Ends it; what waits for the listener is left. Fulfils when it is over. */
  end(): Promise<void>
}

/** QoS 1 and 2 messages that come before one is acknowledged, at least. */
const WINDOW = 32

/**
 * Subscribes the process: as a client of its own, by the transport `process`, whom nobody asks who it is or what it may
 * do. It gets what any client would get: retained messages, what other nodes relay, its part of a shared subscription.
 * The stack must have been started.
 * @throws StackError `FILTER_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID` or `SUBSCRIBE_REFUSED`.
 */
export async function subscribeProcess(
  stack: Stack,
  filter: string,
  listener: OwnListener,
  options: OwnSubscriptionOptions = {},
): Promise<OwnSubscription> {
  const asked = resolveSubscription(filter, listener, options)
  const { signal } = options
  signal?.throwIfAborted()
  const subscription = new Subscription(stack, asked.filter, listener, asked.options)
  await subscription.open()
  signal?.addEventListener('abort', () => void subscription.end(), { once: true })
  if (signal?.aborted === true) await subscription.end()
  return subscription
}

class Subscription implements OwnSubscription {
  readonly filter: string
  readonly ended: Promise<string | undefined>
  qos: QoS = 0
  dropped = 0
  failed = 0
  readonly #stack: Stack
  readonly #listener: OwnListener
  readonly #options: Resolved<OwnSubscriptionOptions>
  readonly #own: OwnClient
  readonly #queue: Publish[] = []
  #bytes = 0
  #running = 0
  #isEnding = false
  #over!: (reason: string | undefined) => void

  constructor(
    stack: Stack,
    filter: string,
    listener: OwnListener,
    options: Resolved<OwnSubscriptionOptions>,
  ) {
    this.#stack = stack
    this.filter = filter
    this.#listener = listener
    this.#options = options
    this.ended = new Promise((resolve) => {
      this.#over = resolve
    })
    this.#own = new OwnClient(stack, {
      message: (packet) => this.#take(packet),
      closed: (reason) => {
        this.#queue.length = 0
        this.#over(this.#isEnding ? undefined : (reason ?? 'the connection was closed'))
      },
    })
  }

  get clientId(): string {
    return this.#own.client.id
  }

  get waiting(): number {
    return this.#queue.length
  }

  async open(): Promise<void> {
    const { qos, retainAsPublished, retained, concurrency } = this.#options
    const asked = { filter: this.filter, qos, retainAsPublished, retained }
    try {
      this.qos = await this.#own.open(asked, Math.max(WINDOW, concurrency))
    } catch (error) {
      void this.end()
      throw error
    }
  }

  async end(): Promise<void> {
    this.#isEnding = true
    this.#queue.length = 0
    this.#own.end()
    await this.ended
  }

  #take(packet: Publish): void {
    const { queue, queueBytes, concurrency } = this.#options
    const { client } = this.#own
    const isFull = this.#queue.length >= queue || this.#bytes + packet.length > queueBytes
    if (packet.qos === 0 && isFull && this.#running >= concurrency) {
      this.dropped++
      const told = { clientId: client.id, client, packet, reason: 'queue-full' as const, count: 1 }
      this.#stack.tell('messageDropped', told)
      return
    }
    packet.own()
    this.#queue.push(packet)
    this.#bytes += packet.length
    if (this.#running < concurrency) this.#stack.background(() => this.#run())
  }

  /** One call of the listener after the other, until nothing waits. */
  async #run(): Promise<void> {
    const { pace } = this.#stack
    this.#running++
    try {
      for (let packet = this.#next(); packet !== undefined; packet = this.#next()) {
        await this.#hand(packet)
        if (pace.spent) await pace.rest()
      }
    } finally {
      this.#running--
    }
  }

  #next(): Publish | undefined {
    const packet = this.#queue.shift()
    if (packet !== undefined) this.#bytes -= packet.length
    return packet
  }

  async #hand(packet: Publish): Promise<void> {
    let isFailed = false
    try {
      await this.#listener(packet)
    } catch (error) {
      isFailed = true
      this.failed++
      const { onError = (failure: Error) => this.#stack.fail(failure, undefined, packet) } = this.#options
      onError(error as Error, packet)
    } finally {
      if (packet.qos > 0 && !this.#isEnding) this.#own.acknowledge(packet, isFailed)
    }
  }
}
