/** What a session is made of, read at the node that it leaves. */
import type { Disk } from '../disk/disk.ts'
import { entryChange } from '../disk/entry-change.ts'
import { writeWill } from '../disk/records.ts'
import { storedSession } from '../disk/stored-session.ts'
import type { LogEntry } from '../log-entry.ts'
import type { SessionRecord } from '../session-record.ts'
import { moving } from './moving-records.ts'

/** Subscriptions in a page. */
const PAGE_RECORDS = 500
/** A page of messages is complete at so many bytes, and holds no more of them than this. */
const PAGE_BYTES = 262_144
const PAGE_ENTRIES = 100

/**
 * What there has to be before messages come, page by page: whoever gets a page takes it without a rest.
 * @param ceiling Its messages get no sequence above this here.
 */
export function* firstRecords(record: SessionRecord, disk: Disk, ceiling: number): Generator<Uint8Array[]> {
  const { state } = record
  let page = [moving.session({ ...storedSession(record, disk.clock), sequences: ceiling })]
  // They stay as they are now, whatever comes between two pages.
  const subscriptions = [...(state?.subscriptions.values() ?? [])]
  const due = [...(state?.due?.values() ?? [])]
  for (let i = 0; i < subscriptions.length + due.length; i++) {
    if (page.length === PAGE_RECORDS) {
      yield page
      page = []
    }
    const isDue = i >= subscriptions.length
    page.push(isDue ? moving.due(due[i - subscriptions.length]) : moving.subscription(subscriptions[i]))
  }
  yield page
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
  for (let first = 0; first < entries.length; ) {
    // No more of them is in memory than goes at once.
    let [end, bytes] = [first, 0]
    for (; end < entries.length && end - first < PAGE_ENTRIES && bytes < PAGE_BYTES; end++)
      bytes += entries[end].size
    yield await pageOf(record, disk, entries.slice(first, end))
    first = end
  }
}

async function pageOf(
  record: SessionRecord,
  disk: Disk,
  entries: readonly LogEntry[],
): Promise<Uint8Array[]> {
  const page: Uint8Array[] = []
  for (const entry of await disk.load(record, entries)) {
    const { released, sequence } = entry
    const { value } = entryChange(disk.clock, record.id, entry, !released, released)
    if (value !== undefined) page.push(moving.entry(sequence, value))
  }
  return page
}
