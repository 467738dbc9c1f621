import type { Context, Will } from '../contract/index.ts'
import type { Parts } from './parts.ts'
import type { SessionRecord } from './session-record.ts'
import type { WillRecord } from './wills.ts'

/** What becomes of the will of a session. */
export class SessionWills {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** A will was relayed, or is not to be. */
  remove({ id }: Context<'removeWill'>): void | Promise<void> {
    const will = this.#parts.wills.get(id)
    if (will === undefined) return
    const record = this.#parts.sessions.get(will.publisher.clientId)
    if (record?.will === will) record.will = undefined
    this.#drop(will)
    return this.#parts.disk?.commits.commit()
  }

  /** The session's will, with its connection: one that waited is not published any more [MQTT-3.1.3-9]. */
  keep(record: SessionRecord, will: Will | undefined): void {
    if (record.will !== undefined) this.#drop(record.will)
    record.will = will && this.#parts.wills.make(record, will)
    if (record.will !== undefined) this.#parts.disk?.putWill(record.will)
  }

  /** The connection is over: the will waits from now on, or there is none any more. */
  arm(record: SessionRecord, dueAt: number | undefined): void {
    const { will } = record
    if (will === undefined) return
    if (dueAt === undefined) {
      record.will = undefined
      this.#drop(will)
      return
    }
    this.#parts.wills.add(will, dueAt)
    if (record.id !== 0) this.#parts.disk?.putWill(will)
  }

  /** The session is over: nobody can come back any more [MQTT-3.1.2-8]. */
  release(record: SessionRecord): void {
    const { will } = record
    if (will === undefined) return
    record.will = undefined
    if (will.dueAt === Number.POSITIVE_INFINITY) {
      this.#drop(will)
      return
    }
    will.orphan = true
    this.#parts.wills.add(will, this.#parts.stack.clock.now())
    this.#parts.disk?.putWill(will)
  }

  #drop(will: WillRecord): void {
    this.#parts.wills.remove(will)
    this.#parts.disk?.removeWill(will)
  }
}
