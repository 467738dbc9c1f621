/** What nodes hand each other at once or not at all, by pub/sub: Redis keeps none of it. */
import type { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { ClientOptions } from './client.ts'
import { backoff, makeConnection } from './client.ts'
import type { Argument, Link } from './link.ts'
import type { Address, Target } from './target.ts'

/** How much may be on its way to Redis, in bytes; what would be more is dropped. */
const ON_THEIR_WAY = 4 * 1_024 * 1_024

export class Casts {
  readonly #link: Link
  readonly #target: Target
  readonly #options: ClientOptions
  /** Of this node. */
  readonly #channel: string
  readonly #take: (bytes: Uint8Array) => void
  #onTheirWay = 0
  #connection: Redis | undefined
  #address: Address | undefined
  #beat: NodeJS.Timeout | undefined
  /** An empty cast of this node to itself has not come back yet. */
  #isAwaiting = false
  #isClosed = false

  constructor(
    link: Link,
    target: Target,
    options: ClientOptions,
    channel: string,
    take: (bytes: Uint8Array) => void,
  ) {
    this.#link = link
    this.#target = target
    this.#options = options
    this.#channel = channel
    this.#take = take
  }

  /** Answers when what is cast comes here, or the first try to have it so has failed. */
  async open(): Promise<void> {
    this.#address = this.#target.addresses[0]
    await this.#connect().catch(() => {})
    void this.#keep()
    // A connection that is dead may look alive.
    this.#beat = setInterval(() => this.#listen(), this.#options.silence).unref()
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#beat)
    this.#connection?.disconnect()
  }

  cast(channel: string, bytes: Uint8Array): void {
    if (this.#link.lost !== undefined || this.#onTheirWay + bytes.length > ON_THEIR_WAY) return
    this.#onTheirWay += bytes.length
    const done = (): void => {
      this.#onTheirWay -= bytes.length
    }
    this.#link.try('SPUBLISH', [channel, bytes] as Argument[]).then(done, done)
  }

  async #keep(): Promise<void> {
    for (let times = 0; !this.#isClosed; times++) {
      try {
        if (this.#connection === undefined) await this.#connect()
        times = 0
        await once(this.#connection!, 'end')
      } catch {
        // It is tried again.
      }
      this.#connection = undefined
      if (!this.#isClosed) await delay(backoff(times), undefined, { ref: false })
    }
  }

  async #connect(): Promise<void> {
    const connection = makeConnection(this.#target, this.#options, this.#address)
    let trouble: Error | undefined
    connection.on('error', (error: Error) => {
      trouble = error
    })
    connection.on('smessageBuffer', (_: Buffer, bytes: Buffer) => {
      this.#isAwaiting = false
      if (bytes.length > 0) this.#take(bytes)
    })
    try {
      await connection.connect()
      await connection.ssubscribe(this.#channel)
      this.#isAwaiting = false
      this.#connection = connection
      if (this.#isClosed) connection.disconnect()
    } catch (error) {
      connection.disconnect()
      this.#address = movedTo((trouble ?? error) as Error, this.#address!) ?? this.#anyAddress()
      throw error
    }
  }

  #listen(): void {
    const connection = this.#connection
    if (connection === undefined || this.#link.lost !== undefined) return
    if (this.#isAwaiting) {
      connection.disconnect()
      return
    }
    this.#isAwaiting = true
    this.cast(this.#channel, new Uint8Array(0))
  }

  #anyAddress(): Address {
    const { addresses } = this.#target
    return addresses[Math.floor(Math.random() * addresses.length)]
  }
}

/** Where a node of a Cluster says that the channel is. */
function movedTo({ message }: Error, asked: Address): Address | undefined {
  const found = /^MOVED \d+ (.*):(\d+)$/.exec(message)
  return found === null ? undefined : { host: found[1] || asked.host, port: Number(found[2]) }
}
