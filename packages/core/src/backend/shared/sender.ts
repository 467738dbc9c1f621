import type { Clock } from '../../time/index.ts'
import { Backlog } from './backlog.ts'
import { encodeEntry, FrameRun } from './entry.ts'
import type { Frame } from './frames.ts'
import { encodeFrame } from './frames.ts'
import type { LaneEvents, Outcome } from './lane.ts'
import { Lane } from './lane.ts'
import type { SharedStore } from './shared-store.ts'

/** A frame that is sent once what belongs to it is committed. */
export interface Posted {
  /** Of its entry: whoever sends it again says the same. */
  readonly seq: number
  /** Fulfils when it is in the inbox; rejects with `STORE_FAILED` when the store could not take it, and it is tried again all the same. */
  readonly sent: Promise<void>
}

/** Who is told of what does not go to an inbox. */
export interface SenderEvents extends LaneEvents {
  /** What this node sends to itself, at once. */
  here(frame: Frame): void
  /** So many bytes wait for a node that no message is to be sent to it; or (nothing) it has room again. */
  backlog(node: string, waiting: number | undefined): void
}

/**
 * Sends frames to the inboxes of other nodes, to each in order. What is sent in a turn, and while the entry before it is on its
 * way, is one entry.
 */
export class Sender {
  readonly #store: SharedStore
  readonly #clock: Clock
  readonly #lanes = new Map<string, Lane>()
  readonly #events: SenderEvents
  readonly #bound: number
  /** For whom too much waits. */
  readonly #full = new Map<string, Backlog>()
  /** Casts of this turn, by node. */
  #casts = new Map<string, FrameRun>()
  #isCasting = false
  #seq = 0
  #closed = false

  /** @param bound How many bytes may wait for a node, about. */
  constructor(store: SharedStore, clock: Clock, bound: number, events: SenderEvents) {
    this.#store = store
    this.#clock = clock
    this.#bound = bound
    this.#events = events
  }

  /** Before anything is sent: numbers of entries are greater than those of an earlier process of this name. */
  begin(now: number): void {
    this.#seq = Math.max(this.#seq, Math.floor(now) * 1_000)
  }

  /** Whether too much waits for some node. */
  get isSomeFull(): boolean {
    return this.#full.size > 0
  }

  /** Whether so much waits for a node that no message is to be sent to it. */
  isFull(node: string): boolean {
    return this.#full.get(node)?.isFull === true
  }

  /** One of these nodes for which too much waits; nothing where there is none. */
  fullOf(nodes: Iterable<string>): string | undefined {
    if (this.#full.size === 0) return undefined
    for (const node of nodes) if (this.isFull(node)) return node
    return undefined
  }

  /**
   * A frame that has to come: it is tried again for as long as the node is there. To this node itself it comes at once.
   * @returns Fulfils when it is in the inbox; rejects with `STORE_FAILED` when the store could not take it, and it is tried again all the same.
   */
  send(node: string, frame: Frame): Promise<void> | undefined {
    if (node !== this.#store.node) {
      const item = { frame: encodeFrame(frame), ready: undefined, onEnd: undefined, keep: true }
      return this.#lane(node)?.add(item).sent
    }
    this.#events.here(frame)
    return undefined
  }

  /** The same to several other nodes; it is made once. */
  sendAll(nodes: Iterable<string>, frame: Frame): void {
    let bytes: Uint8Array | undefined
    for (const node of nodes) {
      bytes ??= encodeFrame(frame)
      this.#lane(node)?.add({ frame: bytes, ready: undefined, onEnd: undefined, keep: true })
    }
  }

  /**
   * A message. Rejects with `STORE_FAILED` where the store cannot take it; it may have come all the same.
   * @param frame Copied.
   */
  post(node: string, frame: Uint8Array): Promise<void> {
    return this.#lane(node)?.addMessage(frame) ?? Promise.resolve()
  }

  /**
   * A message whose intent is being committed: it goes when `ready` fulfils, and not at all when that rejects.
   * @param onEnd Called when it is in the inbox, there is no such node any more, or nothing is sent any more.
   */
  postIntent(
    node: string,
    frame: Uint8Array,
    ready: Promise<void>,
    onEnd: (outcome: Outcome) => void,
  ): Posted {
    const lane = this.#lane(node)
    // Whoever takes over what is left sends it, in an entry of this number.
    if (lane === undefined) return { seq: ++this.#seq, sent: Promise.resolve() }
    const { seq, sent } = lane.add({ frame, ready, onEnd, keep: true })
    return { seq, sent }
  }

  /** An entry as it is, in the name of whoever made it. */
  resend(node: string, entry: Uint8Array): Promise<Outcome> {
    return this.#lane(node)?.addEntry(entry) ?? Promise.resolve('closed')
  }

  /**
   * A message at most once: nobody waits for it, and nothing is kept.
   * @param frame Copied.
   */
  cast(node: string, frame: Uint8Array): void {
    let casts = this.#casts.get(node)
    if (casts === undefined) {
      casts = new FrameRun()
      this.#casts.set(node, casts)
    }
    casts.add(frame)
    if (this.#isCasting) return
    this.#isCasting = true
    setImmediate(this.#castAll)
  }

  readonly #castAll = (): void => {
    this.#isCasting = false
    const casts = this.#casts
    this.#casts = new Map()
    if (this.#closed) return
    for (const [node, frames] of casts) this.#store.cast(node, encodeEntry(this.#store.node, 0, [frames]))
  }

  /** The store is back: what waits is tried at once. */
  retry(): void {
    for (const lane of this.#lanes.values()) lane.retry()
  }

  /** There is no such node any more: what waits for it goes. */
  forget(node: string): void {
    this.#lanes.get(node)?.close('gone')
    this.#lanes.delete(node)
    this.#full.delete(node)
  }

  /** Fulfils when nothing is on its way, or is being tried. */
  async settled(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.settled()))
  }

  /** Nothing is sent any more; what waits fails. */
  close(): void {
    this.#closed = true
    for (const lane of this.#lanes.values()) lane.close('closed')
  }

  #lane(node: string): Lane | undefined {
    if (this.#closed) return undefined
    let lane = this.#lanes.get(node)
    if (lane === undefined) {
      const backlog = this.#backlogOf(node)
      lane = new Lane(this.#store, this.#clock, node, backlog, () => ++this.#seq, this.#events)
      this.#lanes.set(node, lane)
    }
    return lane
  }

  #backlogOf(node: string): Backlog {
    const backlog = new Backlog(this.#store, this.#clock, node, this.#bound, {
      turned: (waiting) => {
        if (waiting === undefined) this.#full.delete(node)
        else this.#full.set(node, backlog)
        this.#events.backlog(node, waiting)
      },
    })
    return backlog
  }
}
