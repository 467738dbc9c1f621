/** What a session is made of, read at the node that it leaves. */
import type { Disk } from '../disk/disk.ts'
import { entryChange } from '../disk/entry-change.ts'
import { writeWill } from '../disk/records.ts'
import { storedSession } from '../disk/stored-session.ts'
import type { LogEntry } from '../log-entry.ts'
import type { SessionRecord } from '../session-record.ts'
import { moving } from './moving-records.ts'

/** A page is complete at so many bytes, and holds no more entries than this. */
const PAGE_BYTES = 262_144
const PAGE_ENTRIES = 100

/**
 * What there has to be before messages come.
 * @param ceiling Its messages get no sequence above this here.
 */
export function firstRecords(record: SessionRecord, disk: Disk, ceiling: number): Uint8Array[] {
  const { state } = record
  return [
    moving.session({ ...storedSession(record, disk.clock), sequences: ceiling }),
    ...[...(state?.subscriptions.values() ?? [])].map(moving.subscription),
    ...[...(state?.due?.values() ?? [])].map(moving.due),
  ]
}

/**
 * All that is left, page by page, when nothing comes any more: the session as it is now, its will, its QoS 2 identifiers and its log.
 * @param isOurs Entries for which it is false are not given.
 */
export async function* lastRecords(
  record: SessionRecord,
  disk: Disk,
  isOurs: (entry: LogEntry) => boolean,
): AsyncGenerator<Uint8Array[]> {
  const { state, will } = record
  const page = [moving.session(storedSession(record, disk.clock))]
  if (will !== undefined) {
    const packet = will.packet ?? (await disk.readWill(will))
    const { clientId, identity } = will.publisher
    const { delay, epoch, account } = will
    if (packet !== undefined) {
      const value = { clientId, identity, owner: account.owner, delay, message: packet.encode() }
      page.push(moving.will(epoch, writeWill(value)))
    }
  }
  for (const packetId of state?.inbound.list() ?? []) page.push(moving.inbound(packetId))
  yield page
  const entries = [...(state?.log.entries ?? [])].filter(isOurs)
  for (let i = 0; i < entries.length; i += PAGE_ENTRIES)
    yield* pagesOf(record, disk, entries.slice(i, i + PAGE_ENTRIES))
}

async function* pagesOf(
  record: SessionRecord,
  disk: Disk,
  entries: readonly LogEntry[],
): AsyncGenerator<Uint8Array[]> {
  let page: Uint8Array[] = []
  let bytes = 0
  for (const entry of await disk.load(record, entries)) {
    const { released, sequence } = entry
    const { value } = entryChange(disk.clock, record.id, entry, !released, released)
    if (value === undefined) continue
    if (bytes + value.length > PAGE_BYTES && page.length > 0) {
      yield page
      page = []
      bytes = 0
    }
    page.push(moving.entry(sequence, value))
    bytes += value.length
  }
  if (page.length > 0) yield page
}
