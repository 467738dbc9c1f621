import type { Client } from '../contract/index.ts'
import type { Account, Ledger } from '../memory/index.ts'
import { SESSION_COST } from './costs.ts'
import type { Receiver } from './deliver.ts'
import type { StoredSession } from './disk/records.ts'
import { SessionState } from './session-state.ts'
import type { Residence } from './shared/residence.ts'
import type { WillRecord } from './wills.ts'

/** One session. */
export class SessionRecord implements Receiver {
  readonly clientId: string
  /** Who made it; nobody else may have it. */
  readonly identity: string | undefined
  epoch = 0
  /** Of its first opening: older ones were another session's of this name. */
  firstEpoch = 0
  client: Client | undefined = undefined
  stored = false
  /** When it is over, by the stack's clock (ms), while nobody is connected to it. */
  expiresAt: number = Number.POSITIVE_INFINITY
  /** Seconds that it lasts without a connection. */
  expiryInterval = 0
  /** Of its connection, or of the last one while it waits. */
  will: WillRecord | undefined = undefined
  /** It waited when the session was opened again, and is put aside until that connection is accepted. */
  earlierWill: WillRecord | undefined = undefined
  /** Begins its keys on a disk; 0 for a session that is kept on none. */
  id = 0
  /** Sequences up to here may be handed out before it is written again. */
  sequences = 0
  /** Those of them that an earlier process cannot have left unsaid: up to here none is given twice. */
  reserved = 0
  /** Filters that it is subscribed to; made with the first. */
  filters: Set<string> | undefined = undefined
  /** Where several nodes are one service: that it is at home here, or on its way. */
  residence: Residence | undefined = undefined
  /** Made when there is something to keep: most sessions end with their connection. */
  state: SessionState | undefined = undefined

  readonly #ledger: Ledger
  /** Bytes on the owner's account, those of the log left out. */
  #charged = 0
  #account: Account | undefined = undefined
  /** Where the session itself is counted: not with its owner, whose address is a system call, if it ends with its connection. */
  #base: Account | undefined = undefined
  /** Where its connection is counted, if connections are. */
  #seat: Account | undefined = undefined

  /** @param left What an earlier process left of it. */
  constructor(clientId: string, identity: string | undefined, ledger: Ledger, left?: StoredSession) {
    this.clientId = clientId
    this.identity = identity
    this.#ledger = ledger
    if (left === undefined) return
    const { id, epoch, firstEpoch, stored, expiryInterval, sequences, owner } = left
    this.#account = ledger.account(owner)
    Object.assign(this, { id, epoch, firstEpoch, stored, expiryInterval, sequences, reserved: sequences })
  }

  /** Whose bytes it keeps: looked up with the first, for most sessions end with their connection and keep none. */
  get account(): Account {
    if (this.#account === undefined) {
      const { client } = this
      this.#account = client === undefined ? this.#ledger.own : this.#ledger.accountOf(client)
    }
    return this.#account
  }

  /** Counts the session itself; false where there is no room for it. */
  open(): boolean {
    const bytes = SESSION_COST + this.clientId.length
    this.#base = this.stored ? this.account : this.#ledger.common
    if (!this.#base.charge(bytes, this.stored)) {
      this.#base = undefined
      return false
    }
    if (this.stored) this.#base.sessions++
    return true
  }

  /** A client is connected to it from now on. */
  join(client: Client): void {
    this.client = client
    if (this.#ledger.bounds.connections === Number.POSITIVE_INFINITY) return
    this.#seat = this.#ledger.accountOf(client)
    this.#seat.connect()
  }

  /** Nobody is any more. */
  leave(): void {
    this.client = undefined
    this.#seat?.disconnect()
    this.#seat = undefined
  }

  /** Counts a subscription of so many bytes; false where the owner may not have another. */
  subscribe(bytes: number): boolean {
    if (!this.account.admits('subscriptions') || !this.charge(bytes)) return false
    this.account.subscriptions++
    return true
  }

  /** Counts one that is there already. */
  resubscribe(bytes: number): void {
    this.account.add(bytes)
    this.account.subscriptions++
    this.#charged += bytes
  }

  unsubscribe(bytes: number): void {
    this.account.subscriptions--
    this.release(bytes)
  }

  /** Counts the session itself, which is there already. */
  restore(): void {
    this.#base = this.stored ? this.account : this.#ledger.common
    this.#base.add(SESSION_COST + this.clientId.length)
    if (this.stored) this.#base.sessions++
  }

  /** Counts what is about to be kept; false where it does not fit. */
  charge(bytes: number): boolean {
    if (!this.account.charge(bytes, this.stored)) return false
    this.#charged += bytes
    return true
  }

  /** It is not kept any more. */
  release(bytes: number): void {
    this.#charged -= bytes
    this.account.release(bytes)
  }

  /** The session's state, to add to it; made at the first call. */
  ensureState(): SessionState {
    this.state ??= new SessionState(this.account, this.id !== 0)
    return this.state
  }

  /** The session is over: nothing of it is kept. */
  end(): void {
    this.state?.log.clear()
    this.state = undefined
    if (this.#charged > 0) this.release(this.#charged)
    if (this.stored && this.#base !== undefined) this.#base.sessions--
    this.#base?.release(SESSION_COST + this.clientId.length)
    this.#base = undefined
    this.#seat?.disconnect()
    this.#seat = undefined
  }
}
