import type { Ledger } from './ledger.ts'

/** The part of the ceiling, and of each share, that is only for what ends with its connection. */
const RESERVE = 1 / 8

/** A message as it is counted: once in the sum, however many keep it. */
export interface Message {
  /** Bytes that keeping it takes. */
  readonly size: number
  /** What it was counted with. */
  keptSize: number
  /** How many keep it. */
  keepers: number
}

/** How many of each thing one owner may have; infinity for no limit. */
export interface OwnerBounds {
  /** At a time. */
  readonly connections: number
  /** Sessions that outlive their connection. */
  readonly sessions: number
  /** Of all sessions. */
  readonly subscriptions: number
  /** Topics with a retained message of the owner's. */
  readonly retained: number
}

/** What one owner holds. */
export class Account implements OwnerBounds {
  /** Whose it is; empty for the broker's own. */
  readonly owner: string
  /** Counted while the ledger's bounds have a limit for them. */
  connections = 0
  sessions = 0
  subscriptions = 0
  retained = 0
  readonly #ledger: Ledger
  readonly #share: number
  #held = 0

  /** Internal: see {@link Ledger.accountOf}. */
  constructor(ledger: Ledger, owner: string, share: number) {
    this.#ledger = ledger
    this.owner = owner
    this.#share = share
  }

  /** Bytes held. */
  get held(): number {
    return this.#held
  }

  /** Whether the owner may have one more; the broker itself always may. */
  admits(what: keyof OwnerBounds): boolean {
    return this.owner === '' || this[what] < this.#ledger.bounds[what]
  }

  /** Counts a connection, until {@link disconnect}. */
  connect(): void {
    this.#open()
    this.connections++
  }

  disconnect(): void {
    this.connections--
    this.#close()
  }

  /**
   * Counts bytes that are about to be kept; false, and nothing counted, where they do not fit.
   * @param lasting They outlive the connection: then the last eighth of ceiling and share is not for them.
   */
  charge(bytes: number, lasting: boolean): boolean {
    if (!this.#fits(bytes, bytes, lasting)) return false
    this.#add(bytes, bytes)
    return true
  }

  /** Counts bytes that are kept in any case, because they take the place of others or have been accepted. */
  add(bytes: number): void {
    this.#add(bytes, bytes)
  }

  /** They are not kept any more. */
  release(bytes: number): void {
    this.#remove(bytes, bytes)
  }

  /**
   * Counts a message that is about to be kept, and `extra` bytes for its place. Each owner is charged in full; the sum
   * counts the message once, however many keep it.
   */
  keep(message: Message, extra: number, lasting: boolean): boolean {
    const first = message.keepers === 0
    const size = first ? message.size : message.keptSize
    const bytes = size + extra
    const sum = first ? bytes : extra
    if (!this.#fits(bytes, sum, lasting)) return false
    if (first) message.keptSize = size
    message.keepers++
    this.#add(bytes, sum)
    return true
  }

  /** As {@link keep}, for what is kept in any case. */
  keepAnyway(message: Message, extra: number): void {
    const first = message.keepers === 0
    if (first) message.keptSize = message.size
    message.keepers++
    const bytes = message.keptSize + extra
    this.#add(bytes, first ? bytes : extra)
  }

  /** Gives up a message that {@link keep} counted, with the same `extra`. */
  giveUp(message: Message, extra: number): void {
    message.keepers--
    const bytes = message.keptSize + extra
    this.#remove(bytes, message.keepers === 0 ? bytes : extra)
  }

  #fits(bytes: number, sum: number, lasting: boolean): boolean {
    const ledger = this.#ledger
    const part = lasting ? 1 - RESERVE : 1
    if (this.#held + bytes <= this.#share * part && ledger.held + sum <= ledger.ceiling * part) return true
    ledger.refusals++
    ledger.refused = this
    return false
  }

  #add(bytes: number, sum: number): void {
    this.#open()
    this.#held += bytes
    this.#ledger.held += sum
  }

  #remove(bytes: number, sum: number): void {
    this.#held -= bytes
    this.#ledger.held -= sum
    this.#close()
  }

  /** The owner is remembered from the first thing that it holds ... */
  #open(): void {
    if (this.#held === 0 && this.connections === 0 && this.owner !== '') this.#ledger.open(this)
  }

  /** ... to the last. */
  #close(): void {
    if (this.#held === 0 && this.connections === 0 && this.owner !== '') this.#ledger.close(this)
  }
}
