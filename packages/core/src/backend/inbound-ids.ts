import { inboundKey } from './disk/keys.ts'
import type { Parts } from './parts.ts'
import type { SessionRecord } from './session-record.ts'

/** QoS 2 packet identifiers that await PUBREL. */
export class InboundIds {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Keeps the identifier of a QoS 2 message; false where the ledger has no room for it. */
  hold(record: SessionRecord, packetId: number): boolean | Promise<void> {
    const { disk } = this.#parts
    const { inbound, stagedInbound } = record.ensureState()
    const growth = inbound.growth(packetId)
    if (growth > 0 && !record.charge(growth)) return false
    stagedInbound.add(packetId)
    if (record.id === 0 || disk === undefined) return true
    disk.putInbound(record, packetId)
    const { id } = record
    return disk.commits.commit(
      () => inbound.add(packetId),
      () => disk.undo(inboundKey(id, packetId), () => inbound.has(packetId)),
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
