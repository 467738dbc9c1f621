/** A way to Redis that is made again when it breaks: what is asked of it is asked again for a bounded time. */
import { Buffer } from 'node:buffer'
import { Histogram, StackError } from '@mqtt-stack/core'
import { Cluster } from 'ioredis'
import type { Client, ClientOptions } from './client.ts'
import { backoff, isOfDatabase, makeClient } from './client.ts'
import { bare, failed, isOfReplicas, isPassing, isRefusal, isReply, unusable } from './failures.ts'
import type { Script } from './scripts/script.ts'
import type { Target } from './target.ts'

export type Argument = string | number | Uint8Array

export interface LinkOptions extends ClientOptions {
  /** How many replicas must have what is written by {@link Link.runSafely}. */
  readonly replicas: number
  /** How long a call waits for Redis, in ms. */
  readonly patience: number
  /** What all keys begin with. */
  readonly prefix: string
  /** Told that Redis is out of reach, and why; or (nothing) that it is back. */
  readonly reach?: (failure: Error | undefined) => void
}

export class Link {
  readonly client: Client
  /** What was asked and answered, in seconds. */
  readonly trips: Histogram = new Histogram()
  readonly #label: string
  readonly #options: LinkOptions
  /** Why there is no connection. */
  #trouble: Error | undefined
  #lost: Error | undefined
  #isOpen = false
  #isClosed = false
  /** Whoever waits before it asks again. */
  readonly #waiting = new Set<() => void>()

  constructor(target: Target, options: LinkOptions) {
    this.#label = target.label
    this.#options = options
    this.client = makeClient(target, options)
    // A connection without its database is ready, and at its end.
    let isInVain = false
    this.client.on('connect', () => {
      isInVain = false
    })
    this.client.on('error', (error: Error) => {
      this.#trouble = error
      if (isOfDatabase(error)) isInVain = true
    })
    this.client.on('node error', (error: Error) => {
      this.#trouble = error
    })
    this.client.on('ready', () => {
      if (isInVain) return
      this.#trouble = undefined
      this.#wake()
    })
  }

  /** @throws StackError `STORE_UNUSABLE`, which says why; so does all that is asked before {@link begin} */
  async open(): Promise<void> {
    this.client.connect().catch(() => {})
    await this.command('PING', [])
  }

  /** From now on Redis may be out of reach for a while. */
  begin(): void {
    this.#isOpen = true
    // Who asks nothing hears nothing: a connection that breaks is looked at.
    this.client.on('close', () => {
      if (!this.#isClosed) this.#lose(this.#trouble ?? new Error('Connection is closed.'), '')
    })
  }

  close(): void {
    this.#isClosed = true
    this.client.disconnect()
    this.#wake()
  }

  /** Redis is out of reach, and why. */
  get lost(): Error | undefined {
    return this.#lost
  }

  command(name: string, args: readonly Argument[], patience?: number): Promise<unknown> {
    return this.ask(() => this.try(name, args), args[0], patience)
  }

  /** What is under each key. In a Cluster they are in many places. */
  async values(keys: readonly string[]): Promise<(string | undefined)[]> {
    if (keys.length === 0) return []
    const found =
      this.client instanceof Cluster
        ? await Promise.all(keys.map((key) => this.command('GET', [key])))
        : ((await this.command('MGET', keys)) as (Buffer | null)[])
    return found.map((value) => (value === null ? undefined : String(value)))
  }

  /** Asks once, of the connection as it is. */
  try(name: string, args: readonly Argument[]): Promise<unknown> {
    return this.client.callBuffer(name, args.map(wire))
  }

  run(
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
    patience?: number,
  ): Promise<unknown> {
    return this.ask(() => this.once(script, keys, args), keys[0], patience)
  }

  /** The same, and answers when as many replicas have it as are wanted. It is asked again where they have not. */
  runSafely(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    if (this.#options.replicas === 0) return this.run(script, keys, args)
    const wired: (string | number | Buffer)[] = [script.sha, script.keys, ...keys]
    for (const arg of args) wired.push(wire(arg))
    const replicate = (): Promise<unknown> =>
      this.#replicate('EVALSHA', wired).catch((error: Error) => {
        if (!error.message.startsWith('NOSCRIPT')) throw error
        return this.#replicate('EVAL', [script.text, ...wired.slice(1)])
      })
    return this.ask(replicate, keys[0])
  }

