import type { CallbackName, Context, OptionsSpec, Resolved, Store } from '../contract/index.ts'
import { Middleware } from '../contract/index.ts'
import { notStarted } from '../errors/index.ts'
import { ReasonCode } from '../packets/index.ts'
import type { Timer } from '../time/index.ts'
import { judgeEvery, proceed } from '../time/index.ts'
import { healthOf, nodesOf } from './health.ts'
import { InboundIds } from './inbound-ids.ts'
import { KeptRetained } from './kept-retained.ts'
import { KeptSubscriptions } from './kept-subscriptions.ts'
import { Logs } from './logs.ts'
import { lookUpMetrics } from './look-up-metrics.ts'
import { makeParts } from './make-parts.ts'
import { openStore } from './open-store.ts'
import type { BackendOptions } from './options.ts'
import type { OrderedStore } from './ordered-store.ts'
import type { Parts } from './parts.ts'
import { Purge } from './purge.ts'
import { Relays } from './relays.ts'
import { SessionLife } from './session-life.ts'
import { SessionList } from './session-list.ts'
import { SessionWills } from './session-wills.ts'
import { tellNodes } from './shared/notes.ts'
import type { SharedOptions } from './shared/options.ts'
import { Rejoin } from './shared/rejoin.ts'
import type { BackendStats } from './stats.ts'
import { statsOf } from './stats.ts'
import { closeParts, refuseCalls } from './stopping.ts'

/** How often retained messages that are over are looked for, in ms. */
const SWEEP = 1_000

type Answer<Name extends CallbackName> = (ctx: Context<Name>, store: Store<Name>) => void | Promise<void>

/**
 * Answers every callback of a backend, over an ordered store of bytes or over nothing: then everything is kept in memory.
 * A store of yours extends it, and says in its constructor what it is kept in.
 */
export abstract class Backend<O extends BackendOptions = BackendOptions> extends Middleware<O> {
  readonly last = true
  readonly uses: readonly CallbackName[] = [
    'forwardMessage',
    'storeOfflineMessage',
    'handOnMessage',
    'sessionTakenOver',
    'messageDropped',
    'nodeTold',
  ]
  /** Answered where something outlives the process: within it the session has what is due. */
  readonly storeDueRetained?: Answer<'storeDueRetained'>
  readonly lookupDueRetained?: Answer<'lookupDueRetained'>
  readonly #makeStore: (() => OrderedStore) | undefined
  #parts!: Parts
  #sessions!: SessionLife
  #subscriptions!: KeptSubscriptions
  #logs!: Logs
  #inbound!: InboundIds
  #relays!: Relays
  #retained!: KeptRetained
  #list!: SessionList
  #wills!: SessionWills
  #sweep: Timer | undefined
  #rejoin: Rejoin | undefined

  /**
   * @param options Of the backend, and the store's own.
   * @param spec Their table: `BACKEND_OPTIONS`, and the store's own.
   * @param store Makes the store; without it everything is kept in memory and gone with the process.
   */
  constructor(options: O | undefined, spec: OptionsSpec<O>, store?: (config: Resolved<O>) => OrderedStore) {
    super(options, spec)
    this.#makeStore = store && (() => store(this.config))
    if (store === undefined) return
    this.storeDueRetained = (ctx) => this.#subscriptions.storeDue(ctx)
    this.lookupDueRetained = (ctx, due) => this.#subscriptions.lookupDue(ctx, due)
  }

