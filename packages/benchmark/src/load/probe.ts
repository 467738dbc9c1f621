import { Worker } from 'node:worker_threads'
import type { Target } from './wire.ts'

/** What the thread is told: forget the waits so far; tell the longest since. */
export type ProbeQuestion = 'begin' | 'tell'
/** What it answers, waits in ms. */
export type ProbeAnswer = { readonly ready: true } | { readonly longest: number } | { readonly lost: string }

/**
 * An honest client that does nothing but ping, in a thread of its own: how long does it wait for an answer while others
 * keep the broker busy? What the attackers' own event loop does is not measured.
 */
export class Probe {
  readonly #worker: Worker
  #resolve: (wait: number) => void = () => {}
  #reject: (error: Error) => void = () => {}

  private constructor(target: Target) {
    this.#worker = new Worker(new URL('./probe-worker.js', import.meta.url), { workerData: target })
    this.#worker.on('message', (answer: ProbeAnswer) => {
      if ('lost' in answer) this.#reject(new Error(answer.lost))
      else this.#resolve('longest' in answer ? answer.longest : 0)
    })
    this.#worker.on('error', (error) => this.#reject(error as Error))
  }

  /** Resolves when it is connected. */
  static async open(target: Target): Promise<Probe> {
    const probe = new Probe(target)
    await probe.#answer()
    return probe
  }

  /** Forgets the waits so far. */
  begin(): void {
    this.#ask('begin')
  }

  /** The longest wait since {@link begin}, in ms; that of a ping under way is waited for. */
  async longest(): Promise<number> {
    const answer = this.#answer()
    this.#ask('tell')
    return await answer
  }

  async close(): Promise<void> {
    this.#reject = () => {}
    await this.#worker.terminate()
  }

  #ask(question: ProbeQuestion): void {
    this.#worker.postMessage(question)
  }

  #answer(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }
}
