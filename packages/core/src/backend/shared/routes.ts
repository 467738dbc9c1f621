import type { Share } from '../../contract/index.ts'
import { shareOf } from '../../contract/index.ts'
import type { Clock, Steps } from '../../time/index.ts'
import { Asks } from './asks.ts'
import { Changes } from './changes.ts'
import type { RouteChange, RoutesFrame } from './frames.ts'
import { Marks } from './marks.ts'
import { OwnRoutes } from './own-routes.ts'
import type { Peers } from './peers.ts'
import { PAGE, pagesOf, routesFrames } from './route-frames.ts'
import type { RoutePace } from './route-tree.ts'
import { RouteTree } from './route-tree.ts'
import type { Sender } from './sender.ts'
import { UntilRoom } from './until-room.ts'
import { Versions } from './versions.ts'

/** So many names of nodes that are no more are remembered: late frames of theirs are passed over. */
const REMEMBERED = 1_000

/** Which node has which filters, here and at all others. */
export class Routes {
  readonly tree: RouteTree
  readonly own: OwnRoutes
  readonly marks: Marks
  readonly #node: string
  readonly #peers: Peers
  readonly #sender: Sender
  readonly #versions: Versions
  /** Changes of this turn. */
  #changes = new Changes()
  /** What nodes with too much waiting have not been told. */
  readonly #untold: UntilRoom<Changes>
  /** Nodes that are no more: what others still know of them is not so. */
  readonly #gone = new Set<string>()
  /** Who wants a mark of each node that comes from now on. */
  readonly #asks = new Asks()
  #isScheduled = false
  #closed = false

  constructor(
    node: string,
    lease: number,
    peers: Peers,
    sender: Sender,
    clock: Clock,
    pace: RoutePace,
    isConnected: (share: Share) => boolean,
  ) {
    this.#node = node
    this.#peers = peers
    this.#sender = sender
    this.#versions = new Versions(peers, clock, 2 * lease)
    this.#untold = new UntilRoom(sender, clock, (node, changes) => this.#tellOf([node], changes))
    this.marks = new Marks(sender, clock, lease)
    this.tree = new RouteTree(pace)
    this.own = new OwnRoutes(isConnected)
    peers.on({
      dead: (node) => {
        this.#untold.drop(node)
        this.marks.drop(node)
        this.#versions.judge()
      },
    })
  }

  /** The version of the last change that was told. */
  get version(): number {
    return this.#versions.last
  }

  /** A client of this node has subscribed. */
  added(topic: string, share: Share | undefined): void {
    const isNew = this.own.add(topic, share)
    if (isNew) {
      this.#versions.begin(topic)
      this.#changes.isWanted = true
    } else if (share === undefined) return
    this.#change(topic, share, isNew)
  }

  removed(topic: string, share: Share | undefined): void {
    if (this.own.remove(topic)) this.#versions.end(topic)
    else if (share === undefined) return
    this.#change(topic, share, false)
  }

  /** Somebody with these subscriptions has come or gone: groups may have a connected member, or none any more. */
  moved(topics: Iterable<string> | undefined): void {
    if (topics === undefined) return
    for (const topic of topics) {
      const share = topic.startsWith('$share/') ? shareOf(topic) : undefined
      if (share !== undefined) this.#change(topic, share, false)
    }
  }

  /** Whether another node has a connected member of a group. */
  hasConnected(share: Share): boolean {
    return this.tree.group(share)?.members.some(({ connected }) => connected) === true
  }

  /** Whether all nodes send here what matches this filter, so that none has to hear of another client first. */
  isKnown(topic: string): boolean {
    return this.own.has(topic) && !this.#versions.isOpen(topic)
  }

