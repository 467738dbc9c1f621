/** How many bytes the broker keeps because of its clients, in all and for each of them. */
import type { OwnerBounds } from './account.ts'
import { Account } from './account.ts'
import type { Connected } from './owner.ts'
import { ownerOf } from './owner.ts'

/** The part of the ceiling that outboxes may hold before QoS 0 to slow clients is dropped earlier. */
const OUTBOXES = 1 / 4
/** The part that outboxes may hold before that, when the ledger is nearly full. */
const OUTBOXES_WHEN_FULL = 1 / 16
const FULL = 15 / 16
/** Bytes that may be pending for a client when outboxes hold too much. */
const CROWDED = 16_384

const NO_BOUNDS: OwnerBounds = Object.freeze({
  connections: Number.POSITIVE_INFINITY,
  sessions: Number.POSITIVE_INFINITY,
  subscriptions: Number.POSITIVE_INFINITY,
  retained: Number.POSITIVE_INFINITY,
})

/** What a ledger may hold. */
export interface LedgerLimits {
  /** Bytes in all. */
  readonly memoryCeiling: number
  /** The part of them that one owner may have: above 0, at most 1. */
  readonly memoryShare: number
}

/** Memory on which ledgers note something. */
type Held = ArrayBufferLike & { [holders: symbol]: number | undefined }

/** A connection, whose session remembers the account. */
export interface Holder extends Connected {
  readonly session: Connected['session'] & { account: Account | undefined }
}

/** Where a message comes from: a connection, or a publisher that is known without one. */
export interface Origin {
  readonly client?: Holder | undefined
  readonly publisher?: { readonly clientId: string; readonly account?: Account | undefined } | undefined
}

/**
 * Counts the bytes that clients make the broker keep: one sum with a ceiling, and an account for each owner (an
 * identity or, for the anonymous, a network address). Whoever keeps something asks the owner's account first, and
 * refuses with 0x97 what does not fit. What was accepted stays, however full the ledger becomes.
 */
export class Ledger {
  /** The most bytes that may be held. */
  readonly ceiling: number
  /** The most that one owner may hold. */
  readonly share: number
  /** Bytes held now. */
  held = 0
  /** Bytes that wait in outboxes; part of `held`. */
  outboxes = 0
  /** How often something was refused, and for whom the last time. */
  refusals = 0
  refused: Account | undefined
  /**
   * How many connections, sessions, subscriptions and retained messages one owner may have; no limits unless somebody
   * sets some, before clients come. Backends refuse what is above them with 0x97; what is there stays.
   */
  bounds: OwnerBounds = NO_BOUNDS
  readonly #accounts = new Map<string, Account>()
  /** Accounts that hold nothing: an owner never has two, for both would have a share. */
  readonly #idle = new Map<string, WeakRef<Account>>()
  readonly #forgotten = new FinalizationRegistry<string>((owner) => {
    if (this.#idle.get(owner)?.deref() === undefined) this.#idle.delete(owner)
  })
  /** On memory that waits in outboxes: the number of writes that it waits in. A Map would keep it, see `Roster`. */
  readonly #holders = Symbol('holders')
  /** What the broker keeps for itself, such as what `broker.publish()` retains: bounded by the ceiling alone. */
  readonly own: Account
  /**
   * What clients keep that ends with their connection and is too small to look for its owner: bounded by the
   * ceiling and by the number of connections.
   */
  readonly common: Account

  constructor({ memoryCeiling, memoryShare }: LedgerLimits) {
    this.ceiling = memoryCeiling
    this.share = Math.floor(memoryCeiling * memoryShare)
    this.own = new Account(this, '', memoryCeiling)
    this.common = new Account(this, '', memoryCeiling)
  }

  /** How many owners hold something. */
  get owners(): number {
    return this.#accounts.size
  }

  /** The account of whoever a connection belongs to; kept on its session, which may outlive the connection. */
  accountOf(client: Holder): Account {
    client.session.account ??= this.account(ownerOf(client))
    return client.session.account
  }

  /** The account that a message's keeping is counted on: its publisher's, connected or not, or the broker's own. */
  accountFor({ client, publisher }: Origin): Account {
    return client === undefined ? (publisher?.account ?? this.own) : this.accountOf(client)
  }

  /** The account of an owner. One that holds nothing is remembered by those alone who ask for it. */
  account(owner: string): Account {
    const known = this.#accounts.get(owner) ?? this.#idle.get(owner)?.deref()
    if (known !== undefined) return known
    const account = new Account(this, owner, this.share)
    this.#rest(account)
    this.#forgotten.register(account, owner)
    return account
  }

  /** The accounts of all who hold something, in the order in which they began to. */
  accounts(): IterableIterator<Account> {
    return this.#accounts.values()
  }

  /** Internal: the first thing that an owner holds. */
  open(account: Account): void {
    this.#idle.delete(account.owner)
    this.#accounts.set(account.owner, account)
  }

  /** Internal: an owner holds nothing any more. */
  close(account: Account): void {
    this.#accounts.delete(account.owner)
    this.#rest(account)
  }

  #rest(account: Account): void {
    this.#idle.set(account.owner, new WeakRef(account))
  }

  /** Internal: an outbox holds so many bytes more, or fewer. */
  weigh(bytes: number): void {
    this.outboxes += bytes
    this.held += bytes
  }

  /** Internal: memory that is to be sent to clients counts once, however many of them it waits for. */
  hold(memory: ArrayBufferLike): void {
    const held = memory as Held
    const holders = held[this.#holders] ?? 0
    held[this.#holders] = holders + 1
    if (holders === 0) this.weigh(memory.byteLength)
  }

  /** Internal: one who held it does not any more. */
  drop(memory: ArrayBufferLike): void {
    const held = memory as Held
    const holders = held[this.#holders] ?? 0
    if (holders === 0) return
    held[this.#holders] = holders - 1
    if (holders === 1) this.weigh(-memory.byteLength)
  }

  /** What one client may have waiting: less than what it may otherwise, while outboxes hold much in all. */
  allowance(highWater: number): number {
    if (this.outboxes <= this.ceiling * OUTBOXES_WHEN_FULL) return highWater
    if (this.outboxes <= this.ceiling * OUTBOXES && this.held <= this.ceiling * FULL) return highWater
    return Math.min(highWater, CROWDED)
  }
}
