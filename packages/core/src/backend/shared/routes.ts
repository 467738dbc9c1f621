import type { Share } from '../../contract/index.ts'
import { shareOf } from '../../contract/index.ts'
import { StackError } from '../../errors/index.ts'
import type { Clock } from '../../time/index.ts'
import { Asks } from './asks.ts'
import type { RouteChange, RoutesFrame } from './frames.ts'
import { Marks } from './marks.ts'
import { OwnRoutes } from './own-routes.ts'
import type { Peers } from './peers.ts'
import { RouteTree } from './route-tree.ts'
import type { Sender } from './sender.ts'

/** So many names of nodes that are no more are remembered: late frames of theirs are passed over. */
const REMEMBERED = 1_000

/** Routes in one frame of a snapshot. */
const PAGE = 1_000

/** Who waits until all nodes know the routes of a version. */
interface Waiter {
  readonly version: number
  readonly settled: Promise<void>
  readonly end: (error?: StackError) => void
}

/** Which node has which filters, here and at all others. */
export class Routes {
  readonly tree: RouteTree
  readonly own: OwnRoutes
  readonly marks: Marks
  readonly #node: string
  readonly #peers: Peers
  readonly #sender: Sender
  readonly #clock: Clock
  readonly #patience: number
  /** Changes of this turn, by filter as it was subscribed to. */
  readonly #pending = new Map<string, RouteChange>()
  /** Filters that not all nodes are known to know, and the version that they came with. */
  readonly #unmarked = new Map<string, number>()
  /** The version that each node has marked. */
  readonly #marked = new Map<string, number>()
  /** Nodes that are no more: what others still know of them is not so. */
  readonly #gone = new Set<string>()
  /** Who wants a mark of each node that comes from now on. */
  readonly #asks = new Asks()
  #waiters: Waiter[] = []
  #version = 0
  #isScheduled = false
  #wanted = false
  #closed = false

