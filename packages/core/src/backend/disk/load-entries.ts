/** Messages of a log out of the store. */
import { Publish } from '../../packets/index.ts'
import type { LogEntry } from '../log-entry.ts'
import type { OrderedStore } from '../ordered-store.ts'
import type { SessionRecord } from '../session-record.ts'
import * as keys from './keys.ts'
import * as records from './records.ts'

/** So many messages are read at once. */
const READS = 100

/** Entries with their messages, in order, but for those that were released; what has left the disk meanwhile is left out. */
export async function loadEntries(
  store: OrderedStore,
  record: SessionRecord,
  entries: readonly LogEntry[],
): Promise<LogEntry[]> {
  const { id } = record
  const found: LogEntry[] = []
  for (let i = 0; i < entries.length; i += READS) {
    const page = entries.slice(i, i + READS)
    // At once: a store may be far away.
    const packets = page.map((entry) =>
      entry.held || entry.released ? entry.packet : read(store, id, entry),
    )
    for (const [at, packet] of (await Promise.all(packets)).entries()) {
      const entry = page[at]
      if (packet !== undefined) found.push(entry.held ? entry : entry.with(packet))
      else if (await isReleased(store, id, entry)) {
        record.state?.log.release(entry.sequence)
        entry.released = true
        found.push(entry.with(entry.packet))
      }
    }
  }
  return found
}

/** The receiver has it, and that this was written was not heard: the answer of the store was lost. */
async function isReleased(store: OrderedStore, id: number, { sequence }: LogEntry): Promise<boolean> {
  const [found] = await store.read(keys.only(keys.entryKey(id, sequence)), 1)
  return found !== undefined && records.readEntry(found.value).released
}

async function read(store: OrderedStore, id: number, entry: LogEntry): Promise<Publish | undefined> {
  const { messageId, sequence } = entry
  const key = entry.shared ? keys.messageKey(messageId) : keys.entryKey(id, sequence)
  const [found] = await store.read(keys.only(key), 1)
  if (found === undefined) return undefined
  const bytes = entry.shared ? found.value : records.readEntry(found.value).message
  return bytes && Publish.decode(bytes)
}
