/** A subscription of the process itself. */
import type { Stack } from '../contract/index.ts'
import { StackError } from '../errors/index.ts'
import type { Publish, QoS } from '../packets/index.ts'
import { isValidTopicFilter, parseShare } from '../topics/index.ts'
import { OwnClient } from './own-client.ts'

/** How the process subscribes. */
export interface OwnSubscriptionOptions {
  /** The most that messages come with; 0 by default. */
  readonly qos?: QoS
  /** The group that it shares the filter with, so that each message goes to one of its members. */
  readonly share?: string
  /** Messages keep their retain flag; false by default. */
  readonly retainAsPublished?: boolean
  /** Whether what is retained already comes first; true by default. A shared subscription gets none of it. */
  readonly retained?: boolean
  /** Calls of the listener at a time; 1 by default: each is waited for, in order. */
  readonly concurrency?: number
  /** Messages that may wait for the listener; 1,000 by default. Of QoS 0 further ones are dropped and told; others wait in the broker. */
  readonly queue?: number
  /** Bytes of them; 8 MiB by default. */
  readonly queueBytes?: number
  /** Ends it. */
  readonly signal?: AbortSignal
  /** Takes what the listener throws; by default the stack's `errorHandler`. */
  readonly onError?: (error: Error, packet: Publish) => void
}

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
 * @throws StackError `FILTER_INVALID`, `OPTION_INVALID` or `SUBSCRIBE_REFUSED`.
 */
export async function subscribeProcess(
  stack: Stack,
  filter: string,
  listener: OwnListener,
  options: OwnSubscriptionOptions = {},
): Promise<OwnSubscription> {
  const { share, signal } = options
  const whole = share === undefined ? filter : `$share/${share}/${filter}`
  check(whole, options)
  signal?.throwIfAborted()
  const subscription = new Subscription(stack, whole, listener, options)
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
  readonly #options: OwnSubscriptionOptions
  readonly #own: OwnClient
  readonly #queue: Publish[] = []
  #bytes = 0
  #running = 0
  #isEnding = false
  #over!: (reason: string | undefined) => void

  constructor(stack: Stack, filter: string, listener: OwnListener, options: OwnSubscriptionOptions) {
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
    const { qos = 0, retainAsPublished = false, retained = true, concurrency = 1 } = this.#options
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
    const { queue = 1_000, queueBytes = 8_388_608, concurrency = 1 } = this.#options
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

function check(
  filter: string,
  { concurrency = 1, queue = 1_000, queueBytes = 1 }: OwnSubscriptionOptions,
): void {
  if (!isValidTopicFilter(filter) || parseShare(filter)?.malformed === true)
    throw new StackError('FILTER_INVALID', `not a topic filter: ${JSON.stringify(filter)}`)
  for (const [name, value] of Object.entries({ concurrency, queue, queueBytes })) {
    if (Number.isInteger(value) && value > 0 && value <= 65_535 * 65_535) continue
    throw new StackError(
      'OPTION_INVALID',
      `subscribe: option "${name}" must be a whole number of at least 1, not ${value}`,
    )
  }
}
