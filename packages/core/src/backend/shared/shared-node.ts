import type { Share, Stack } from '../../contract/index.ts'
import { nextMessageId } from '../../contract/index.ts'
import { StackError } from '../../errors/index.ts'
import type { Steps } from '../../time/index.ts'
import { proceed } from '../../time/index.ts'
import type { Disk } from '../disk/disk.ts'
import type { OrderedStore } from '../ordered-store.ts'
import { hearOthers, sayFarewell } from './farewell.ts'
import type { RoutesFrame } from './frames.ts'
import { PROTOCOL } from './frames.ts'
import { Inbox } from './inbox.ts'
import { Intents } from './intents.ts'
import { introduce, introduceFirst } from './introduce.ts'
import { Lease } from './lease.ts'
import { leaveNothing } from './leaving.ts'
import type { Moves } from './moves.ts'
import { Pause } from './pause.ts'
import { Peers } from './peers.ts'
import { RollCall } from './roll-call.ts'
import { Routes } from './routes.ts'
import { Sender } from './sender.ts'
import { ServiceClock } from './service-clock.ts'
import type { SharedStore } from './shared-store.ts'
import { watched } from './watched-store.ts'

/** `joining`: it does not know all routes yet, or not any more. `lost`: another node has claimed what is its own. */
export type Membership = 'joining' | 'in service' | 'lost' | 'stopped'

/** This process as a node of a service. */
export class SharedNode {
  readonly store: SharedStore
  /** The same store, as what is this node's own is kept in. */
  readonly ordered: OrderedStore
  readonly clock: ServiceClock
  readonly lease: Lease
  readonly sender: Sender
  readonly inbox: Inbox
  readonly peers: Peers
  readonly routes: Routes
  readonly intents: Intents
  /** Sessions that come here and go from here: set before it starts. */
  moves!: Moves
  readonly #stack: Stack
  readonly #onLost: (error: Error) => void
  #state: Membership = 'joining'
  #reachable = true
  /** It has stopped, and its part is still its own. */
  #leaves = false
  /** Nodes whose routes it waits for. */
  readonly #rollCall: RollCall
  #isJoining = false
  /** What an earlier process left is there. */
  #hasStarted = false
  /** The number of its last hello. */
  #hello = 0

