import { Matches } from '../../topics/index.ts'
import type { LogEntry } from '../log-entry.ts'
import type { SessionRecord } from '../session-record.ts'
import type { Subscriber } from '../subscriber.ts'
import type { Home } from './directory.ts'

/** Messages that a session may be sent while it moves, at least. */
const ROOM = 10_000
/** Between the last sequence here and the first one there: numbers that are passed over for their packet identifier. */
const GAP = 65_536

/** Above this a session's new home numbers its messages, where its old one has numbered none above `last`. */
export function ceilingOf(last: number, maxMessages: number): number {
  return last + Math.max(maxMessages, ROOM) + GAP
}

/** The messages of one node that came for a session while it moved. */
interface Flow {
  readonly before: Set<number>
  readonly behind: Set<number>
}

/**
 * A session on its way from this node to another. All that comes for it is kept here too until it is there, so that nothing is lost if
 * the other one never has it; what a node sends behind its mark the other one has got itself, and it is not given away.
 */
export class HandOver {
  readonly record: SessionRecord
  readonly home: Home
  /** The node that wants it, and the number by which that one knows it. */
  readonly to: string
  readonly pull: number
  /** This node numbers no message above it. */
  readonly ceiling: number
  /** Fulfils when all nodes that counted have marked; false: the other one does not want it any more. */
  readonly ready: Promise<boolean>
  /** Fulfils when the other one has it; false: it does not want it any more, or is gone. */
  readonly moved: Promise<boolean>
  #endReady!: (isReady: boolean) => void
  #endMoved!: (isMoved: boolean) => void
  #isOver = false
  readonly #marked = new Set<string>()
  readonly #flows = new Map<string, Flow>()
  /** Nodes whose marks count: what others sent, the other one has got. */
  #counted: ReadonlySet<string> | undefined
  /** Those of them that are to mark. */
  #asked: ReadonlySet<string> = new Set()

  constructor(record: SessionRecord, home: Home, to: string, pull: number, maxMessages: number) {
    this.record = record
    this.home = home
    this.to = to
    this.pull = pull
    const { log } = record.ensureState()
    log.limit = log.last + Math.max(maxMessages, ROOM)
    this.ceiling = ceilingOf(Math.max(log.last, record.sequences), maxMessages)
    this.ready = new Promise((resolve) => {
      this.#endReady = resolve
    })
    this.moved = new Promise((resolve) => {
      this.#endMoved = resolve
    })
  }

  /** A message comes from a node, which may be this one. */
  note(origin: string, messageId: number): void {
    let flow = this.#flows.get(origin)
    if (flow === undefined) {
      flow = { before: new Set(), behind: new Set() }
      this.#flows.set(origin, flow)
    }
    if (this.#marked.has(origin)) flow.behind.add(messageId)
    else flow.before.add(messageId)
  }

  /** What comes from this node from now on goes to the other one too. */
  mark(origin: string): void {
    this.#marked.add(origin)
  }

  /**
   * The other one says which nodes it has asked for a mark.
   * @param quiet Nodes that are dead: what they had meant to send is here, before the marks of the others.
   */
  count(asked: readonly string[], quiet: readonly string[] = []): void {
    this.#asked = new Set(asked)
    this.#counted = new Set([...asked, ...quiet])
  }

  /** What was sent in the name of nodes that are dead may be in this node's inbox, by itself. */
  get hasQuiet(): boolean {
    return this.#counted !== undefined && this.#counted.size > this.#asked.size
  }

  /**
   * @param isLive Whether a node may still mark.
   * @returns False where one of them has died: what it had sent nobody can tell.
   */
  judge(isLive: (node: string) => boolean): boolean {
    if (this.#counted === undefined) return true
    const missing = [...this.#asked].filter((node) => !this.#marked.has(node))
    if (missing.length === 0) this.#endReady(true)
    return missing.every(isLive)
  }

  /** Nothing more of it is wanted. */
  get isOver(): boolean {
    return this.#isOver
  }

  end(isMoved: boolean): void {
    this.#isOver = true
    this.#endReady(false)
    this.#endMoved(isMoved)
  }

  /** Whether the other one gets an entry from here. What is for a group was sent to one node alone. */
  gives({ messageId, share }: LogEntry): boolean {
    if (share !== undefined) return true
    for (const [origin, { before, behind }] of this.#flows) {
      if (behind.has(messageId)) return false
      if (before.has(messageId)) return this.#counted?.has(origin) !== false
    }
    return true
  }
}

/** Those who get a message of a node: not the sessions on their way here that it does not send to yet. */
export function withoutArriving(matches: Matches<Subscriber>, origin: string): Matches<Subscriber> {
  const { subscribers } = matches
  const isArriving = ({ record }: Subscriber): boolean => record.residence?.cut?.waitsFor(origin) === true
  if (!subscribers.some(isArriving)) return matches
  return new Matches(
    subscribers.filter((subscriber) => !isArriving(subscriber)),
    matches.groups,
  )
}
