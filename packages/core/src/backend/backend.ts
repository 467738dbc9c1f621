import type { Client } from '../connection/index.ts'
import type {
  CallbackName,
  Context,
  OptionsSpec,
  Resolved,
  Share,
  Steps,
  Store,
  Timer,
} from '../contract/index.ts'
import { grantedQoS, judgeEvery, Middleware, nextMessageId, proceed } from '../contract/index.ts'
import { ReasonCode } from '../packets/index.ts'
import type { Pace } from '../stack/index.ts'
import { Deliverer } from './deliver.ts'
import type { MessageLog } from './message-log.ts'
import type { BackendOptions } from './options.ts'
import { Receivers } from './receivers.ts'
import { RetainedMessages } from './retained-messages.ts'
import type { SessionRecord } from './session-record.ts'
import { Sessions } from './sessions.ts'
import { ShareDeliverer } from './share-deliverer.ts'
import { Subscriptions } from './subscriptions.ts'

/** The part of `sessions` that may be ones that outlive their connection. */
const STORED_AT_MOST = 15 / 16

/** How much a backend holds; all are 0 when every session is over and nothing is retained. */
export interface BackendStats {
  /** Sessions, connected or not. */
  readonly sessions: number
  /** Sessions without a connection that end when their time is over. */
  readonly expiring: number
  /** Subscriptions, one a session and filter. */
  readonly subscriptions: number
  /** Messages in the logs of sessions. */
  readonly messages: number
  /** Bytes that they take, about. */
  readonly messageBytes: number
  /** QoS 2 packet identifiers that await PUBREL. */
  readonly awaitingRelease: number
  /** Topics with a retained message. */
  readonly retained: number
}

/** How often retained messages that are over are looked for, in ms. */
const SWEEP = 1_000

