import { nextMessageId } from '../../contract/index.ts'
import * as keys from '../disk/keys.ts'
import * as records from '../disk/records.ts'
import { WillRecord } from '../wills.ts'
import type { LeftWill } from './left-part.ts'
import type { Moving } from './moving.ts'
import type { ClaimedPart } from './shared-store.ts'

/** Wills of a dead node whose sessions were over: they are due. */
export class AdoptedWills {
  readonly #moving: Moving
  readonly #wills: WillRecord[] = []
  readonly #left: Uint8Array[] = []

  constructor(moving: Moving) {
    this.#moving = moving
  }

  /** Stages one to the disk. */
  take({ key, epoch, will }: LeftWill): void {
    const { wills, stack } = this.#moving.parts
    const { clientId, identity, owner, delay } = will
    const account = stack.ledger.account(owner)
    const publisher = { clientId, identity, account }
    // Epochs are each node's own.
    const isTaken = wills.get({ clientId, epoch }) !== undefined
    const init = { clientId, epoch: isTaken ? nextMessageId() : epoch, delay, publisher, account }
    const record = new WillRecord({ ...init, packet: undefined, session: undefined })
    record.sessionId = nextMessageId()
    this.#moving.disk.commits.put(keys.willKey(record.sessionId, record.epoch), records.writeWill(will))
    this.#wills.push(record)
    this.#left.push(Uint8Array.from(key))
  }

  /** They are durable here: they go where they were, and are published. */
  async settle(part: ClaimedPart): Promise<void> {
    if (this.#wills.length === 0) return
    const { wills, stack } = this.#moving.parts
    await part.write(this.#left.map((key) => ({ key, value: undefined })))
    const now = stack.clock.now()
    for (const will of this.#wills) {
      wills.add(will)
      wills.queue(will, now, now)
    }
  }
}
