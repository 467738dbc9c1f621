import type { Stack } from '../../contract/index.ts'
import type { Disk } from '../disk/disk.ts'
import * as keys from '../disk/keys.ts'
import type { SessionRecord } from '../session-record.ts'
import type { Place } from './done-once.ts'
import { DoneOnce } from './done-once.ts'
import type { InboxEntry } from './entry.ts'
import { decodeEntry } from './entry.ts'
import type { Frame, FrameKind, FrameOf } from './frames.ts'
import { InboxProgress } from './inbox-progress.ts'
import { Pause } from './pause.ts'
import type { Posted, SharedStore } from './shared-store.ts'

/** Entries that are asked for at a time. */
const PAGE = 64
/** After a failure the inbox is read again after this, in ms. */
const PAUSE = 1_000

/** Casts that wait take no more bytes than this: what comes then is dropped. */
const CAST_BYTES = 16_777_216
const NOTHING: InboxEntry = { origin: '', seq: 0, frames: [] }

/** What comes of a frame's application beside itself. */
export interface Application {
  /** The node that sent it. */
  readonly from: string
  /** It was applied before, and what it staged could not be committed: whoever has nothing to commit has had it. */
  readonly again: boolean
  /** A frame that was cast: nothing is committed of it. */
  readonly cast: boolean
  /** Sessions that are to have what is for sessions; all by default. */
  readonly only?: ReadonlySet<SessionRecord>
  /** Where the frame stands, if it may come again and is more than a message for sessions. */
  readonly place?: Place | undefined
}

/**
 * Takes a frame. What it stages in this turn is one unit with the place in the inbox. Where it answers with a promise the frames
 * behind it wait, and what is staged until then is of that unit too: nothing else is committed meanwhile.
 */
export type FrameHandler<Kind extends FrameKind = FrameKind> = (
  frame: FrameOf<Kind>,
  how: Application,
) => void | Promise<void>

/** What other nodes send to this one: applied in order, each entry once. */
export class Inbox {
  /** What of it was done for good, and may come again. */
  readonly done: DoneOnce = new DoneOnce()
  readonly #store: SharedStore
  readonly #stack: Stack
  readonly #handlers = new Map<FrameKind, FrameHandler[]>()
  /** Of each node that has sent something: the number of its last entry. */
  readonly #seqs = new Map<string, number>()
  /**
   * The greatest number of those that were forgotten. Numbers begin with the time of the service, so whoever comes later has greater ones: what
   * has no greater one, of an origin that is not known, comes of a process that stood still since.
   */
  #forgotten = 0
  readonly #isMoving: () => boolean
  #position = ''
  /** Entries up to here were applied, and could not be committed. */
  #tried = ''
  #disk!: Disk
  #progress: InboxProgress | undefined
  #running: Promise<void> | undefined
  #closed = false
  readonly #pause: Pause
  readonly #casts: Uint8Array[] = []
  #castBytes = 0
  #takesCasts = false

  /** @param isMoving Whether some session is on its way: then all that is applied is written down at once. */
  constructor(store: SharedStore, stack: Stack, isMoving: () => boolean) {
    this.#isMoving = isMoving
    this.#store = store
    this.#stack = stack
    this.#pause = new Pause(stack.clock)
  }

  /** Adds a handler for frames of a kind; they are called in the order of their coming. */
  on<Kind extends FrameKind>(kind: Kind, handler: FrameHandler<Kind>): void {
    const known = this.#handlers.get(kind) ?? []
    this.#handlers.set(kind, [...known, handler as unknown as FrameHandler])
  }

  /** Entries up to here are applied. */
  get position(): string {
    return this.#position
  }

  /** Origins of entries that are applied. */
  get origins(): Iterable<string> {
    return this.#seqs.keys()
  }

  restorePosition(position: string): void {
    this.#position = position
  }

  restoreSeq(origin: string, seq: number): void {
    this.#seqs.set(origin, seq)
  }

  /** A node is no more, and nobody sends in its name again, but for a process that has not heard of that. */
  forget(origin: string): void {
    const last = this.#seqs.get(origin)
    if (last === undefined) return
    this.#seqs.delete(origin)
    this.#forgotten = Math.max(this.#forgotten, last)
    this.#progress?.forget(origin)
    this.#disk.commits.remove(keys.originKey(origin))
  }

  /** Reads from now on. */
  begin(disk: Disk): void {
    this.#disk = disk
    this.#progress = new InboxProgress(this.#store, disk, this.#stack.clock)
    this.#running = this.#run()
  }

  /** Nothing more is applied. */
  halt(): void {
    this.#closed = true
    this.#pause.end()
  }

  /** The same; answers when that is so. */
  async end(): Promise<void> {
    this.halt()
    await this.#running
    this.#progress?.close()
  }

  /** The store is back. */
  retry(): void {
    this.#pause.end()
  }

  /** A frame that this node sends to itself. */
  takeOwn(frame: Frame): void {
    this.#take(frame, { from: this.#store.node, again: false, cast: false })
  }

  /** What another node had sent to one that is dead, for sessions that are here by now. */
  takeLeft(frame: Frame, from: string, only: ReadonlySet<SessionRecord>): void | Promise<void> {
    return this.#take(frame, { from, again: false, cast: false, only })
  }

