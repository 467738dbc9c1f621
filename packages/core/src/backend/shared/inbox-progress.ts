import type { Timer } from '../../time/index.ts'
import type { Disk } from '../disk/disk.ts'
import * as keys from '../disk/keys.ts'
import * as nodeRecords from '../disk/node-records.ts'
import type { Change } from '../ordered-store.ts'
import type { Posted, SharedStore } from './shared-store.ts'

/** How far an inbox is applied is written at the latest after so many ms, or when so much was applied. */
const PUT_OFF = 100
const ENTRIES = 64
const BYTES = 1_048_576

/** How far an inbox is applied. */
interface Mark {
  readonly position: string
  /** The number of the last entry of each origin. */
  readonly seqs: ReadonlyMap<string, number>
}

/**
 * Writes down how far an inbox is applied. What staged something is one unit with that; what staged nothing is noted, and goes along with the
 * next batch that is written anyway: so nothing that comes to be in the store later is of an earlier place than what is noted.
 */
export class InboxProgress {
  readonly #store: SharedStore
  readonly #disk: Disk
  readonly #clock: { after(ms: number, task: () => void): Timer }
  /** Applied, and in no batch. */
  #due: Mark | undefined
  /** Goes along with a batch that is being written. */
  #riding: Mark | undefined
  /** Batches that have a place of their own, and are not written yet. */
  #staged = 0
  /** Applied since the inbox was trimmed. */
  #entries = 0
  #bytes = 0
  #written = ''
  #timer: Timer | undefined
  #closed = false

  constructor(store: SharedStore, disk: Disk, clock: { after(ms: number, task: () => void): Timer }) {
    this.#store = store
    this.#disk = disk
    this.#clock = clock
    disk.commits.accompany({ take: () => this.#board(), end: (isWritten) => this.#land(isWritten) })
  }

  /** Entries up to the last of these were applied, and nothing was staged of them. */
  note(entries: readonly Posted[], seqs: ReadonlyMap<string, number>): void {
    this.#due = later(this.#due, { position: entries[entries.length - 1].position, seqs })
    this.#count(entries)
    if (this.#entries >= ENTRIES || this.#bytes >= BYTES) this.write()
  }

  /** Makes it one unit with what is staged in this turn; what fails is as if it was not applied. */
  stage(entries: readonly Posted[], seqs: ReadonlyMap<string, number>): void {
    this.#stage({ position: entries[entries.length - 1].position, seqs })
    this.#count(entries)
  }

  /** An origin is no more. */
  forget(origin: string): void {
    const due = this.#due
    if (due?.seqs.has(origin) !== true) return
    this.#due = { ...due, seqs: new Map([...due.seqs].filter(([node]) => node !== origin)) }
  }

  /** What was noted is written now. */
  write(): void {
    if (this.#due !== undefined && !this.#disk.commits.closed) this.#stage(undefined)
    else if (this.#entries > 0) this.#trim()
  }

  close(): void {
    this.#timer?.cancel()
    this.write()
    this.#closed = true
  }

  #count(entries: readonly Posted[]): void {
    this.#entries += entries.length
    for (const { bytes } of entries) this.#bytes += bytes.length
    this.#timer ??= this.#closed ? undefined : this.#clock.after(PUT_OFF, this.#onTime)
  }

  readonly #onTime = (): void => {
    this.#timer = undefined
    this.write()
  }

  /** @param more Beside what is due. */
  #stage(more: Mark | undefined): void {
    const { commits } = this.#disk
    const due = this.#due
    const mark = more === undefined ? due : later(due, more)
    if (mark === undefined) return
    this.#due = undefined
    this.#staged++
    for (const { key, value } of changesOf(mark)) commits.put(key, value)
    const apply = (): void => {
      this.#staged--
      this.#reach(mark)
    }
    const revert = (): void => {
      this.#staged--
      // Without what it was staged with, it counts for nothing.
      if (due !== undefined) this.#due = later(due, this.#due)
    }
    commits.commit(apply, revert).catch(() => {})
  }

  #board(): readonly Change[] {
    // What is staged is of a later place.
    if (this.#due === undefined || this.#staged > 0) return []
    this.#riding = this.#due
    this.#due = undefined
    return changesOf(this.#riding)
  }

  #land(isWritten: boolean): void {
    const riding = this.#riding
    if (riding === undefined) return
    this.#riding = undefined
    if (isWritten) this.#reach(riding)
    else this.#due = later(riding, this.#due)
  }

  /** It is durable. */
  #reach(mark: Mark): void {
    this.#written = mark.position
    const due = this.#due
    if (due !== undefined && due.position < mark.position) this.#due = { ...due, position: mark.position }
    if (this.#entries >= ENTRIES || this.#bytes >= BYTES || this.#timer === undefined) this.#trim()
  }

  #trim(): void {
    this.#entries = 0
    this.#bytes = 0
    if (this.#written !== '') this.#store.trim(this.#written).catch(() => {})
  }
}

/** The later place, and the greater number of each origin. */
function later(one: Mark | undefined, other: Mark | undefined): Mark | undefined
function later(one: Mark | undefined, other: Mark): Mark
function later(one: Mark | undefined, other: Mark | undefined): Mark | undefined {
  if (one === undefined || other === undefined) return one ?? other
  const seqs = new Map(one.seqs)
  for (const [node, seq] of other.seqs) seqs.set(node, Math.max(seq, seqs.get(node) ?? 0))
  const [{ position }] = one.position < other.position ? [other] : [one]
  return { position, seqs }
}

function changesOf({ position, seqs }: Mark): Change[] {
  const changes: Change[] = [{ key: keys.POSITION_KEY, value: nodeRecords.writePosition(position) }]
  for (const [node, seq] of seqs)
    changes.push({ key: keys.originKey(node), value: nodeRecords.writeOrigin({ node, seq }) })
  return changes
}
