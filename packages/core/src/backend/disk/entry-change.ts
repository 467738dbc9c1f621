import type { Store } from '../../contract/index.ts'
import type { Clock } from '../../time/index.ts'
import { toWall } from '../../time/index.ts'
import type { LogEntry, StagedEntry } from '../log-entry.ts'
import type { MessageLog } from '../message-log.ts'
import type { Change } from '../ordered-store.ts'
import type { SessionRecord } from '../session-record.ts'
import type { Unit } from './batch.ts'
import type { Disk } from './disk.ts'
import { entryKey } from './keys.ts'
import { writeEntry } from './records.ts'

/** A message comes into a log: made when it is written, for most are delivered before. */
export class EntryChange implements StagedEntry, Unit {
  batch: object | undefined = undefined
  readonly #disk: Disk
  readonly #record: SessionRecord
  readonly #log: MessageLog
  readonly #entry: LogEntry
  readonly #store: Store<'storeOfflineMessage'>
  readonly #sessionId: number

  constructor(
    disk: Disk,
    record: SessionRecord,
    log: MessageLog,
    entry: LogEntry,
    store: Store<'storeOfflineMessage'>,
  ) {
    this.#disk = disk
    this.#record = record
    this.#log = log
    this.#entry = entry
    this.#store = store
    this.#sessionId = record.id
  }

  make(): Change {
    const entry = this.#entry
    return entryChange(this.#disk.clock, this.#sessionId, entry, !entry.shared, entry.released)
  }

  takeBack(): void {
    this.#store.withdrawn = true
  }

  apply(): void {
    const entry = this.#entry
    this.#end(entry)
    entry.committed = true
    if (this.#record.client === undefined) this.#log.letGo(entry)
  }

  revert(): void {
    const entry = this.#entry
    this.#end(entry)
    this.#log.remove(entry.sequence)
    this.#disk.shared.letGo(entry)
    this.#disk.undo(entryKey(this.#sessionId, entry.sequence))
  }

  #end(entry: LogEntry): void {
    entry.staged = undefined
    if (!entry.ahead) this.#log.hidden--
  }
}

/** @param whole It holds its message itself. */
export function entryChange(
  clock: Clock,
  sessionId: number,
  entry: LogEntry,
  whole: boolean,
  released: boolean,
): Change {
  const { messageId, sequence, qos, retain, identifiers, share, publisher, size, packet } = entry
  const value = writeEntry({
    messageId,
    qos,
    retain,
    released,
    identifiers,
    expiresAt: toWall(clock, entry.expiresAt),
    share,
    publisher,
    size,
    interval: packet.expiryInterval ?? Number.POSITIVE_INFINITY,
    message: whole ? packet.encode() : undefined,
  })
  return { key: entryKey(sessionId, sequence), value }
}