  /** What another node has cast. */
  takeCast(bytes: Uint8Array): void {
    if (this.#closed) return
    if (this.#castBytes + bytes.length > CAST_BYTES) return
    this.#casts.push(bytes)
    this.#castBytes += bytes.length
    if (!this.#takesCasts) void this.#takeCasts()
  }

  /** In pieces: others have their turn in between. */
  async #takeCasts(): Promise<void> {
    const { pace } = this.#stack
    this.#takesCasts = true
    for (let bytes = this.#casts.shift(); bytes !== undefined; bytes = this.#casts.shift()) {
      this.#castBytes -= bytes.length
      const { frames, origin } = this.#read(bytes) ?? NOTHING
      for (const frame of frames) {
        if (pace.spent) await pace.rest()
        if (!this.#closed) this.#take(frame, { from: origin, again: false, cast: true })
      }
    }
    this.#takesCasts = false
  }

  async #run(): Promise<void> {
    /** What comes next is asked for while what has come is applied. */
    let ahead: Promise<readonly Posted[]> | undefined
    while (!this.#closed) {
      try {
        const entries = await (ahead ?? this.#store.receive(this.#position, PAGE))
        ahead = undefined
        if (entries.length === 0 || this.#closed) continue
        ahead = this.#store.receive(entries[entries.length - 1].position, PAGE)
        ahead.catch(() => {})
        if (await this.#applyAll(entries)) continue
      } catch {
        // Whoever watches the store tells of it.
      }
      // It is read anew from where it was applied: one asks at a time.
      await ahead?.catch(() => {})
      ahead = undefined
      if (!this.#closed) await this.#pause.wait(PAUSE)
    }
    await ahead?.catch(() => {})
  }

  /** False where what was staged could not be committed: it is read again. */
  async #applyAll(entries: readonly Posted[]): Promise<boolean> {
    let at = 0
    while (at < entries.length && !this.#closed) {
      const next = await this.#applySome(entries, at)
      if (next === undefined) return false
      at = next
    }
    return true
  }

  /** Applies as many entries as a turn has time for, at least one, as one unit; answers where the next ones begin. */
  async #applySome(entries: readonly Posted[], from: number): Promise<number | undefined> {
    const { commits } = this.#disk
    const { pace } = this.#stack
    const seqs = new Map<string, number>()
    const before = commits.staged
    let at = from
    let held = false
    /** Messages for sessions: where nobody had to write them down there is nothing of them to come again. */
    let isPlain = true
    const hold = (): void => {
      if (!held) commits.hold()
      held = true
    }
    try {
      do {
        const { position, bytes } = entries[at]
        const entry = this.#read(bytes)
        at++
        if (entry === undefined || entry.seq <= (seqs.get(entry.origin) ?? this.#lastOf(entry.origin)))
          continue
        seqs.set(entry.origin, entry.seq)
        // Those behind it in the inbox come for the first time.
        const again = position <= this.#tried
        if (again) isPlain = false
        const { frames } = entry
        for (let index = 0; index < frames.length; index++) {
          const frame = frames[index]
          const isForSessions = frame.kind === 'message' && frame.groups.length === 0
          const place = isForSessions ? undefined : { position, index }
          if (!isForSessions) isPlain = false
          const later = this.#take(frame, { from: entry.origin, again, cast: false, place })
          if (later === undefined && !pace.spent) continue
          hold()
          await later
          if (pace.spent) await pace.rest()
        }
      } while (at < entries.length && !held && !pace.spent)
      isPlain &&= commits.staged === before && !this.#isMoving()
      const applied = entries.slice(from, at)
      if (isPlain) this.#progress?.note(applied, seqs)
      else this.#progress?.stage(applied, seqs)
    } finally {
      if (held) commits.release()
    }
    try {
      if (!isPlain) await commits.commit()
    } catch {
      const { position } = entries[at - 1]
      if (position > this.#tried) this.#tried = position
      return undefined
    }
    for (let i = from; i < at && this.done.size > 0; i++) this.done.settle(entries[i].position)
    this.#position = entries[at - 1].position
    for (const [origin, seq] of seqs) this.#seqs.set(origin, seq)
    return at
  }

  /** The number of the last entry of an origin, or one that no entry of it has that comes for the first time. */
  #lastOf(origin: string): number {
    return this.#seqs.get(origin) ?? (origin === this.#store.node ? 0 : this.#forgotten)
  }

  /** A handler's error is not the sender's, nor of the frames behind. */
  #take(frame: Frame, how: Application): void | Promise<void> {
    let all: Promise<void>[] | undefined
    for (const handler of this.#handlers.get(frame.kind) ?? []) {
      try {
        const later = handler(frame as never, how)
        if (later === undefined) continue
        all ??= []
        all.push(later.catch((error: Error) => this.#tell(error)))
      } catch (error) {
        this.#tell(error as Error)
      }
    }
    if (all !== undefined) return Promise.all(all).then(() => {})
  }

  /** Nothing for bytes that cannot be read: they are passed over, for they would stand there for ever. */
  #read(bytes: Uint8Array): InboxEntry | undefined {
    try {
      return decodeEntry(bytes)
    } catch (error) {
      this.#tell(error as Error)
      return undefined
    }
  }

  #tell(error: Error): void {
    this.#stack.log.event('node.frame-failed', { cause: error.message }, error)
  }
}
