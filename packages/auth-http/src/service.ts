/** A web service that is asked questions. */
import type { Stack } from '@mqtt-stack/core'
import type { CircuitOptions } from './circuit.ts'
import { Circuit } from './circuit.ts'
import { CircuitOpen, Unanswered, WrongAnswer } from './failures.ts'
import type { TransportOptions } from './transport.ts'
import { Transport } from './transport.ts'
import { Turns } from './turns.ts'

export interface ServiceOptions extends CircuitOptions, Omit<TransportOptions, 'connections'> {
  /** Who asks, for the log. */
  readonly owner: string
  readonly retries: number
  readonly concurrency: number
  readonly waiting: number
}

/** What is wrong with an answer, in words; undefined: nothing. */
export type Judge = (answer: unknown) => string | undefined

export class Service {
  readonly #options: ServiceOptions
  /** Without the query, which may hold a secret. */
  readonly #where: string
  readonly #transport: Transport
  readonly #turns: Turns
  readonly #circuit: Circuit
  #stack!: Pick<Stack, 'clock' | 'log'>
  /** What was logged last, so that it is logged once. */
  #complaint: string | undefined

  constructor(options: ServiceOptions) {
    const { url, concurrency, waiting, timeout } = options
    this.#options = options
    this.#where = url.origin + url.pathname
    this.#transport = new Transport({ ...options, connections: concurrency })
    this.#turns = new Turns(concurrency, waiting, timeout)
    this.#circuit = new Circuit(options)
  }

  start(stack: Pick<Stack, 'clock' | 'log'>): void {
    this.#stack = stack
  }

  stop(): void {
    this.#transport.close()
  }

  /** Nobody asks it any more: what was asked is answered, and its connections end then. */
  retire(): void {
    this.#transport.retire()
  }

  /** Whether it has something to answer. */
  get busy(): boolean {
    return this.#turns.running > 0
  }

  /**
   * Asks, and again where that may help. Rejects with one of `failures.ts`.
   * @param problem What is wrong with an answer, in words.
   */
  async ask<Answer>(body: string, problem: Judge): Promise<Answer> {
    const { clock } = this.#stack
    if (!this.#circuit.admits(clock)) throw new CircuitOpen()
    try {
      const answer = await this.#turns.take(clock, () => this.#insist(body, problem))
      this.#succeed()
      return answer as Answer
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  /** Asks once, for somebody who only wants to know: nothing is counted or logged because of it. */
  async askDry<Answer>(body: string, problem: Judge): Promise<Answer> {
    const { clock } = this.#stack
    if (this.#circuit.open) throw new CircuitOpen()
    return this.#turns.take(clock, async () =>
      readAnswer(await this.#transport.post(body, clock), problem),
    ) as Promise<Answer>
  }

  async #insist(body: string, problem: Judge): Promise<unknown> {
    for (let left = this.#options.retries; ; left--) {
      try {
        return readAnswer(await this.#transport.post(body, this.#stack.clock), problem)
      } catch (error) {
        if (left <= 0 || !(error instanceof Unanswered)) throw error
      }
    }
  }

  #succeed(): void {
    this.#complaint = undefined
    if (!this.#circuit.succeeded()) return
    this.#stack.log.event('service.recovered', { owner: this.#options.owner, url: this.#where })
  }

  /** Notes and logs that there was no answer. */
  #fail(error: unknown): void {
    const { owner, cooldown } = this.#options
    const { clock, log } = this.#stack
    if (error instanceof Unanswered) {
      this.#complain(`does not answer: ${error.message}`)
      if (this.#circuit.failed(clock)) log.event('service.paused', { owner, url: this.#where, ms: cooldown })
    } else if (error instanceof WrongAnswer) {
      // It is there: what one client sends must not close the door for all others.
      this.#circuit.succeeded()
      this.#complain(`does not answer as it should: ${error.message}`)
    } else this.#circuit.withdrawn()
  }

  #complain(cause: string): void {
    const fields = { owner: this.#options.owner, url: this.#where, cause }
    if (this.#complaint !== cause) this.#stack.log.event('service.failed', fields)
    this.#complaint = cause
  }
}

/** @throws WrongAnswer for what is no JSON, or does not fit. */
function readAnswer(text: string, problemOf: Judge): unknown {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    throw new WrongAnswer('it answered what is no JSON')
  }
  const problem = problemOf(answer)
  if (problem !== undefined) throw new WrongAnswer(`in its answer ${problem}`)
  return answer
}