  /** The same of a command, whose first argument is its key. */
  commandSafely(name: string, args: readonly Argument[]): Promise<unknown> {
    if (this.#options.replicas === 0) return this.command(name, args)
    return this.ask(() => this.#replicate(name, args.map(wire)), args[0])
  }

  /**
   * Asks until there is an answer, or it was tried for long enough: it may have been made more than once then, or may be made yet.
   * @param key Some key of what is asked: it says which part of a Cluster has to be in reach.
   * @throws StackError `STORE_FAILED`, or `STORE_UNUSABLE` while it opens
   */
  async ask<T>(
    make: () => Promise<T>,
    key: Argument = '',
    patience: number = this.#options.patience,
  ): Promise<T> {
    const until = performance.now() + patience
    let before: Error | undefined
    for (let times = 0; ; times++) {
      if (this.#isClosed) throw new StackError('STORE_CLOSED', 'redis-backend: the store is closed')
      try {
        const began = performance.now()
        const answer = await within(make(), until - began)
        this.trips.observe((performance.now() - began) / 1_000)
        if (times > 0) this.#wake()
        return answer
      } catch (thrown) {
        if (this.#isClosed) continue
        // The last try may have had no time for an answer.
        const error = this.#whyOf(thrown === LATE ? (before ?? LATE) : (thrown as Error))
        before = error
        if (!isPassing(error) || (!this.#isOpen && isRefusal(error))) throw this.#failed(error)
        if (!isOfReplicas(error)) this.#lose(error, key)
        const left = until - performance.now()
        if (left <= 1) throw this.#failed(error)
        await this.#pause(Math.min(left, backoff(times)))
      }
    }
  }

  /** On one connection, one behind the other. */
  async #replicate(name: string, args: readonly (string | number | Buffer)[]): Promise<unknown> {
    const { replicas, silence, patience } = this.#options
    const pipeline = this.client.pipeline()
    pipeline.callBuffer(name, [...args])
    pipeline.call('WAIT', [replicas, Math.floor(Math.min(silence, patience) / 4)])
    const [[failure, answer], [, count]] = (await pipeline.exec()) as [Error | null, unknown][]
    if (failure !== null) throw failure
    if (Number(count) < replicas)
      throw new Error(`WAITED for ${replicas} replicas, of which ${Number(count)} have it`)
    return answer
  }

  /** Asks once. A Redis that does not know the script yet is given it. */
  async once(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const wired: (string | number | Buffer)[] = [script.sha, script.keys, ...keys]
    for (const arg of args) wired.push(wire(arg))
    try {
      return await this.client.callBuffer('EVALSHA', wired)
    } catch (error) {
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error
      wired[0] = script.text
      return this.client.callBuffer('EVAL', wired)
    }
  }

  /** Waits, but not longer than until Redis may be in reach again. */
  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      this.#waiting.add(end)
    })
  }

  #wake(): void {
    for (const end of [...this.#waiting]) end()
  }

  /** What the connection failed with says more than that there is none. */
  #whyOf(error: Error): Error {
    return isReply(error) ? error : (this.#trouble ?? error)
  }

  #failed(error: Error): StackError {
    return (this.#isOpen ? failed : unusable)(this.#label, bare(error))
  }

  #lose(error: Error, key: Argument): void {
    if (!this.#isOpen || this.#lost !== undefined) return
    this.#lost = failed(this.#label, bare(error))
    this.#options.reach?.(this.#lost)
    void this.#probe(this.#probeKey(String(key)))
  }

  #found(): void {
    if (this.#lost === undefined || this.#isClosed) return
    this.#lost = undefined
    this.#options.reach?.(undefined)
    this.#wake()
  }

  /** A key that nobody has, in the same slot. */
  #probeKey(key: string): string {
    const tag = /\{([^}]+)\}/.exec(key)?.[1] ?? key
    return `${this.#options.prefix}{${tag}}:probe`
  }

  /** Asks until Redis is in reach: for something that is refused where nothing can be written. */
  async #probe(key: string): Promise<void> {
    for (let times = 0; this.#lost !== undefined && !this.#isClosed; times++) {
      try {
        await within(this.client.callBuffer('DEL', [key]), this.#options.silence)
        this.#found()
      } catch (error) {
        if (isPassing(error as Error)) await this.#pause(backoff(times))
        else this.#found()
      }
    }
  }
}

function wire(arg: Argument): string | number | Buffer {
  return arg instanceof Uint8Array ? Buffer.from(arg.buffer, arg.byteOffset, arg.byteLength) : arg
}

const LATE = new Error('Socket timeout')

async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    // Where this process stood still the answer may have come meanwhile, and is read first.
    timer = setTimeout(() => setImmediate(() => reject(LATE)), Math.max(ms, 1))
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
