import type { Client, Context, SessionContext } from '../contract/index.ts'
import { Slot } from '../contract/index.ts'
import { StackError } from '../errors/index.ts'
import type { Ledger } from '../memory/index.ts'
import type { Pace, Steps } from '../time/index.ts'
import { ChurnMap } from '../topics/index.ts'
import type { StoredSession } from './disk/records.ts'
import { ExpiryIndex } from './expiry-index.ts'
import { SessionOrder } from './session-order.ts'
import { SessionRecord } from './session-record.ts'

/** Who a call is about; the seed's contexts have the client, or the identifier, alone. */
export type Addressed = Partial<SessionContext> & { readonly client?: Client | undefined }

/** The record of a connection; a connection without an opened session has one that ends with it. */
class Entry {
  record: SessionRecord | undefined
}

const entry = new Slot(() => new Entry())

/** All sessions, by client identifier, and the fence that keeps calls for an older opening out. */
export class Sessions {
  readonly #records = new ChurnMap<SessionRecord>()
  readonly #expiring = new ExpiryIndex<SessionRecord>()
  readonly #onGone: (record: SessionRecord) => void
  readonly #ledger: () => Ledger
  /** Made for the first who asks for a list. */
  #order: SessionOrder | undefined
  #unnamed = 0
  #newestEpoch = 0
  #stored = 0

  /** @param onGone Called for each record that is over. */
  constructor(ledger: () => Ledger, onGone: (record: SessionRecord) => void) {
    this.#ledger = ledger
    this.#onGone = onGone
  }

  get size(): number {
    return this.#records.size
  }

  /** Sessions that outlive their connection. */
  get stored(): number {
    return this.#stored
  }

  /** Sessions without a connection that end when their time is over. */
  get expiring(): number {
    return this.#expiring.size
  }

  get all(): SessionRecord[] {
    const records: SessionRecord[] = []
    this.#records.pushInto(records)
    return records
  }

  /** All of them in the order of their client identifiers; others have their turn while it is made. */
  *inOrder(pace: Pace): Steps<SessionOrder> {
    this.#order ??= new SessionOrder()
    const order = this.#order
    yield* order.complete(
      () => this.all,
      (record) => this.#records.get(record.clientId) === record,
      pace,
    )
    return order
  }

  get(clientId: string): SessionRecord | undefined {
    return this.#records.get(clientId)
  }

  /** The session that is there, if its time is not over. */
  living(clientId: string, now: number): SessionRecord | undefined {
    const record = this.#records.get(clientId)
    if (record === undefined || record.client !== undefined || record.expiresAt > now) return record
    this.remove(record)
    return undefined
  }

  /** Opens a session that was found, or a new one; nothing where the ledger has no room for it. */
  open(ctx: Context<'openSession'>, found: SessionRecord | undefined): SessionRecord | undefined {
    const { client, clientId } = ctx
    const record = found ?? this.#make(ctx)
    if (record === undefined) return undefined
    // A new session's epoch is above that of every older one, so that calls for an older one of this name are refused.
    record.epoch = (found?.epoch ?? this.#newestEpoch) + 1
    this.#newestEpoch = Math.max(this.#newestEpoch, record.epoch)
    record.join(client)
    record.expiryInterval = ctx.expiryInterval
    this.#records.set(clientId, record)
    if (found === undefined) this.#order?.add(record)
    this.#stay(record)
    entry.of(client).record = record
    return record
  }

  /** The epoch that would be handed out next. */
  get nextEpoch(): number {
    return this.#newestEpoch + 1
  }

  /** An earlier process may have handed out epochs up to this one. */
  restoreEpochs(newest: number): void {
    this.#newestEpoch = newest
  }

  /** A session that an earlier process left, or that comes from another node; it is over at `at`, by the stack's clock (ms). */
  restore(stored: StoredSession, at: number): SessionRecord {
    const { clientId, identity } = stored
    const record = new SessionRecord(clientId, identity, this.#ledger(), stored)
    record.restore()
    if (record.stored) this.#stored++
    this.#newestEpoch = Math.max(this.#newestEpoch, record.epoch)
    this.#records.set(clientId, record)
    this.#order?.add(record)
    this.leave(record, at)
    return record
  }

  #make({ client, clientId, identity, expiryInterval }: Context<'openSession'>): SessionRecord | undefined {
    const record = new SessionRecord(clientId, identity, this.#ledger())
    record.client = client
    record.stored = expiryInterval > 0
    record.firstEpoch = this.#newestEpoch + 1
    if (!record.open()) return undefined
    if (record.stored) this.#stored++
    return record
  }

  /** Nobody is connected to it any more; it is over at `at`, by the stack's clock (ms). */
  leave(record: SessionRecord, at: number): void {
    this.#stay(record)
    record.expiresAt = at
    this.#expiring.add(record, at)
  }

  due(now: number, limit: number): SessionRecord[] {
    return this.#expiring.due(now, limit)
  }

  /** It is not found to be over, until it is left anew. */
  hold(record: SessionRecord): void {
    this.#expiring.delete(record, record.expiresAt)
  }

  /** It does not wait for its end any more. */
  #stay(record: SessionRecord): void {
    this.#expiring.delete(record, record.expiresAt)
    record.expiresAt = Number.POSITIVE_INFINITY
  }

  remove(record: SessionRecord): void {
    this.#stay(record)
    if (this.#records.get(record.clientId) === record) {
      this.#records.delete(record.clientId)
      this.#order?.remove(record.clientId)
      if (record.stored) this.#stored--
    }
    this.#onGone(record)
  }

  /** The record of a session, or of a connection without one. */
  find({ client, clientId = client?.id ?? '' }: Addressed): SessionRecord | undefined {
    const named = this.#records.get(clientId)
    if (named !== undefined || client === undefined) return named
    const { record } = entry.of(client)
    return record?.epoch === 0 ? record : undefined
  }

  /**
   * The record that a call is about, if there is one.
   * @throws StackError `STALE_EPOCH` unless it is the session's newest opening that calls.
   */
  checked(ctx: Addressed): SessionRecord | undefined {
    const record = this.find(ctx)
    if (record === undefined || ctx.epoch === undefined || ctx.epoch === record.epoch) return record
    throw stale(ctx)
  }

  /** As {@link checked}, for calls that need a record. */
  current(ctx: Addressed): SessionRecord {
    const record = this.checked(ctx)
    if (record !== undefined) return record
    if (ctx.client === undefined || (ctx.epoch ?? 0) !== 0) throw stale(ctx)
    return this.of(ctx.client)
  }

  /** The record of a connection, made if it opened no session. */
  of(client: Client): SessionRecord {
    const state = entry.of(client)
    if (state.record === undefined) {
      const record = new SessionRecord(`\0${++this.#unnamed}`, undefined, this.#ledger())
      record.client = client
      state.record = record
      client.onClose(() => this.#onGone(record))
    }
    if (state.record.client === client) return state.record
    throw stale(state.record)
  }

  /** The record that a connection has, if any. */
  peek(client: Client): SessionRecord | undefined {
    return entry.of(client).record
  }
}

function stale({ client, clientId = client?.id ?? '', epoch = 0 }: Addressed): StackError {
  return new StackError('STALE_EPOCH', `session "${clientId}" of epoch ${epoch} is not the current one`)
}
