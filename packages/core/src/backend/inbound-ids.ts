import { inboundKey } from './disk/keys.ts'
import { FailedRelays, GivenToGroups } from './failed-relays.ts'
import type { Parts } from './parts.ts'
import type { SessionRecord } from './session-record.ts'

/** QoS 2 packet identifiers that await PUBREL. */
export class InboundIds {
  /** Of messages that could not be committed with their identifiers. */
  readonly failed: FailedRelays = new FailedRelays()
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * Keeps the identifier of a QoS 2 message; false where the ledger has no room for it.
   * @param given Which groups have it, as it is known when that could not be committed.
   */
  hold(record: SessionRecord, packetId: number, given?: GivenToGroups): boolean | Promise<void> {
    const { disk } = this.#parts
    const { inbound, stagedInbound } = record.ensureState()
    const growth = inbound.growth(packetId)
    if (growth > 0 && !record.charge(growth)) return false
    stagedInbound.add(packetId)
    if (record.id === 0 || disk === undefined) return true
    disk.putInbound(record, packetId)
    this.failed.forget(record, packetId)
    const { id } = record
    return disk.commits.commit(
      () => inbound.add(packetId),
      () => {
        disk.undo(inboundKey(id, packetId), () => inbound.has(packetId))
        this.failed.add(record, packetId, given ?? new GivenToGroups())
      },
    )
  }

  /** These identifiers are free again. */
  free(record: SessionRecord, packetIds: readonly number[]): void | Promise<void> {
    const { disk } = this.#parts
    const { state } = record
    if (state === undefined) return
    const { inbound, stagedInbound } = state
    for (const id of packetIds) stagedInbound.delete(id)
    if (record.id === 0 || disk === undefined) return
    for (const id of packetIds) disk.removeInbound(record, id)
    return disk.commits.commit(() => {
      for (const id of packetIds) inbound.delete(id)
    })
  }
}
