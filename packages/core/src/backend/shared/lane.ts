import { StackError } from '../../errors/index.ts'
import type { Clock } from '../../time/index.ts'
import type { Backlog } from './backlog.ts'
import { encodeEntry, FrameRun } from './entry.ts'
import { Pause } from './pause.ts'
import type { SharedStore } from './shared-store.ts'

/** No further frame comes into an entry of so many bytes. */
const ENTRY_BYTES = 262_144
/** An entry that could not be sent is tried again after this, in ms. */
const PAUSE = 1_000

/** What became of a frame. */
export type Outcome = 'sent' | 'gone' | 'closed'

/** A frame, or a run of them, on its way. */
export interface Item {
  readonly frame: Uint8Array | FrameRun
  /** Sent when this fulfils, and not at all when it rejects. */
  readonly ready: Promise<void> | undefined
  /** Called once: it is in the inbox; there is no such node any more; nothing is sent any more. */
  readonly onEnd: ((outcome: Outcome) => void) | undefined
  /** Tried again after a failure. */
  readonly keep: boolean
}

/** Who is asked of what was sent. */
export interface LaneEvents {
  /** The store knows of no such node. Answers whether nobody there misses what was sent. */
  gone(node: string): boolean
  /** Whether this node's lease has run out: those that a message was for may have another home by now. */
  isLate(): boolean
}

/** An entry that is being put together, or sent. */
class Outgoing {
  items: Item[] = []
  /** The last of them, while messages may be added to it. */
  run: FrameRun | undefined
  /** Some of them wait for a commit. */
  waits = false
  bytes = 0
  /** Already made, by another node. */
  made: Uint8Array | undefined
  readonly seq: number
  readonly sent: Promise<void>
  settle!: (error?: StackError) => void

  constructor(seq: number) {
    this.seq = seq
    this.sent = new Promise((fulfil, reject) => {
      this.settle = (error) => (error === undefined ? fulfil() : reject(error))
    })
    // Whoever waits hears of it.
    this.sent.catch(() => {})
  }
}

/** All that goes to one node: an entry at a time, in order. */
export class Lane {
  readonly #store: SharedStore
  readonly #node: string
  readonly #nextSeq: () => number
  readonly #events: LaneEvents
  readonly #queue: Outgoing[] = []
  /** The last of the queue, while frames may be added to it. */
  #open: Outgoing | undefined
  readonly #backlog: Backlog
  #running: Promise<void> | undefined
  readonly #pause: Pause
  #closed = false

  constructor(
    store: SharedStore,
    clock: Clock,
    node: string,
    backlog: Backlog,
    nextSeq: () => number,
    events: LaneEvents,
  ) {
    this.#events = events
    this.#store = store
    this.#pause = new Pause(clock)
    this.#node = node
    this.#backlog = backlog
    this.#nextSeq = nextSeq
  }

  /**
   * A message, of which nobody tries again to send it.
   * @param frame Copied.
   * @returns Fulfils when the entry that it is part of is sent, and rejects where that failed.
   */
  addMessage(frame: Uint8Array): Promise<void> {
    if (this.#backlog.isFull) {
      const sent = Promise.reject(this.#failure('too much waits for it'))
      sent.catch(() => {})
      return sent
    }
    const entry = this.#open ?? this.#begin()
    if (entry.run === undefined) {
      entry.run = new FrameRun()
      entry.items.push({ frame: entry.run, ready: undefined, onEnd: undefined, keep: false })
    }
    entry.run.add(frame)
    this.#count(entry, 4 + frame.length)
    return entry.sent
  }

  /** Answers with the entry that it is part of. */
  add(item: Item): { readonly seq: number; readonly sent: Promise<void> } {
    const entry = this.#open ?? this.#begin()
    entry.items.push(item)
    entry.run = undefined
    if (item.ready !== undefined) entry.waits = true
    this.#count(entry, item.frame.length)
    return entry
  }

  #count(entry: Outgoing, bytes: number): void {
    entry.bytes += bytes
    this.#backlog.queue(bytes)
    if (entry.bytes >= ENTRY_BYTES) this.#open = undefined
    this.#run()
  }

