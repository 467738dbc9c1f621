import type { Context, RetainedMessage, Store } from '../contract/index.ts'
import { proceed } from '../time/index.ts'
import type { Parts } from './parts.ts'

/** Retained messages where they are kept: in memory alone, on the disk of this process, or in a store that all nodes share. */
export class KeptRetained {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  store(ctx: Context<'storeRetainedMessage'>, store: Store<'storeRetainedMessage'>): void | Promise<void> {
    const { disk, retained, sharedRetained, stack } = this.#parts
    if (sharedRetained !== undefined) return sharedRetained.store(ctx, store)
    const account = stack.ledger.accountFor(ctx)
    const now = stack.clock.now()
    if (disk === undefined) {
      retained.store(ctx, store, account, now)
      return
    }
    const staged = retained.stage(ctx, store, account, now)
    if (staged.message === undefined) disk.removeRetained(ctx.topic)
    else disk.putRetained(staged.message, account.owner)
    return disk.commits.commit(staged.apply, staged.revert)
  }

  lookup(
    ctx: Context<'lookupRetainedMessages'>,
    store: Store<'lookupRetainedMessages'>,
  ): void | Promise<void> {
    const { retained, sharedRetained, stack } = this.#parts
    if (sharedRetained !== undefined) return sharedRetained.lookup(ctx, store)
    return proceed(retained.lookup(ctx, store, stack.clock.now(), stack.pace))
  }

  /** Fulfils when all is here that any node has stored before this call; nothing where there is one alone. */
  current(): Promise<void> | undefined {
    return this.#parts.sharedRetained?.current()
  }

  /** What the topic of a message has, when all that is on its way to the disk is there. */
  newest(message: RetainedMessage): RetainedMessage | undefined {
    // The store takes away this very one, or none.
    return this.#parts.sharedRetained === undefined ? this.#parts.retained.newest(message.topic) : message
  }

  /** Takes a message away. */
  remove(message: RetainedMessage): void | Promise<void> {
    const { disk, retained, sharedRetained } = this.#parts
    const { topic } = message
    if (sharedRetained !== undefined) return sharedRetained.remove(message)
    if (disk === undefined) return retained.remove(topic)
    const { apply, revert } = retained.stageRemoval(topic)
    disk.removeRetained(topic)
    return disk.commits.commit(apply, revert)
  }

  /** Removes those whose time is over. */
  sweep(): void | Promise<void> {
    const { retained, sharedRetained, stack } = this.#parts
    const now = stack.clock.now()
    sharedRetained?.sweep(now)
    return proceed(retained.sweep(now, stack.pace))
  }
}
