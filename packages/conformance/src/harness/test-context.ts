/** What a test works with: clients, names of its own, time. */
import { setTimeout as delay } from 'node:timers/promises'
import type { ConnectInput, PublishInput } from '../wire/encode.ts'
import * as encode from '../wire/encode.ts'
import type { Version } from '../wire/packet-types.ts'
import type { Connack } from '../wire/packets.ts'
import { ConformanceError, Remark, Skip } from './errors.ts'
import { RawClient } from './raw-client.ts'
import type { Target } from './target.ts'

/** How many cases of a test are tried at a time. */
const TOGETHER = 8

export interface ConnectOptions extends ConnectInput {
  /** Instead of the test's version. */
  version?: Version
}

/** A connected client and how it was accepted. */
export interface Connected {
  readonly client: RawClient
  readonly connack: Connack
}

export class TestContext {
  readonly version: Version
  readonly target: Target
  /** Milliseconds of real time after which a packet is given up. */
  readonly patience: number
  /** Part of every name, so that tests, and runs, do not meet. */
  readonly #name: string
  readonly #clients: RawClient[] = []
  #names = 0

  constructor(version: Version, target: Target, name: string, patience: number) {
    this.version = version
    this.target = target
    this.#name = name
    this.patience = patience
  }

  /** A client identifier that nobody has: letters and digits, at most 23. */
  clientId(): string {
    return `${this.#name}c${++this.#names}`
  }

  /** A topic that nobody else uses, or one below it. */
  topic(below = ''): string {
    return `conformance/${this.#name}${below === '' ? '' : `/${below}`}`
  }

  /** A connection on which nothing was sent yet. */
  async open(version: Version = this.version, decode = true): Promise<RawClient> {
    const stream = await this.target.connect()
    return this.adopt(new RawClient(stream, { version, patience: this.patience, decode }))
  }

  /** Hangs up a client of the test's own when the test is over. */
  adopt(client: RawClient): RawClient {
    this.#clients.push(client)
    return client
  }

  /** A client that was accepted, with a client identifier of its own unless it brings one. */
  async connect(options: ConnectOptions = {}): Promise<RawClient> {
    return (await this.accepted(options)).client
  }

  /** The same, with the CONNACK. */
  async accepted({ version, ...input }: ConnectOptions = {}): Promise<Connected> {
    const client = await this.open(version)
    const connack = await client.connect(this.input(input))
    return { client, connack }
  }

  /** What a good CONNECT of this target says, with changes. */
  input(changes: ConnectInput = {}): ConnectInput {
    return { clientId: this.clientId(), ...this.target.credentials, ...changes }
  }

  /** CONNECT as bytes, of the test's version. */
  connectPacket(changes: ConnectInput = {}): Uint8Array {
    return encode.connect(this.version, this.input(changes))
  }

  /** Lets time pass, for the broker. */
  async advance(ms: number): Promise<void> {
    await (this.target.advance?.(ms) ?? delay(ms))
  }

  /**
   * Waits until whatever `from` caused so far has come to `to`: messages of QoS 0 and 1 go the same way, and what `to`
   * sent is answered.
   * @param qos without 1 for receivers whose window is full
   */
  async barrier(to: RawClient, from: RawClient = to, qos: readonly number[] = [0, 1]): Promise<void> {
    await to.mark(`${this.#name}/${++this.#names}`, from, qos)
    await this.target.settle?.()
  }

  /** Publishes a retained message and waits until the broker has done all that follows from it. */
  async keep(client: RawClient, message: PublishInput): Promise<void> {
    await client.publish({ ...message, retain: true })
    await this.barrier(client)
  }

  /** What fails here breaks no demand of the standard. */
  async recommended(check: Promise<void>): Promise<void> {
    try {
      await check
    } catch (error) {
      throw error instanceof Skip ? error : new Remark((error as Error).message)
    }
  }

  /** Nothing that `from` caused comes to `to`. */
  async silent(to: RawClient, from: RawClient = to, qos?: readonly number[]): Promise<void> {
    await this.barrier(to, from, qos)
    to.expectNothing()
  }

  /**
   * Does the same for each of several cases. All are tried, some at a time; what is thrown names the first that failed, and how many did.
   * A case that breaks what is demanded goes before one that breaks what is recommended.
   */
  async each<Case>(
    cases: Readonly<Record<string, Case>>,
    run: (one: Case, name: string) => Promise<void>,
  ): Promise<void> {
    const failures: Error[] = []
    const waiting = Object.entries(cases)
    async function work(): Promise<void> {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [name, one] = next
        try {
          await run(one, name)
        } catch (error) {
          const failure = error as Error
          if (failure instanceof Skip) throw failure
          failure.message = `${name}: ${failure.message}`
          failures.push(failure)
        }
      }
    }
    // Those that wait in vain wait together.
    await Promise.all(Array.from({ length: TOGETHER }, work))
    const worst = failures.find((failure) => !(failure instanceof Remark)) ?? failures[0]
    if (worst === undefined) return
    if (failures.length > 1) {
      worst.message += ` (and ${failures.length - 1} more of ${Object.keys(cases).length})`
    }
    throw worst
  }

  /** The test does not apply. */
  skip(reason: string): never {
    throw new Skip(reason)
  }

  /** What must be known about the broker for this test. */
  need<Key extends keyof Target>(key: Key): NonNullable<Target[Key]> {
    return this.target[key] ?? this.skip(`the target says nothing about ${key}`)
  }

  /** Fails unless it holds. */
  check(holds: boolean, otherwise: string): void {
    if (!holds) throw new ConformanceError(otherwise)
  }

  /** Hangs up all clients; whatever one of them was sent and should not have been fails the test. */
  finish(): void {
    for (const client of this.#clients) client.stream.destroy()
    for (const { problem } of this.#clients) if (problem !== undefined) throw problem
  }
}