  /** An entry as another node made it. */
  addEntry(made: Uint8Array): Promise<Outcome> {
    this.#open = undefined
    const entry = new Outgoing(0)
    this.#queue.push(entry)
    entry.made = made
    entry.bytes = made.length
    this.#backlog.queue(made.length)
    return new Promise((resolve) => {
      entry.items.push({ frame: made, ready: undefined, onEnd: resolve, keep: true })
      this.#run()
    })
  }

  retry(): void {
    this.#pause.end()
  }

  /** What waits is given up: the node is gone, or this one stops. */
  close(outcome: 'gone' | 'closed'): void {
    if (this.#closed) return
    this.#closed = true
    this.#pause.end()
    for (const { settle, items } of this.#queue) {
      settle(this.#failure(outcome === 'gone' ? 'it is gone' : 'this node stops'))
      for (const { onEnd } of items) onEnd?.(outcome)
    }
    this.#queue.length = 0
  }

  settled(): Promise<void> {
    return this.#running ?? Promise.resolve()
  }

  #begin(): Outgoing {
    const entry = new Outgoing(this.#nextSeq())
    this.#queue.push(entry)
    this.#open = entry
    return entry
  }

  #run(): void {
    this.#running ??= this.#sendAll()
  }

  async #sendAll(): Promise<void> {
    // What else is sent in this turn goes along.
    await new Promise(setImmediate)
    while (this.#queue.length > 0 && !this.#closed) {
      const [entry] = this.#queue
      if (entry === this.#open) this.#open = undefined
      const isSent = await this.#send(entry)
      this.#queue.shift()
      if (isSent) this.#backlog.sent(entry.bytes)
      this.#backlog.queue(-entry.bytes)
    }
    this.#running = undefined
  }

  /** Fulfils when it is sent, or (with false) nobody wants it any more. */
  async #send(entry: Outgoing): Promise<boolean> {
    if (entry.waits) {
      const committed = await Promise.all(entry.items.map(isReady))
      entry.items = entry.items.filter((_, i) => committed[i])
    }
    while (entry.items.length > 0 && !this.#closed) {
      const { made, seq, items } = entry
      const frames = items.map(({ frame }) => frame)
      try {
        const isThere = await this.#store.send(this.#node, made ?? encodeEntry(this.#store.node, seq, frames))
        if (this.#closed) return false
        entry.settle(this.#judge(isThere))
        for (const { onEnd } of items) onEnd?.(isThere ? 'sent' : 'gone')
        return isThere
      } catch (cause) {
        this.#fail(this.#failure(cause instanceof Error ? cause.message : String(cause), cause))
      }
      if (entry.items.length > 0 && !this.#closed) await this.#pause.wait(PAUSE)
    }
    entry.settle()
    return false
  }

  /** Why what was sent is not there for certain. */
  #judge(isThere: boolean): StackError | undefined {
    if (!isThere && !this.#events.gone(this.#node)) return this.#failure('it is gone')
    if (this.#events.isLate())
      return this.#failure('it took too long, and others may have gone on without this node')
    return undefined
  }

  /** Whoever waits is told, those of the entries behind too: nobody waits longer than the store takes to fail. What is to come is tried again. */
  #fail(error: StackError): void {
    this.#open = undefined
    for (const entry of this.#queue) {
      entry.settle(error)
      entry.items = entry.items.filter(({ keep }) => keep)
      const bytes = entry.items.reduce((sum, { frame }) => sum + frame.length, 0)
      this.#backlog.queue(bytes - entry.bytes)
      entry.bytes = bytes
    }
    const left = this.#queue.filter(({ items }, i) => i === 0 || items.length > 0)
    this.#queue.splice(0, this.#queue.length, ...left)
  }

  #failure(why: string, cause?: unknown): StackError {
    return new StackError('STORE_FAILED', `the store cannot hand on to the node ${this.#node}: ${why}`, {
      cause,
    })
  }
}

async function isReady({ ready }: Item): Promise<boolean> {
  try {
    await ready
    return true
  } catch {
    return false
  }
}