/** Answers every callback of a backend. What nothing stands beneath is kept in memory. */
export abstract class Backend<O extends BackendOptions = BackendOptions> extends Middleware<O> {
  readonly last = true
  readonly uses: readonly CallbackName[] = [
    'forwardMessage',
    'storeOfflineMessage',
    'handOnMessage',
    'sessionTakenOver',
    'messageDropped',
  ]
  readonly #sessions = new Sessions(
    () => this.stack.ledger,
    (record) => this.#forget(record),
  )
  readonly #subscriptions: Subscriptions
  readonly #retained: RetainedMessages
  readonly #bounds: Resolved<BackendOptions>
  #pace!: Pace
  #sweep: Timer | undefined
  #receivers!: Receivers
  #shares!: ShareDeliverer

  constructor(options: O | undefined, spec: OptionsSpec<O>) {
    super(options, spec)
    this.#bounds = this.config as Resolved<BackendOptions>
    const { shareStrategy, retainedMessages, retainedBytes, retainedTotal } = this.#bounds
    this.#subscriptions = new Subscriptions(shareStrategy, (steps) => this.#pace.count(steps))
    this.#retained = new RetainedMessages({
      messages: retainedMessages,
      payload: retainedBytes,
      bytes: retainedTotal,
    })
  }

  start(): void {
    const deliverer = new Deliverer(this.stack)
    this.#pace = this.stack.pace
    this.#shares = new ShareDeliverer(this.stack, deliverer, this.#subscriptions)
    this.#receivers = new Receivers(this.#pace, deliverer, this.#shares)
    const { clock } = this.stack
    this.#sweep = judgeEvery(clock, SWEEP, () => {
      this.stack.background(() => proceed(this.#retained.sweep(clock.now(), this.#pace)))
    })
  }

  stop(): void {
    this.#sweep?.cancel()
  }

  /** What it holds now; counted at each call. */
  get stats(): BackendStats {
    let [messages, messageBytes, awaitingRelease] = [0, 0, 0]
    for (const { kept } of this.#sessions.all) {
      if (kept === undefined) continue
      const { log, inbound } = kept
      messages += log.size
      messageBytes += log.bytes
      awaitingRelease += inbound.size
    }
    return {
      sessions: this.#sessions.size,
      expiring: this.#sessions.expiring,
      subscriptions: this.#subscriptions.size,
      messages,
      messageBytes,
      awaitingRelease,
      retained: this.#retained.size,
    }
  }

  // Sessions

  openSession(ctx: Context<'openSession'>, store: Store<'openSession'>): void | Promise<void> {
    return proceed(this.#claim(ctx, store))
  }

  closeSession(ctx: Context<'closeSession'>, store: Store<'closeSession'>): void {
    const record = this.#sessions.current(ctx)
    record.client = undefined
    store.ended = ctx.expiryInterval === 0
    if (store.ended) {
      this.#sessions.remove(record)
      return
    }
    const never = ctx.expiryInterval === 0xffff_ffff
    const at = never ? Number.POSITIVE_INFINITY : this.stack.clock.now() + ctx.expiryInterval * 1_000
    this.#sessions.leave(record, at)
    if (this.#bounds.shareOnDisconnect) this.#handOn(record, false)
  }

  lookupExpiredSessions(
    { now, limit }: Context<'lookupExpiredSessions'>,
    store: Store<'lookupExpiredSessions'>,
  ): void {
    for (const { clientId, epoch } of this.#sessions.due(now, limit)) store.push({ clientId, epoch })
  }

  removeSession(ctx: Context<'removeSession'>, store: Store<'removeSession'>): void {
    const record = this.#sessions.get(ctx.clientId)
    store.removed = record?.epoch === ctx.epoch && record.client === undefined
    if (record !== undefined && store.removed) this.#sessions.remove(record)
  }

  // Subscriptions

  storeSubscription(ctx: Context<'storeSubscription'>, store: Store<'storeSubscription'>): void {
    const { topic, qos, options, identifier } = ctx
    const { subscriptions } = this.#sessions.current(ctx).keep()
    store.existed = subscriptions.has(topic)
    subscriptions.set(topic, { topic, qos, options, identifier })
  }

  removeSubscription(ctx: Context<'removeSubscription'>, store: Store<'removeSubscription'>): void {
    store.existed = this.#sessions.current(ctx).kept?.subscriptions.delete(ctx.topic) ?? false
  }

  clearSubscriptions(ctx: Context<'clearSubscriptions'>): void {
    const record = this.#sessions.checked(ctx)
    if (record === undefined) return
    record.kept?.subscriptions.clear()
    this.#subscriptions.clear(record)
  }

  lookupSubscriptions(ctx: Context<'lookupSubscriptions'>, store: Store<'lookupSubscriptions'>): void {
    store.push(...(this.#sessions.find(ctx)?.kept?.subscriptions.values() ?? []))
  }

  subscribeTopic(ctx: Context<'subscribeTopic'>, store: Store<'subscribeTopic'>): void {
    const qos = grantedQoS(ctx, store)
    const existed = this.#subscriptions.add(this.#sessions.of(ctx.client), ctx, qos)
    if (existed === undefined) {
      store.grant = ReasonCode.QUOTA_EXCEEDED
      return
    }
    store.existed ??= existed
    store.grant = qos
  }

  unsubscribeTopic({ client, topic }: Context<'unsubscribeTopic'>, store: Store<'unsubscribeTopic'>): void {
    const existed = this.#subscriptions.remove(this.#sessions.of(client), topic)
    store.existed = store.existed === true || existed
  }

  // Messages

  relayMessage(ctx: Context<'relayMessage'>, store: Store<'relayMessage'>): void | Promise<void> {
    const { packet, inbound, client } = ctx
    if (inbound !== undefined && !this.#hold(this.#sessions.current(inbound), inbound.packetId)) {
      store.vetoed = true
      store.reasonCode = ReasonCode.QUOTA_EXCEEDED
      const { clientId } = inbound
      this.stack.tell('messageDropped', { clientId, client, packet, reason: 'memory-full', count: 1 })
      return
    }
    const matches = this.#subscriptions.match(ctx.topic)
    const publisher =
      client === undefined ? this.#sessions.get(ctx.publisher.clientId) : this.#sessions.peek(client)
    const later = this.#receivers.deliver(matches, publisher, ctx, store)
    if (later !== undefined) return later.then(() => this.#judge(ctx, store))
    if (store.dropped > 0 || store.unretained) this.#judge(ctx, store)
  }

  /** A message that nobody has because there is no room for it is refused; older publishers cannot be told. */
  #judge({ client, inbound }: Context<'relayMessage'>, store: Store<'relayMessage'>): void {
    const { matched, unkept, unretained } = store
    if (unkept < matched || (matched === 0 && !unretained) || client?.protocolVersion !== 5) return
    store.reasonCode = ReasonCode.QUOTA_EXCEEDED
    // A refusal ends the exchange: the identifier is free.
    if (inbound !== undefined) this.#sessions.find(inbound)?.kept?.inbound.delete(inbound.packetId)
  }

  handOnMessage({ clientId, share, packet, expiresAt }: Context<'handOnMessage'>): void | Promise<void> {
    const group = this.#subscriptions.group(share)
    if (group === undefined) return
    const source = { messageId: nextMessageId() }
    const message = { group, publisher: clientId, packet, expiresAt, except: clientId, source }
    return this.#shares.deliver(message, { queued: 0, dropped: 0 })
  }

  /** Not fenced as the others are: a receiver that has come back, or has gone for good, is no error of the publisher. */
  storeOfflineMessage(ctx: Context<'storeOfflineMessage'>, store: Store<'storeOfflineMessage'>): void {
    const record = ctx.epoch === undefined ? this.#sessions.current(ctx) : this.#sessions.find(ctx)
    if (record === undefined || ctx.epoch < record.firstEpoch || ctx.epoch > record.epoch) return
    const { sessionMessages, sessionBytes } = this.#bounds
    const { log } = record.keep()
    let appended = log.append(ctx, sessionMessages, sessionBytes)
    if (typeof appended === 'string' && this.#makeRoom(record, log))
      appended = log.append(ctx, sessionMessages, sessionBytes)
    store.dropped = typeof appended === 'string'
    if (typeof appended === 'string') store.reason = appended
    else store.sequence = appended
    if (record.client !== undefined) log.begin()
  }

  /** What is over keeps nothing else out; whether there was any. */
  #makeRoom({ clientId, client }: SessionRecord, log: MessageLog): boolean {
    const expired = log.takeExpired(this.stack.clock.now())
    for (const packet of expired)
      this.stack.tell('messageDropped', { clientId, client, packet, reason: 'expired', count: 1 })
    return expired.length > 0
  }

  lookupOfflineMessages(ctx: Context<'lookupOfflineMessages'>, store: Store<'lookupOfflineMessages'>): void {
    const { after = 0, limit = Number.POSITIVE_INFINITY } = ctx
    this.#sessions.find(ctx)?.kept?.log.read(store, after, limit)
  }

  releaseOfflineMessages(ctx: Context<'releaseOfflineMessages'>): void {
    const log = this.#sessions.current(ctx).kept?.log
    for (const sequence of ctx.sequences) log?.release(sequence)
  }

  removeOfflineMessages(ctx: Context<'removeOfflineMessages'>): void {
    const log = this.#sessions.current(ctx).kept?.log
    // The seed's context has messageIds alone.
    if (ctx.sequences === undefined) log?.removeById(ctx.messageIds)
    else for (const sequence of ctx.sequences) log?.remove(sequence)
  }

  clearOfflineMessages(ctx: Context<'clearOfflineMessages'>): void {
    this.#sessions.checked(ctx)?.kept?.log.clear()
  }

  storeInboundMessage(ctx: Context<'storeInboundMessage'>): void {
    this.#hold(this.#sessions.current(ctx), ctx.packetId)
  }

  releaseInboundMessages(ctx: Context<'releaseInboundMessages'>): void {
    const { kept } = this.#sessions.current(ctx)
    for (const id of ctx.packetIds) kept?.inbound.delete(id)
  }

  // Retained messages

  storeRetainedMessage(ctx: Context<'storeRetainedMessage'>, store: Store<'storeRetainedMessage'>): void {
    this.#retained.store(ctx, store, this.stack.ledger.accountFor(ctx), this.stack.clock.now())
  }

  lookupRetainedMessages(
    ctx: Context<'lookupRetainedMessages'>,
    store: Store<'lookupRetainedMessages'>,
  ): void | Promise<void> {
    return proceed(this.#retained.lookup(ctx, store, this.stack.clock.now(), this.#pace))
  }

  /**
   * What a session leaves behind of shared subscriptions goes to others who share them: to any of them when the session
   * is over; as long as it may come back, only to one who is there.
   */
  #handOn(record: SessionRecord, over: boolean): void {
    const { clientId } = record
    const isWanted = (share: Share): boolean => over || this.#subscriptions.hasOther(share, record)
    for (const { share, packet, qos, expiresAt } of record.kept?.log.takeShared(isWanted) ?? []) {
      if (share !== undefined)
        this.stack.execute('handOnMessage', { clientId, share, packet, qos, expiresAt })
    }
  }

  /** Opens the session once nobody else is connected to it. */
  *#claim(ctx: Context<'openSession'>, store: Store<'openSession'>): Steps {
    const { clientId, identity } = ctx
    for (;;) {
      // Nobody would close it: the client went while it waited, or it was given up.
      if (ctx.client.closed) {
        store.refused = ReasonCode.UNSPECIFIED_ERROR
        return
      }
      const record = this.#sessions.living(clientId, this.stack.clock.now())
      if (record !== undefined && record.identity !== identity) {
        store.refused = ReasonCode.CLIENT_IDENTIFIER_NOT_VALID
        store.reason = 'the session of this client identifier is somebody else’s'
        return
      }
      // Found free and opened without a wait in between: of several who want it one is the first.
      if (record?.client === undefined) {
        this.#open(ctx, store, record)
        return
      }
      yield* this.#takeOver(record, record.client)
    }
  }

  /** Goes on when the session's connection is closed and settled. */
  *#takeOver(record: SessionRecord, client: Client): Steps {
    const { clientId, epoch } = record
    yield this.stack.run('sessionTakenOver', { clientId, epoch, client }, {})
    if (this.#sessions.get(clientId) !== record || record.client !== client) return
    // Without a connection middleware nobody has closed it.
    client.close(ReasonCode.SESSION_TAKEN_OVER)
    record.client = undefined
    if (!record.stored) this.#sessions.remove(record)
  }

  #open(ctx: Context<'openSession'>, store: Store<'openSession'>, found: SessionRecord | undefined): void {
    const kept = ctx.cleanStart ? undefined : found
    if (found !== kept && found !== undefined) this.#sessions.remove(found)
    if (kept === undefined && this.#isFull(ctx.expiryInterval > 0)) {
      store.refused = ReasonCode.QUOTA_EXCEEDED
      store.reason = 'there is no room for another session'
      return
    }
    const record = this.#sessions.open(ctx, kept)
    if (record === undefined) {
      store.refused = ReasonCode.QUOTA_EXCEEDED
      store.reason = 'there is no memory for another session'
      return
    }
    store.present = kept !== undefined
    store.epoch = record.epoch
    store.inboundIds = record.kept === undefined ? [] : record.kept.inbound.list()
  }

  /** The last places are for sessions that end with their connection, so that nobody is kept out by who is gone. */
  #isFull(stored: boolean): boolean {
    const { sessions } = this.#bounds
    return (
      this.#sessions.size >= sessions ||
      (stored && this.#sessions.stored >= Math.ceil(sessions * STORED_AT_MOST))
    )
  }

  /** Keeps the identifier of a QoS 2 message; false where the ledger has no room for it. */
  #hold(record: SessionRecord, packetId: number): boolean {
    const { inbound } = record.keep()
    const growth = inbound.growth(packetId)
    if (growth > 0 && !record.charge(growth)) return false
    inbound.add(packetId)
    return true
  }

  /** A session is over, or a connection without one. */
  #forget(record: SessionRecord): void {
    this.#subscriptions.clear(record)
    if (record.stored) this.#handOn(record, true)
    record.end()
  }
}