  constructor(
    node: string,
    lease: number,
    peers: Peers,
    sender: Sender,
    clock: Clock,
    worked: (steps: number) => void,
    isConnected: (share: Share) => boolean,
  ) {
    this.#node = node
    this.#peers = peers
    this.#sender = sender
    this.#clock = clock
    this.#patience = 2 * lease
    this.marks = new Marks(sender, clock, lease)
    this.tree = new RouteTree(worked)
    this.own = new OwnRoutes(isConnected)
    peers.on({ dead: () => this.#judge() })
  }

  /** The version of the last change that was told. */
  get version(): number {
    return this.#version
  }

  /** A client of this node has subscribed. */
  added(topic: string, share: Share | undefined): void {
    if (this.own.add(topic, share)) {
      this.#unmarked.delete(topic)
      this.#unmarked.set(topic, this.#version + 1)
      this.#wanted = true
    } else if (share === undefined) return
    this.#change(topic, share)
  }

  removed(topic: string, share: Share | undefined): void {
    if (this.own.remove(topic)) this.#unmarked.delete(topic)
    else if (share === undefined) return
    this.#change(topic, share)
  }

  /** Somebody with these subscriptions has come or gone: groups may have a connected member, or none any more. */
  moved(topics: Iterable<string> | undefined): void {
    if (topics === undefined) return
    for (const topic of topics) {
      const share = topic.startsWith('$share/') ? shareOf(topic) : undefined
      if (share !== undefined) this.#change(topic, share)
    }
  }

  /** Whether another node has a connected member of a group. */
  hasConnected(share: Share): boolean {
    return this.tree.group(share)?.members.some(({ connected }) => connected) === true
  }

  /** Fulfils when all nodes send here what matches this filter; nothing where they do already. */
  settled(topic: string): Promise<void> | undefined {
    if (this.#unmarked.size === 0) return undefined
    if (this.#peers.live.size === 0) {
      this.#unmarked.clear()
      return undefined
    }
    const version = this.#unmarked.get(topic)
    return version === undefined ? undefined : this.#wait(version)
  }

  /**
   * Tells all live nodes of changes, in a frame of their own, and asks them to mark it.
   * @param markers Who hears of each node that it was applied; this node alone by default. What this node sends behind this call is
   *   behind its own mark, which the others of them get with it.
   * @param gone Nodes that are no more: their routes go, here too.
   * @param tag The marks bear it.
   * @returns Fulfils when all live nodes have marked it here; rejects with `STORE_FAILED` where that takes longer than two leases.
   */
  announce(
    changes: readonly RouteChange[],
    markers: readonly string[] = [this.#node],
    gone: readonly string[] = [],
    tag = 0,
  ): Promise<void> {
    this.#flush()
    const version = ++this.#version
    for (const node of gone) this.drop(node)
    this.#tell({ kind: 'routes', owner: this.#node, version, part: 'change', changes, gone, markers, tag })
    for (const marker of markers) this.marks.giveNow(marker, this.#node, version, tag)
    return this.#wait(version)
  }

  /**
   * Gives a node all that there is here, and what is known of nodes that are dead; it hears of each change from now on.
   * @param hello The number of its hello, where this answers one: it serves nobody until it knows.
   */
  greet(node: string, hello?: number): void {
    this.#flush()
    this.#gone.delete(node)
    for (const dead of this.tree.nodes)
      if (dead !== node && !this.#peers.live.has(dead))
        this.#snapshot(node, dead, [this.tree.of(dead)], 0, [], 0)
    const markers = hello === undefined ? [this.#node] : []
    this.#snapshot(node, this.#node, [...this.own.pages(PAGE)], this.#version, markers, hello ?? 0)
    if (hello !== undefined) this.#marked.set(node, this.#version)
    this.#peers.add(node)
    this.#asks.tell(node, this.#version, this.#node, this.#sender)
  }

  /**
   * Whoever gets this node's routes from now on, as a node does that joins or has lapsed, is asked for a mark as by {@link announce}.
   * @returns What ends that.
   */
  askNewcomers(markers: readonly string[], tag: number, asked: (node: string) => void): () => void {
    return this.#asks.add({ markers, tag, asked })
  }

  #snapshot(
    node: string,
    owner: string,
    pages: readonly (readonly RouteChange[])[],
    version: number,
    markers: readonly string[],
    tag: number,
  ): void {
    const all = pages.length === 0 ? [[]] : pages
    all.forEach((changes, i) => {
      const isLast = i === all.length - 1
      const part = all.length === 1 ? 'only' : i === 0 ? 'first' : isLast ? 'last' : 'next'
      const rest = isLast ? { gone: [...this.#gone], markers, tag } : { gone: [], markers: [], tag: 0 }
      this.#sender.send(node, { kind: 'routes', owner, version, part, changes, ...rest })
    })
  }

  /** Another node says what it has; answers whether that was all of it. */
  apply(frame: RoutesFrame, from: string): boolean {
    const { owner, gone, markers, version, tag } = frame
    // Of itself a node says it, as long as it is there; of one that is alive nobody else does.
    const isOther = owner !== this.#node && !this.#gone.has(owner)
    const isNews = isOther && (owner === from || !this.#peers.live.has(owner))
    const isWhole = isNews && this.tree.apply(owner, frame)
    for (const node of gone) if (node !== this.#node && node !== from) this.drop(node)
    for (const marker of markers) this.marks.give(marker, from, version, tag)
    return isWhole
  }

  /** Another node knows this node's routes up to a version. */
  marked(node: string, version: number): void {
    if (version <= (this.#marked.get(node) ?? 0)) return
    this.#marked.set(node, version)
    this.#judge()
  }

  /** A node is no more: its routes go. */
  drop(node: string): void {
    this.#gone.add(node)
    if (this.#gone.size > REMEMBERED) for (const oldest of this.#gone) if (this.#gone.delete(oldest)) break
    this.tree.drop(node)
    this.#marked.delete(node)
    this.#peers.remove(node)
  }

  /** Nodes that the store does not know any more: what came of them late goes too. */
  prune(known: ReadonlySet<string>): void {
    for (const node of this.tree.owners) if (!known.has(node)) this.drop(node)
  }

  /** What has changed last is told; whoever waits is told that this node stops. */
  close(): void {
    this.#flush()
    this.#closed = true
    for (const { end } of this.#waiters) end(new StackError('STORE_FAILED', 'this node stops'))
    this.#waiters = []
  }

  #change(topic: string, share: Share | undefined): void {
    this.#pending.set(topic, this.own.of(topic, share))
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#flush()
    })
  }

  /** What has changed in this turn is told. */
  #flush(): void {
    if (this.#pending.size === 0 || this.#closed) return
    const version = ++this.#version
    const changes = [...this.#pending.values()]
    const markers = this.#wanted ? [this.#node] : []
    this.#pending.clear()
    this.#wanted = false
    this.#tell({
      kind: 'routes',
      owner: this.#node,
      version,
      part: 'change',
      changes,
      gone: [],
      markers,
      tag: 0,
    })
    this.#judge()
  }

  #tell(frame: RoutesFrame): void {
    for (const node of this.#peers.live) this.#sender.send(node, frame)
  }

  #isMarked(version: number): boolean {
    for (const node of this.#peers.live) if ((this.#marked.get(node) ?? 0) < version) return false
    return true
  }

  #wait(version: number): Promise<void> {
    if (version <= this.#version && this.#isMarked(version)) return Promise.resolve()
    // The filters of a packet come with one version.
    const last = this.#waiters.at(-1)
    if (last?.version === version) return last.settled
    let end!: Waiter['end']
    const settled = new Promise<void>((resolve, reject) => {
      end = (error) => {
        timer.cancel()
        if (error === undefined) resolve()
        else reject(error)
      }
    })
    const one: Waiter = { version, settled, end }
    const timer = this.#clock.after(this.#patience, () => {
      this.#waiters = this.#waiters.filter((waiter) => waiter !== one)
      end(new StackError('STORE_FAILED', 'other nodes have not heard of a subscription in time'))
    })
    this.#waiters.push(one)
    return settled
  }

  /** Somebody has marked, or is not waited for any more. */
  #judge(): void {
    for (const [topic, version] of this.#unmarked) {
      if (version > this.#version || !this.#isMarked(version)) break
      this.#unmarked.delete(topic)
    }
    if (this.#waiters.length === 0) return
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) {
      if (waiter.version <= this.#version && this.#isMarked(waiter.version)) waiter.end()
      else this.#waiters.push(waiter)
    }
  }
}
