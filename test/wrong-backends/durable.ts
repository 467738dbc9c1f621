/** Backends that are wrong, each in one thing about what outlives the process. */

import type { BackendUnderTest, Bounds } from '@mqtt-stack/conformance/backend'
import { FaultyStore } from '@mqtt-stack/conformance/backend'
import type { Context, Store, StoredMessage } from '@mqtt-stack/core'
import type { Change, Entry, KeyRange, OrderedStore } from '@mqtt-stack/core/backend'
import { MemoryStore } from '@mqtt-stack/testing'
import { RightBackend } from './over-memory-store.ts'

/** Answers with the identifiers that were committed when a session was asked for. */
export class ReadsIdentifiersEarly extends RightBackend {
  readonly #committed = new Map<string, Set<number>>()

  override async openSession(ctx: Context<'openSession'>, store: Store<'openSession'>): Promise<void> {
    const early = [...this.#of(ctx.clientId)]
    await super.openSession(ctx, store)
    // Of an earlier process only the right backend knows.
    if (store.present === true && this.#committed.has(ctx.clientId)) store.inboundIds = early
    else this.#committed.set(ctx.clientId, new Set(store.inboundIds))
  }

  override async storeInboundMessage(ctx: Context<'storeInboundMessage'>): Promise<void> {
    await super.storeInboundMessage(ctx)
    this.#of(ctx.clientId).add(ctx.packetId)
  }

  override async releaseInboundMessages(ctx: Context<'releaseInboundMessages'>): Promise<void> {
    await super.releaseInboundMessages(ctx)
    for (const id of ctx.packetIds) this.#of(ctx.clientId).delete(id)
  }

  override relayMessage(ctx: Context<'relayMessage'>, store: Store<'relayMessage'>): void | Promise<void> {
    const { inbound } = ctx
    const later = super.relayMessage(ctx, store)
    if (inbound === undefined) return later
    return Promise.resolve(later).then(() => void this.#of(inbound.clientId).add(inbound.packetId))
  }

  #of(clientId: string): Set<number> {
    const known = this.#committed.get(clientId)
    if (known !== undefined) return known
    return new Set()
  }
}

/** Finds messages that are on their way to the disk. */
export class ShowsWhatIsNotCommitted extends RightBackend {
  readonly #staged = new Map<string, StoredMessage[]>()

  override storeOfflineMessage(
    ctx: Context<'storeOfflineMessage'>,
    store: Store<'storeOfflineMessage'>,
  ): void | Promise<void> {
    const later = super.storeOfflineMessage(ctx, store)
    const { sequence } = store
    if (later === undefined || sequence === undefined) return later
    const staged = this.#staged.get(ctx.clientId) ?? []
    const message = { ...ctx, sequence, released: false }
    staged.push(message as StoredMessage)
    this.#staged.set(ctx.clientId, staged)
    const forget = (): void => void staged.splice(staged.indexOf(message as StoredMessage), 1)
    later.then(forget, forget)
    return later
  }

  override async lookupOfflineMessages(
    ctx: Context<'lookupOfflineMessages'>,
    store: Store<'lookupOfflineMessages'>,
  ): Promise<void> {
    await super.lookupOfflineMessages(ctx, store)
    const { after = 0, limit = Number.POSITIVE_INFINITY } = ctx
    for (const message of this.#staged.get(ctx.clientId) ?? [])
      if (message.sequence > after && store.length < limit) store.push(message)
  }
}

/** Commits the identifier of a message, and then the message. */
export class KeepsHalfAUnit extends RightBackend {
  override async relayMessage(ctx: Context<'relayMessage'>, store: Store<'relayMessage'>): Promise<void> {
    const { inbound } = ctx
    if (inbound !== undefined) {
      await this.storeInboundMessage(inbound)
      Object.assign(ctx, { inbound: undefined })
    }
    await super.relayMessage(ctx, store)
  }
}

/** Answers the publisher before the commit. */
export class AcknowledgesEarly extends RightBackend {
  override relayMessage(ctx: Context<'relayMessage'>, store: Store<'relayMessage'>): void {
    Promise.resolve(super.relayMessage(ctx, store)).catch(() => {})
  }
}

/** Answers the publisher of a message that could not be written. */
export class HidesFailures extends RightBackend {
  override async relayMessage(ctx: Context<'relayMessage'>, store: Store<'relayMessage'>): Promise<void> {
    await Promise.resolve(super.relayMessage(ctx, store)).catch(() => {})
  }
}

/** Counts the sequences of a log that it finds empty from 1. */
export class HandsOutASequenceAgain extends RightBackend {
  /** What the right backend counts before the log's first sequence. */
  readonly #before = new Map<string, number>()

  override storeOfflineMessage(
    ctx: Context<'storeOfflineMessage'>,
    store: Store<'storeOfflineMessage'>,
  ): void | Promise<void> {
    const isFirst = !this.#before.has(ctx.clientId) && this.stats.messages === 0
    const later = super.storeOfflineMessage(ctx, store)
    const { sequence } = store
    if (sequence === undefined) return later
    if (isFirst) this.#before.set(ctx.clientId, sequence - 1)
    store.sequence = sequence - this.#of(ctx)
    return later
  }

  override async lookupOfflineMessages(
    ctx: Context<'lookupOfflineMessages'>,
    store: Store<'lookupOfflineMessages'>,
  ): Promise<void> {
    const found: StoredMessage[] = []
    const before = this.#of(ctx)
    await super.lookupOfflineMessages(
      { ...ctx, ...(ctx.after !== undefined && { after: ctx.after + before }) },
      found,
    )
    store.push(...found.map((message) => ({ ...message, sequence: message.sequence - before })))
  }

  override removeOfflineMessages(ctx: Context<'removeOfflineMessages'>): void | Promise<void> {
    return super.removeOfflineMessages({ ...ctx, sequences: this.#rightOnes(ctx) })
  }

  override releaseOfflineMessages(ctx: Context<'releaseOfflineMessages'>): void | Promise<void> {
    return super.releaseOfflineMessages({ ...ctx, sequences: this.#rightOnes(ctx) })
  }

  #rightOnes(ctx: { clientId: string; sequences: readonly number[] }): number[] {
    return ctx.sequences.map((sequence) => sequence + this.#of(ctx))
  }

  #of({ clientId }: { clientId: string }): number {
    return this.#before.get(clientId) ?? 0
  }
}

/** Keeps the will of a connection in memory until it has to wait. */
export class ForgetsWhoWasConnected extends RightBackend {
  override openSession(ctx: Context<'openSession'>, store: Store<'openSession'>): void | Promise<void> {
    return super.openSession({ ...ctx, will: undefined }, store)
  }
}

/** Says that a batch is written when the next one is. */
class LateStore implements OrderedStore {
  readonly #inner: OrderedStore
  #last: readonly Change[] = []
  #crashed = false

  constructor(inner: OrderedStore) {
    this.#inner = inner
  }

  open(): void | Promise<void> {
    return this.#inner.open()
  }

  async close(): Promise<void> {
    if (!this.#crashed) await this.#inner.write(this.#last)
    await this.#inner.close()
  }

  read(range: KeyRange, limit: number): readonly Entry[] | Promise<readonly Entry[]> {
    return this.#inner.read(range, limit)
  }

  write(batch: readonly Change[]): Promise<void> {
    const before = this.#last
    this.#last = batch
    return this.#inner.write(before)
  }

  crash(): void {
    this.#crashed = true
  }
}

/** `create` for a backend whose store loses what it has written last when the process is killed. */
export function losesTheLastBatch(bounds: Bounds): BackendUnderTest {
  const disk = new MemoryStore()
  const open = (): BackendUnderTest => {
    const late = new LateStore(disk)
    const store = new FaultyStore(late)
    return {
      backend: new RightBackend(bounds, store),
      reopen: open,
      crash: (underWay) => {
        late.crash()
        return store.crash(underWay)
      },
      holdCommits: () => store.holdCommits(),
      failWrites: () => store.failWrites(),
    }
  }
  return open()
}