  /** Fulfils when all nodes send here what matches this filter; nothing where they do already. */
  settled(topic: string): Promise<void> | undefined {
    return this.#versions.settled(topic)
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
    this.#untold.tellAll()
    const version = this.#versions.next()
    for (const node of gone) {
      this.#strike(node)
      this.tree.dropNow(node)
    }
    const pages = pagesOf(changes)
    for (const frame of routesFrames(this.#node, version, false, pages, { gone, markers, tag }))
      this.#sender.sendAll(this.#peers.live, frame)
    for (const marker of markers) this.marks.giveNow(marker, this.#node, version, tag)
    return this.#versions.wait(version)
  }

  /**
   * Gives a node all that there is here, and what is known of nodes that are dead; it hears of each change from now on.
   * @param hello The number of its hello, where this answers one: it serves nobody until it knows.
   */
  greet(node: string, hello?: number): void {
    this.#flush()
    this.#untold.drop(node)
    this.#gone.delete(node)
    for (const dead of this.tree.nodes)
      if (dead !== node && !this.#peers.live.has(dead))
        this.#snapshot(node, dead, pagesOf(this.tree.of(dead)), 0, [], 0)
    const markers = hello === undefined ? [this.#node] : []
    this.#snapshot(node, this.#node, this.own.pages(PAGE), this.version, markers, hello ?? 0)
    if (hello !== undefined) this.#versions.begun(node)
    this.#peers.add(node)
    this.#asks.tell(node, this.version, this.#node, this.#sender)
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
    pages: Iterable<readonly RouteChange[]>,
    version: number,
    markers: readonly string[],
    tag: number,
  ): void {
    const end = { gone: [...this.#gone], markers, tag }
    for (const frame of routesFrames(owner, version, true, pages, end)) this.#sender.send(node, frame)
  }

  /** Another node says what it has; answers whether that was all of it. */
  *apply(frame: RoutesFrame, from: string): Steps<boolean> {
    const { owner, gone, markers, version, tag } = frame
    // Of itself a node says it, as long as it is there; of one that is alive nobody else does.
    const isOther = owner !== this.#node && !this.#gone.has(owner)
    const isNews = isOther && (owner === from || !this.#peers.live.has(owner))
    const isWhole = isNews && (yield* this.tree.apply(owner, frame))
    for (const node of gone) if (node !== this.#node && node !== from) yield* this.drop(node)
    // Behind all of it: whoever gets a mark is sent nothing any more that goes by what was before.
    for (const marker of markers) this.marks.give(marker, from, version, tag)
    return isWhole
  }

  /** Another node knows this node's routes up to a version. */
  marked(node: string, version: number): void {
    this.#versions.mark(node, version)
  }

  /** A node is no more: its routes go. */
  *drop(node: string): Steps {
    this.#strike(node)
    yield* this.tree.drop(node)
  }

  #strike(node: string): void {
    this.#gone.add(node)
    if (this.#gone.size > REMEMBERED) for (const oldest of this.#gone) if (this.#gone.delete(oldest)) break
    this.#versions.forget(node)
    this.#peers.remove(node)
  }

  /** Nodes that the store does not know any more: what came of them late goes too. */
  *prune(): Steps {
    for (const node of this.tree.owners) if (!this.#peers.known.has(node)) yield* this.drop(node)
  }

  /** What has changed last is told; whoever waits is told that this node stops. */
  close(): void {
    this.#flush()
    this.#untold.tellAll()
    this.marks.close()
    this.#closed = true
    this.#versions.close()
  }

  #change(topic: string, share: Share | undefined, isNew: boolean): void {
    this.#changes.add(topic, share, isNew)
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#flush()
    })
  }

  /** What has changed in this turn is told. */
  #flush(): void {
    const changes = this.#changes
    if (changes.isEmpty || this.#closed) return
    this.#changes = new Changes()
    this.#versions.next()
    const told: string[] = []
    for (const node of this.#peers.live) {
      if (this.#untold.delays(node)) this.#delay(node, changes)
      else told.push(node)
    }
    this.#tellOf(told, changes)
    this.#versions.judge()
  }

  #delay(node: string, changes: Changes): void {
    const untold = this.#untold.of(node) ?? new Changes()
    untold.addAll(changes, this.own)
    this.#untold.set(node, untold)
  }

  /** What has changed as it is now; a mark is asked for behind all of it. */
  #tellOf(nodes: readonly string[], changes: Changes): void {
    if (nodes.length === 0) return
    const markers = changes.isWanted ? [this.#node] : []
    const pages = pagesOf(changes.now(this.own))
    for (const frame of routesFrames(this.#node, this.version, false, pages, { gone: [], markers, tag: 0 }))
      this.#sender.sendAll(nodes, frame)
  }
}
