import type { Change, Entry, KeyRange, OrderedStore } from '@mqtt-stack/core/backend'
import { settle } from '@mqtt-stack/testing'
import type { HeldCommits } from './backend-under-test.ts'
import { seen } from './seen.ts'

/** A batch that waits. */
interface Held {
  readonly batch: readonly Change[]
  letThrough(): void
}

/** An ordered store whose commits can be held, made to fail, and cut off; everything else is the inner store's. */
export class FaultyStore implements OrderedStore {
  readonly #inner: OrderedStore
  #holding = false
  #held: Held | undefined
  #failure: Error | undefined
  #crashed = false
  #writing: Promise<unknown> = Promise.resolve()

  constructor(inner: OrderedStore) {
    this.#inner = inner
  }

  open(): void | Promise<void> {
    return seen(this.#inner.open())
  }

  close(): void | Promise<void> {
    return this.#crashed ? undefined : seen(this.#inner.close())
  }

  read(range: KeyRange, limit: number): readonly Entry[] | Promise<readonly Entry[]> {
    return seen(this.#inner.read(range, limit))
  }

  async write(batch: readonly Change[]): Promise<void> {
    if (this.#holding) await this.#wait(batch)
    // Who was killed hears nothing any more.
    if (this.#crashed) return new Promise(() => {})
    if (this.#failure !== undefined) throw this.#failure
    const written = Promise.resolve(seen(this.#inner.write(batch)))
    this.#writing = written.catch(() => {})
    await written
  }

  /** As if the process was killed; see `BackendUnderTest.crash`. */
  async crash(underWay: 'lost' | 'written'): Promise<void> {
    this.#crashed = true
    await this.#writing
    if (underWay === 'written' && this.#held !== undefined) await this.#inner.write(this.#held.batch)
    await this.#inner.close()
  }

  /** From now on each commit fails, until the function that it answers is called. */
  failWrites(): () => void {
    this.#failure = new Error('no space left on device')
    return () => {
      this.#failure = undefined
    }
  }

  /** From now on each commit waits until it is let through. */
  holdCommits(): HeldCommits {
    this.#holding = true
    return {
      next: async () => {
        await settle()
        const held = this.#held
        if (held === undefined) return false
        held.letThrough()
        // It begins in a later turn.
        await settle()
        await this.#writing
        await settle()
        return true
      },
      release: () => {
        this.#holding = false
        this.#held?.letThrough()
      },
    }
  }

  #wait(batch: readonly Change[]): Promise<void> {
    return new Promise((resolve) => {
      const letThrough = (): void => {
        this.#held = undefined
        resolve()
      }
      this.#held = { batch, letThrough }
    })
  }
}