  /**
   * @param inboxBytes How many bytes may wait for another node, about.
   * @param isConnected Whether a member of a group is, here.
   * @param onLost Another node has claimed what is this one's own.
   */
  constructor(
    store: SharedStore,
    stack: Stack,
    inboxBytes: number,
    isConnected: (share: Share) => boolean,
    onLost: (error: Error) => void,
  ) {
    const { clock, pace } = stack
    this.store = store
    this.#stack = stack
    this.#onLost = onLost
    this.ordered = watched(store, {
      opening: () => clock.now(),
      // What is read then takes its time.
      opened: (since) => {
        this.lease.begin(since)
        return this.clock.sync()
      },
      closing: async () => {
        // Where that fails whoever takes over what is left finds that there is nothing.
        if (this.#leaves) await leaveNothing(store, this.inbox.position).catch(() => {})
      },
      lost: (error) => this.#lose(error),
    })
    this.#rollCall = new RollCall(clock)
    this.clock = new ServiceClock(store, clock)
    this.inbox = new Inbox(store, stack, () => this.moves.isBusy)
    this.sender = new Sender(store, clock, inboxBytes, {
      here: (frame) => this.inbox.takeOwn(frame),
      gone: () => {
        if (this.#state !== 'stopped') stack.background(() => this.#look())
        // Who adopts a node asks all in service before it goes: then it had nothing of those that this one sent to.
        return this.inService
      },
      isLate: () => this.#state !== 'stopped' && !this.lease.held,
      backlog: (node, waiting) => {
        if (waiting !== undefined) stack.log.event('node.full', { node, waiting })
        else stack.log.event('node.has-room', { node })
      },
    })
    this.intents = new Intents(store.node, this.sender)
    this.peers = new Peers(store, clock)
    this.routes = new Routes(store.node, store.lease, this.peers, this.sender, clock, pace, isConnected)
    this.lease = new Lease(store, clock, {
      lapsed: () => {
        // Others may have gone on without it.
        if (this.#state === 'in service') this.#state = 'joining'
      },
      renewed: () => this.#renewed(),
      missed: () => this.peers.forgive(),
      lost: (error) => this.#lose(error),
    })
    this.peers.on({
      dead: () => this.#rollCall.keep(this.peers.known),
      vanished: (node) => {
        this.sender.forget(node)
        this.#rollCall.keep(this.peers.known)
      },
    })
    this.inbox.on('hello', ({ protocol, number }, { from }) => this.#welcome(from, protocol, number))
    this.inbox.on('routes', (frame, { from }) => proceed(this.#applyRoutes(frame, from)))
    this.inbox.on('mark', ({ owner, version }, { from }) => {
      if (owner === this.node) this.routes.marked(from, version)
    })
  }

  /** Its name. */
  get node(): string {
    return this.store.node
  }

  get state(): Membership {
    return this.#state
  }

  /** Whether it knows what it has to know to acknowledge a message. */
  get inService(): boolean {
    return this.#state === 'in service' && this.lease.held
  }

  /** Whether it may take what a dead node has left: one that joins waits for that. */
  get mayAdopt(): boolean {
    const isMember = this.#state === 'in service' || (this.#state === 'joining' && this.#hasStarted)
    return isMember && this.lease.held && this.#reachable
  }

  /** Whether it takes connections. */
  get isOpen(): boolean {
    return this.inService && this.#reachable
  }

  /**
   * Joins the service.
   * @param open Opens the store, and restores what an earlier process of this name left.
   * @param follow Begins to follow what all nodes share.
   */
  async start(open: () => Promise<void>, disk: Disk, follow: () => Promise<void> | undefined): Promise<void> {
    this.store.listen({
      reach: (failure) => this.#reach(failure),
      cast: (bytes) => this.inbox.takeCast(bytes),
    })
    try {
      await open()
      this.clock.tellDifference(this.#stack.log)
      this.sender.begin(this.clock.now())
      this.intents.sendRestored(disk)
      this.inbox.begin(disk)
      this.#hasStarted = true
      await introduceFirst(this.node, () => this.#join())
      await follow()
      this.#stack.log.event('node.joined', { node: this.node, count: this.peers.alive.size + 1 })
    } catch (error) {
      await this.stop()
      await disk.close().catch(() => {})
      throw error
    }
  }

  /** Takes and sends no more; answers when what was on its way is there, and all that others sent has come; or cannot. Takes a lease at most. */
  async stop(): Promise<void> {
    const wasLost = this.#state === 'lost'
    this.#state = 'stopped'
    this.lease.end()
    this.moves.close()
    this.routes.close()
    const pause = new Pause(this.#stack.clock)
    const isCut = wasLost || !this.#reachable
    const late = isCut ? Promise.resolve() : pause.wait(this.store.lease)
    await this.#settled(late)
    // Who has not heard that nobody is here any more may still send something for a group: then whoever takes over what is left finds it.
    this.#leaves = !isCut && (await hearOthers(this.routes, this.peers, this.#stack.clock))
    await this.inbox.end()
    // What came last may go on to others.
    if ((await this.#settled(late)) && !isCut) {
      sayFarewell(this)
      await this.#settled(late)
    }
    pause.end()
    this.sender.close()
    this.routes.close()
  }

  /** Nothing is on its way any more, or (false) it is too late. */
  #settled(late: Promise<void>): Promise<boolean> {
    const settled = Promise.all([this.sender.settled(), this.moves.settled()])
    return Promise.race([settled.then(() => true), late.then(() => false)])
  }

  /** Rejects with `STORE_FAILED`, and why it may not acknowledge anything. */
  refuse(): Promise<never> {
    const why = this.#state === 'in service' ? 'its lease has run out' : `it is ${this.#state}`
    const error = new StackError('STORE_FAILED', `the node ${this.node} may acknowledge nothing: ${why}`)
    return Promise.reject(error)
  }

  /** Rejects with `STORE_FAILED`: too much waits for a node that a message is for. */
  refuseFor(node: string): Promise<never> {
    const why = `a message cannot be handed on to the node ${node}: it does not read what waits for it`
    return Promise.reject(new StackError('STORE_FAILED', why))
  }

  /** As {@link introduce}; it is in service then, unless somebody is missing. */
  async #join(): Promise<readonly string[]> {
    this.#isJoining = true
    try {
      await this.clock.sync()
      await this.#look()
      this.#hello = nextMessageId()
      const missing = await introduce(this, this.#rollCall, this.#hello, this.#stack.log)
      if (missing.length === 0) {
        if (this.#state === 'joining') this.#state = 'in service'
        this.peers.beginService()
      }
      return missing
    } finally {
      this.#isJoining = false
    }
  }

  /** Asks who is there; what is known of others goes. */
  async #look(): Promise<void> {
    await this.peers.look()
    this.#stack.background(() => proceed(this.routes.prune()))
  }

  *#applyRoutes(frame: RoutesFrame, from: string): Steps {
    const isWhole = yield* this.routes.apply(frame, from)
    // What a live node says counts as its answer to this hello alone.
    if (isWhole && (frame.owner !== from || frame.tag === this.#hello)) this.#rollCall.heard(frame.owner)
    for (const node of frame.gone) {
      if (node === from) this.peers.leave(node)
      else this.#rollCall.heard(node)
    }
  }

  #welcome(from: string, protocol: number, number: number): void {
    if (protocol !== PROTOCOL) {
      this.#stack.log.event('node.protocol', { node: from, theirs: protocol, ours: PROTOCOL })
      return
    }
    this.routes.greet(from, number)
  }

  async #renewed(): Promise<void> {
    if (!this.#hasStarted) return
    await this.clock.sync()
    await this.#look()
    for (const origin of [...this.inbox.origins])
      if (this.peers.isForgotten(origin)) this.inbox.forget(origin)
    if (this.#state === 'joining' && !this.#isJoining) this.#stack.background(() => this.#join())
  }

  #reach(failure: Error | undefined): void {
    this.#reachable = failure === undefined
    const { log } = this.#stack
    if (failure !== undefined) {
      log.event('store.unreachable', { cause: failure.message }, failure)
      this.peers.forgive()
      return
    }
    log.event('store.reachable', {})
    this.sender.retry()
    this.inbox.retry()
    void this.lease.renew()
  }

  #lose(error: Error): void {
    if (this.#state === 'lost' || this.#state === 'stopped') return
    this.#state = 'lost'
    this.inbox.halt()
    this.#stack.log.event('node.lost', { node: this.node, cause: error.message }, error)
    this.#onLost(error)
  }
}
