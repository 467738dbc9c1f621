/** Many clients: opened one after another, at work until the end, and closed. */
import { setMaxListeners } from 'node:events'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MqttClient } from 'mqtt'
import type { Target } from '../client/client-flags.ts'
import { closeClient, openClient } from '../client/open-client.ts'
import { Histogram } from './histogram.ts'
import { Tally } from './tally.ts'

export interface CrowdOptions {
  /** How many clients. */
  readonly count: number
  /** Between one and the next, in ms. */
  readonly interval: number
  readonly target: Target
  /** Of the client of this number, from 1; one that nobody has without it. */
  readonly clientId: (index: number) => string | undefined
  /** Is over when this client has done its part; `signal` tells that it should, or that the client is lost. */
  readonly work: (client: MqttClient, index: number, signal: AbortSignal) => Promise<void>
}

/** Clients that may be on their way to the broker at a time. */
const OPENING = 200
/** Reasons of failures that are told apart. */
const REASONS = 10

export class Crowd {
  readonly connected: Tally = new Tally()
  /** From dialling to CONNACK, in ms. */
  readonly times: Histogram = new Histogram()
  /** Why clients failed, and how many did. */
  readonly failures: Map<string, number> = new Map()
  failed = 0
  lost = 0
  readonly #options: CrowdOptions
  readonly #end = new AbortController()
  readonly #clients = new Set<MqttClient>()

  constructor(options: CrowdOptions) {
    this.#options = options
    setMaxListeners(0, this.#end.signal)
  }

  /** Ends all work. */
  stop(): void {
    this.#end.abort()
  }

  /** Is over when all have done their part, or the end has come, and all clients are closed. */
  async run(): Promise<void> {
    const { count, interval } = this.#options
    const { signal } = this.#end
    const ended = new Promise((resolve) => signal.addEventListener('abort', resolve))
    const jobs: Promise<void>[] = []
    const opening = new Set<Promise<unknown>>()
    for (let index = 1; index <= count && !signal.aborted; index++) {
      if (index > 1) await pause(interval, signal)
      while (opening.size >= OPENING && !signal.aborted) await Promise.race([...opening, ended])
      if (signal.aborted) break
      const made = this.#open(index)
      opening.add(made)
      jobs.push(made.then((client) => this.#work(client, index, () => opening.delete(made))))
    }
    await Promise.race([Promise.all(jobs), ended])
    this.stop()
    await Promise.all([...this.#clients].map((client) => this.#close(client)))
  }

  /** Counts one that failed, with its reason. */
  fail(error: Error): void {
    const { message } = error
    const known = this.failures.has(message) || this.failures.size < REASONS
    const reason = known ? message : 'other reasons'
    this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1)
    this.failed++
  }

  async #open(index: number): Promise<MqttClient | undefined> {
    const { target, clientId } = this.#options
    const began = performance.now()
    const add = (client: MqttClient): void => {
      this.#clients.add(client)
      if (this.#end.signal.aborted) client.stream.destroy()
    }
    try {
      const client = await openClient(target, clientId(index), add)
      this.connected.add()
      this.times.add(performance.now() - began)
      return client
    } catch (error) {
      if (!this.#end.signal.aborted) this.fail(error as Error)
      return undefined
    }
  }

  async #work(client: MqttClient | undefined, index: number, opened: () => void): Promise<void> {
    opened()
    if (client === undefined) return
    const gone = new AbortController()
    client.once('close', () => {
      if (!this.#end.signal.aborted) this.lost++
      gone.abort()
    })
    try {
      await this.#options.work(client, index, AbortSignal.any([this.#end.signal, gone.signal]))
    } catch (error) {
      // What a lost connection leaves unanswered is told as lost.
      if (!this.#end.signal.aborted && !gone.signal.aborted) this.fail(error as Error)
    }
  }

  #close(client: MqttClient): Promise<void> | undefined {
    if (client.connected) return closeClient(client)
    client.stream.destroy()
    return undefined
  }
}

/** So many ms, or until `signal`. */
export async function pause(time: number, signal: AbortSignal): Promise<void> {
  if (time > 0 && !signal.aborted) await sleep(time, undefined, { signal }).catch(() => {})
}

/** Until `signal`. */
export function until(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