  start(): void | Promise<void> {
    this.#sweep = judgeEvery(this.stack.clock, SWEEP, () => {
      this.stack.background(() => this.#retained.sweep())
    })
    return this.#begin()?.catch((error: Error) => {
      this.#sweep?.cancel()
      throw error
    })
  }

  /** Makes everything anew; answers when what an earlier process left is there. */
  #begin(): Promise<void> | undefined {
    const parts = makeParts(this.stack, this.config as Resolved<BackendOptions>, this.#makeStore?.(), {
      forget: (record) => this.#sessions.forget(record),
      lost: () => this.stack.background(() => this.#joinAnew(parts)),
    })
    this.#parts = parts
    this.#inbound = new InboundIds(parts)
    this.#subscriptions = new KeptSubscriptions(parts)
    this.#logs = new Logs(parts)
    this.#wills = new SessionWills(parts)
    this.#sessions = new SessionLife(parts, this.#wills, this.#logs)
    const { sharePreference } = this.config as SharedOptions
    this.#relays = new Relays(parts, this.#inbound, sharePreference)
    this.#retained = new KeptRetained(parts)
    this.#list = new SessionList(parts)
    return openStore(parts, this.#sessions)
  }

  /** Another node has what was this one's. */
  #joinAnew(parts: Parts): Promise<void> {
    this.#rejoin ??= new Rejoin(this, this.stack)
    return this.#rejoin.run(parts, async () => this.#begin())
  }

  /** Takes no more calls: each fails with `BACKEND_STOPPED`. Answers when all that was staged is written. */
  stop(): void | Promise<void> {
    this.#sweep?.cancel()
    this.#rejoin?.stop()
    refuseCalls(this)
    return closeParts(this.#parts)
  }

  /** Fulfils when all that was staged is durable; at once where nothing is. */
  get settled(): Promise<void> | undefined {
    return this.#parts?.disk?.commits.settled()
  }

  /** What it holds now; counted at each call. @throws StackError `STACK_NOT_STARTED`. */
  get stats(): BackendStats {
    if (this.#parts === undefined) throw notStarted(`${this.name}.stats`)
    return statsOf(this.#parts)
  }

  // Sessions

  openSession(ctx: Context<'openSession'>, store: Store<'openSession'>): void | Promise<void> {
    const { shared } = this.#parts
    if (shared?.isOpen === false) {
      store.refused = ReasonCode.SERVER_UNAVAILABLE
      store.reason = 'the store of this service is out of reach'
      return
    }
    return proceed(this.#sessions.open(ctx, store))
  }

  resumeSession({ client }: Context<'resumeSession'>): void | Promise<void> {
    this.#parts.shared?.routes.moved(this.#parts.sessions.peek(client)?.filters)
    return this.#wills.resume(client)
  }

  closeSession(ctx: Context<'closeSession'>, store: Store<'closeSession'>): void | Promise<void> {
    const later = this.#sessions.close(ctx, store)
    const { sessions, shared } = this.#parts
    shared?.routes.moved(sessions.get(ctx.clientId)?.filters)
    return later
  }

  lookupExpiredSessions(ctx: Context<'lookupExpiredSessions'>, store: Store<'lookupExpiredSessions'>): void {
    // Without a lease another node may have them.
    if (this.#parts.shared?.inService !== false) this.#sessions.lookupExpired(ctx, store)
  }

  lookupDueWills(ctx: Context<'lookupDueWills'>, store: Store<'lookupDueWills'>): void | Promise<void> {
    if (this.#parts.shared?.inService === false) return
    return this.#wills.lookup(ctx, store)
  }

  removeWill(ctx: Context<'removeWill'>): void | Promise<void> {
    return this.#wills.remove(ctx)
  }

  // Subscriptions

  storeSubscription(
    ctx: Context<'storeSubscription'>,
    store: Store<'storeSubscription'>,
  ): void | Promise<void> {
    return this.#subscriptions.store(ctx, store)
  }

  removeSubscription(
    ctx: Context<'removeSubscription'>,
    store: Store<'removeSubscription'>,
  ): void | Promise<void> {
    return this.#subscriptions.remove(ctx, store)
  }

  clearSubscriptions(ctx: Context<'clearSubscriptions'>): void | Promise<void> {
    return this.#subscriptions.clear(ctx)
  }

  lookupSubscriptions(ctx: Context<'lookupSubscriptions'>, store: Store<'lookupSubscriptions'>): void {
    this.#subscriptions.lookup(ctx, store)
  }

  subscribeTopic(ctx: Context<'subscribeTopic'>, store: Store<'subscribeTopic'>): void | Promise<void> {
    return this.#subscriptions.subscribe(ctx, store)
  }

  unsubscribeTopic(ctx: Context<'unsubscribeTopic'>, store: Store<'unsubscribeTopic'>): void {
    this.#subscriptions.unsubscribe(ctx, store)
  }

  regrantSubscription(
    ctx: Context<'regrantSubscription'>,
    store: Store<'regrantSubscription'>,
  ): void | Promise<void> {
    return this.#subscriptions.regrant(ctx, store)
  }

  // Messages

  relayMessage(ctx: Context<'relayMessage'>, store: Store<'relayMessage'>): void | Promise<void> {
    return this.#relays.relay(ctx, store)
  }

  handOnMessage(ctx: Context<'handOnMessage'>): void | Promise<void> {
    return this.#relays.handOn(ctx)
  }

  storeOfflineMessage(
    ctx: Context<'storeOfflineMessage'>,
    store: Store<'storeOfflineMessage'>,
  ): void | Promise<void> {
    return this.#logs.store(ctx, store)
  }

  lookupOfflineMessages(
    ctx: Context<'lookupOfflineMessages'>,
    store: Store<'lookupOfflineMessages'>,
  ): void | Promise<void> {
    return this.#logs.lookup(ctx, store)
  }

  releaseOfflineMessages(ctx: Context<'releaseOfflineMessages'>): void | Promise<void> {
    return this.#logs.release(ctx)
  }

  removeOfflineMessages(ctx: Context<'removeOfflineMessages'>): void | Promise<void> {
    return this.#logs.remove(ctx)
  }

  clearOfflineMessages(ctx: Context<'clearOfflineMessages'>): void | Promise<void> {
    return this.#logs.clear(ctx)
  }

  storeInboundMessage(ctx: Context<'storeInboundMessage'>): void | Promise<void> {
    const held = this.#inbound.hold(this.#parts.sessions.current(ctx), ctx.packetId)
    if (held instanceof Promise) return held
  }

  releaseInboundMessages(ctx: Context<'releaseInboundMessages'>): void | Promise<void> {
    return this.#inbound.free(this.#parts.sessions.current(ctx), ctx.packetIds)
  }

  // Retained messages

  storeRetainedMessage(
    ctx: Context<'storeRetainedMessage'>,
    store: Store<'storeRetainedMessage'>,
  ): void | Promise<void> {
    return this.#retained.store(ctx, store)
  }

  lookupRetainedMessages(
    ctx: Context<'lookupRetainedMessages'>,
    store: Store<'lookupRetainedMessages'>,
  ): void | Promise<void> {
    return this.#retained.lookup(ctx, store)
  }

  // From outside

  lookupSessions(ctx: Context<'lookupSessions'>, store: Store<'lookupSessions'>): void | Promise<void> {
    return proceed(this.#list.lookup(ctx, store))
  }

  /** What it holds, and what its store commits. A backend of yours calls this, and adds what it knows besides. */
  lookupMetrics(_ctx: Context<'lookupMetrics'>, store: Store<'lookupMetrics'>): void | Promise<void> {
    return proceed(lookUpMetrics(this.#parts, store))
  }

  purgeMessages(ctx: Context<'purgeMessages'>, store: Store<'purgeMessages'>): void | Promise<void> {
    const where = { parts: this.#parts, logs: this.#logs, wills: this.#wills, kept: this.#retained }
    return proceed(new Purge(where, ctx, store).run())
  }

  lookupHealth(_: Context<'lookupHealth'>, store: Store<'lookupHealth'>): void {
    store.push(...healthOf(this.#parts))
  }

  lookupNodes(_: Context<'lookupNodes'>, store: Store<'lookupNodes'>): void {
    store.push(...nodesOf(this.#parts))
  }

  tellNodes(ctx: Context<'tellNodes'>, store: Store<'tellNodes'>): void {
    const { shared } = this.#parts
    if (shared !== undefined) tellNodes(shared, ctx, store)
  }
}
