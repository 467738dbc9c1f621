/** Who looks on at the chains of a stack: followers, and those who want to know how long handlers take. */
import type { EndWatcher, FollowedRun, Follower, HandlerActivity, Observation } from '../contract/index.ts'
import { StackError } from '../errors/index.ts'
import type { HandlerChain } from './chain.ts'
import { clientOf } from './client-of.ts'
import { Ends } from './ends.ts'
import type { Note } from './noted.ts'
import { noted, noteOf, timed } from './noted.ts'
import type { Anything, Step } from './step.ts'

/** One run in so many at least has its time taken. */
const EVERY = 1_024

/** One run that somebody looks on at. */
export interface WatchedRun {
  readonly steps: readonly Step[]
  end(error?: unknown): void
}

/** What chains ask for. */
export interface ChainWatch {
  readonly ends: Ends
  /** Each run is to be shown to {@link begin}. */
  readonly isFollowed: boolean
  /** Some runs are, for their times. */
  readonly isTimed: boolean
  /** `undefined` where nobody looks on at this run. */
  begin(chain: HandlerChain, subject: Anything, store: Anything): WatchedRun | undefined
}

export interface ObservedStack {
  now(): number
  chains(): Iterable<HandlerChain>
  /** Puts the chains together anew. */
  compile(): void
  /** Takes what a follower throws: no client is to blame. */
  fail(error: Error): void
}

export class Observing implements Observation, ChainWatch {
  readonly #stack: ObservedStack
  readonly ends: Ends
  readonly #followers = new Set<Follower>()
  /** Of each who asked for times, how close. */
  readonly #spacings = new Map<symbol, number>()
  #every = EVERY

  constructor(stack: ObservedStack) {
    this.#stack = stack
    this.ends = new Ends((error) => stack.fail(error))
  }

  get isFollowed(): boolean {
    return this.#followers.size > 0
  }

  get isTimed(): boolean {
    return this.#spacings.size > 0
  }

  activity(): readonly HandlerActivity[] {
    return [...this.#stack.chains()].flatMap((chain) => chain.activity())
  }

  time(every: number = EVERY): () => void {
    if (!Number.isInteger(every) || every < 1)
      throw new StackError('OPTION_INVALID', `time: one run in ${every}: say a whole number, from 1 on`)
    const asked = Symbol('times')
    this.#spacings.set(asked, every)
    this.#changed()
    return () => {
      if (this.#spacings.delete(asked)) this.#changed()
    }
  }

  follow(follower: Follower): () => void {
    this.#followers.add(follower)
    this.#changed()
    return () => this.#leave(follower)
  }

  watchEnds(watcher: EndWatcher): () => void {
    this.ends.add(watcher)
    this.#stack.compile()
    return () => {
      if (this.ends.remove(watcher)) this.#stack.compile()
    }
  }

  begin(chain: HandlerChain, subject: Anything, store: Anything): WatchedRun | undefined {
    const { now } = this.#stack
    const isTimed = this.isTimed && chain.isTimed(now(), this.#every)
    const client = this.isFollowed ? clientOf(subject) : undefined
    const followers = [...this.#followers].filter((one) => this.#wants(one, chain, client, subject, store))
    if (!isTimed && followers.length === 0) return undefined
    const plain = isTimed ? chain.steps.map((step) => timed(step, now)) : chain.steps
    if (followers.length === 0) return { steps: plain, end: () => {} }
    const notes: Note[] = []
    const taker = { now, isAsked: (name: string) => chain.isAsked(subject, name), stops: chain.stops }
    const steps = plain.map((step) => {
      const note = noteOf(step)
      notes.push(note)
      return noted(step, note, taker)
    })
    const since = now()
    const end = (error?: unknown): void => {
      const run: FollowedRun = {
        callback: chain.name,
        client,
        ctx: subject,
        store,
        steps: notes,
        since,
        milliseconds: now() - since,
        error: error as Error | undefined,
      }
      for (const one of followers) this.#guarded(one, () => one.ran(run))
    }
    return { steps, end }
  }

  #wants(
    follower: Follower,
    chain: HandlerChain,
    client: FollowedRun['client'],
    subject: Anything,
    store: Anything,
  ): boolean {
    return this.#guarded(follower, () => follower.wants(client, subject, chain.name, store)) === true
  }

  /** A follower that throws follows no more. */
  #guarded<T>(follower: Follower, call: () => T): T | undefined {
    if (!this.#followers.has(follower)) return undefined
    try {
      return call()
    } catch (error) {
      this.#leave(follower)
      this.#stack.fail(error as Error)
      return undefined
    }
  }

  #leave(follower: Follower): void {
    if (this.#followers.delete(follower)) this.#changed()
  }

  #changed(): void {
    this.#every = Math.min(...this.#spacings.values())
    for (const chain of this.#stack.chains()) chain.rearm()
  }
}
