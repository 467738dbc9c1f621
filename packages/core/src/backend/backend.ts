import type {
  CallbackName,
  Client,
  Context,
  OptionsSpec,
  Resolved,
  Share,
  Store,
  Will,
} from '../contract/index.ts'
import { CALLBACKS, grantedQoS, Middleware, nextMessageId } from '../contract/index.ts'
import { StackError } from '../errors/index.ts'
import { ReasonCode } from '../packets/index.ts'
import type { Pace, Steps, Timer } from '../time/index.ts'
import { judgeEvery, proceed } from '../time/index.ts'
import type { Matches } from '../topics/index.ts'
import { Deliverer } from './deliver.ts'
import { Disk } from './disk/disk.ts'
import { endOf } from './end-of.ts'
import type { LogEntry } from './log-entry.ts'
import type { MessageLog } from './message-log.ts'
import type { BackendOptions } from './options.ts'
import type { OrderedStore } from './ordered-store.ts'
import { Receivers } from './receivers.ts'
import { Restoration } from './restoration.ts'
import { RetainedMessages } from './retained-messages.ts'
import type { SessionRecord } from './session-record.ts'
import { Sessions } from './sessions.ts'
import { ShareDeliverer } from './share-deliverer.ts'
import type { Subscriber } from './subscriber.ts'
import { Subscriptions } from './subscriptions.ts'
import type { WillRecord } from './wills.ts'
import { Wills } from './wills.ts'

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
  /** Wills that wait for their time. */
  readonly wills: number
}

type Answer<Name extends CallbackName> = (ctx: Context<Name>, store: Store<Name>) => void | Promise<void>

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
  readonly #wills = new Wills()
  readonly #subscriptions: Subscriptions
  readonly #retained: RetainedMessages
  /** Answered where something outlives the process: within it the session has what is due. */
  readonly storeDueRetained: Answer<'storeDueRetained'> | undefined
  readonly lookupDueRetained: Answer<'lookupDueRetained'> | undefined
  readonly #bounds: Resolved<BackendOptions>
  readonly #makeStore: (() => OrderedStore) | undefined
  /** What outlives the process; none in memory. */
  #disk: Disk | undefined
  #pace!: Pace
  #sweep: Timer | undefined
  #receivers!: Receivers
  #shares!: ShareDeliverer

  /**
   * @param options Of the backend, and the store's own.
   * @param spec Their table: `BACKEND_OPTIONS`, and the store's own.
   * @param store Makes the store; without it everything is kept in memory and gone with the process.
   */
  constructor(options: O | undefined, spec: OptionsSpec<O>, store?: (config: Resolved<O>) => OrderedStore) {
    super(options, spec)
    this.#makeStore = store && (() => store(this.config))
    this.#bounds = this.config as Resolved<BackendOptions>
    const { shareStrategy, retainedMessages, retainedBytes, retainedTotal } = this.#bounds
    this.#subscriptions = new Subscriptions(shareStrategy, (steps) => this.#pace.count(steps))
    this.#retained = new RetainedMessages({
      messages: retainedMessages,
      payload: retainedBytes,
      bytes: retainedTotal,
    })
    if (store === undefined) return
    this.storeDueRetained = (ctx) => this.#storeDue(ctx)
    this.lookupDueRetained = (ctx, due) => {
      const all = [...(this.#sessions.find(ctx)?.kept?.due?.values() ?? [])]
      due.push(...all.sort((one, other) => one.since - other.since))
    }
  }

  start(): void | Promise<void> {
    const deliverer = new Deliverer(this.stack)
    this.#pace = this.stack.pace
    this.#shares = new ShareDeliverer(this.stack, deliverer, this.#subscriptions)
    this.#receivers = new Receivers(this.#pace, deliverer, this.#shares)
    const { clock } = this.stack
    this.#sweep = judgeEvery(clock, SWEEP, () => {
      this.stack.background(() => proceed(this.#retained.sweep(clock.now(), this.#pace)))
    })
    const store = this.#makeStore?.()
    if (store === undefined) return
    this.#disk = new Disk(store, this.stack)
    return this.#restore(this.#disk)
  }

  /** Takes no more calls: each fails with `BACKEND_STOPPED`. Answers when all that was staged is written. */
  stop(): void | Promise<void> {
    this.#sweep?.cancel()
    const refuse = (): never => {
      throw new StackError('BACKEND_STOPPED', `${this.name} has stopped`)
    }
    for (const name of Object.keys(CALLBACKS)) {
      const answers = typeof this[name as 'relayMessage'] === 'function'
      if (answers) Object.defineProperty(this, name, { value: refuse, configurable: true })
    }
    return this.#disk?.close()
  }

  /** Fulfils when all that was staged is durable; at once where nothing is. */
  get settled(): Promise<void> | undefined {
    return this.#disk?.commits.settled()
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
      wills: this.#wills.size,
    }
  }

  // Sessions

  openSession(ctx: Context<'openSession'>, store: Store<'openSession'>): void | Promise<void> {
    return proceed(this.#claim(ctx, store))
  }

  closeSession(ctx: Context<'closeSession'>, store: Store<'closeSession'>): void | Promise<void> {
    const record = this.#sessions.current(ctx)
    record.client = undefined
    record.expiryInterval = ctx.expiryInterval
    store.ended = ctx.expiryInterval === 0
    const isKept = record.id !== 0
    this.#armWill(record, ctx.willDue)
    if (store.ended) this.#sessions.remove(record)
    else {
      this.#sessions.leave(record, endOf(ctx.expiryInterval, this.stack.clock.now()))
      if (isKept) {
        this.#disk?.putSession(record)
        this.#letGo(record)
      }
      if (this.#bounds.shareOnDisconnect) this.#handOn(record, false)
    }
    if (isKept) return this.#disk?.commits.commit()
  }

  lookupExpiredSessions(
    { now, limit }: Context<'lookupExpiredSessions'>,
    store: Store<'lookupExpiredSessions'>,
  ): void {
    for (const { clientId, epoch } of this.#sessions.due(now, limit)) store.push({ clientId, epoch })
  }

  removeSession(ctx: Context<'removeSession'>, store: Store<'removeSession'>): void | Promise<void> {
    const record = this.#sessions.get(ctx.clientId)
    store.removed = record?.epoch === ctx.epoch && record.client === undefined
    if (record === undefined || !store.removed) return
    const isKept = record.id !== 0
    this.#sessions.remove(record)
    if (isKept) return this.#disk?.commits.commit()
  }

  lookupDueWills(ctx: Context<'lookupDueWills'>, store: Store<'lookupDueWills'>): void {
    for (const will of this.#wills.due(ctx)) store.push(will)
  }

  removeWill({ id }: Context<'removeWill'>): void | Promise<void> {
    const will = this.#wills.get(id)
    if (will === undefined) return
    const record = this.#sessions.get(will.publisher.clientId)
    if (record?.will === will) record.will = undefined
    this.#dropWill(will)
    return this.#disk?.commits.commit()
  }

  // Subscriptions

  storeSubscription(
    ctx: Context<'storeSubscription'>,
    store: Store<'storeSubscription'>,
  ): void | Promise<void> {
    const { topic, qos, options, identifier } = ctx
    const record = this.#sessions.current(ctx)
    const { subscriptions, stagedSubscriptions } = record.keep()
    const subscription = { topic, qos, options, identifier }
    const before = stagedSubscriptions.get(topic)
    store.existed = before !== undefined
    stagedSubscriptions.set(topic, subscription)
    if (record.id === 0) return
    this.#disk?.putSubscription(record, subscription)
    return this.#disk?.commits.commit(
      () => subscriptions.set(topic, subscription),
      () => putBack(stagedSubscriptions, topic, subscription, before),
    )
  }

  removeSubscription(
    ctx: Context<'removeSubscription'>,
    store: Store<'removeSubscription'>,
  ): void | Promise<void> {
    const record = this.#sessions.current(ctx)
    const { kept } = record
    store.existed = kept?.stagedSubscriptions.delete(ctx.topic) ?? false
    if (kept === undefined || record.id === 0) return
    this.#disk?.removeSubscription(record, ctx.topic)
    return this.#disk?.commits.commit(() => kept.subscriptions.delete(ctx.topic))
  }

  clearSubscriptions(ctx: Context<'clearSubscriptions'>): void | Promise<void> {
    const record = this.#sessions.checked(ctx)
    if (record === undefined) return
    this.#subscriptions.clear(record)
    const { kept } = record
    if (kept === undefined) return
    const isKept = record.id !== 0 && (kept.stagedSubscriptions.size > 0 || kept.due !== undefined)
    if (isKept) this.#disk?.clearSubscriptions(record)
    kept.stagedSubscriptions.clear()
    kept.due = undefined
    if (isKept) return this.#disk?.commits.commit(() => kept.subscriptions.clear())
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
    const { client } = ctx
    const matches = this.#subscriptions.match(ctx.topic)
    const publisher =
      client === undefined ? this.#sessions.get(ctx.publisher.clientId) : this.#sessions.peek(client)
    if (this.#disk !== undefined && this.#receivers.isWide(matches))
      return this.#relayInPieces(this.#disk, matches, publisher, ctx, store)
    const held = this.#holdInbound(ctx, store)
    if (held === false) return
    const later = this.#receivers.deliver(matches, publisher, ctx, store)
    if (later !== undefined || held !== true) {
      // Identifier and log entries are staged in this turn, and so are one unit.
      if (this.#disk !== undefined) ctx.stage()
      return Promise.all([later, held]).then(() => this.#judge(ctx, store))
    }
    if (store.dropped > 0 || store.unretained) return this.#judge(ctx, store)
  }

  /** Identifier and log entries are one unit: nothing is committed while some are staged and some are not. */
  async #relayInPieces(
    { commits }: Disk,
    matches: Matches<Subscriber>,
    publisher: SessionRecord | undefined,
    ctx: Context<'relayMessage'>,
    store: Store<'relayMessage'>,
  ): Promise<void> {
    let held: boolean | Promise<void> = false
    const unit = {
      begin: (): boolean => {
        held = this.#holdInbound(ctx, store)
        if (held !== false) commits.hold()
        return held !== false
      },
      end: (): void => commits.release(),
    }
    await this.#receivers.deliver(matches, publisher, ctx, store, unit)
    await held
    if (held !== false) await this.#judge(ctx, store)
  }

  /** Keeps the identifier of a QoS 2 message; false where it is refused. */
  #holdInbound(ctx: Context<'relayMessage'>, store: Store<'relayMessage'>): boolean | Promise<void> {
    const { inbound } = ctx
    if (inbound === undefined) return true
    const held = this.#hold(this.#sessions.current(inbound), inbound.packetId)
    if (held === false) this.#refuse(ctx, store)
    return held
  }

  #refuse(
    { publisher: { clientId }, client, packet }: Context<'relayMessage'>,
    store: Store<'relayMessage'>,
  ): void {
    store.vetoed = true
    store.reasonCode = ReasonCode.QUOTA_EXCEEDED
    this.stack.tell('messageDropped', { clientId, client, packet, reason: 'memory-full', count: 1 })
  }

  /** A message that nobody has because there is no room for it is refused; older publishers cannot be told. */
  #judge({ client, inbound }: Context<'relayMessage'>, store: Store<'relayMessage'>): void | Promise<void> {
    const { matched, unkept, unretained } = store
    if (unkept < matched || (matched === 0 && !unretained) || client?.protocolVersion !== 5) return
    store.reasonCode = ReasonCode.QUOTA_EXCEEDED
    // A refusal ends the exchange: the identifier is free.
    if (inbound === undefined) return
    const record = this.#sessions.find(inbound)
    if (record !== undefined) return this.#free(record, [inbound.packetId])
  }

  handOnMessage(ctx: Context<'handOnMessage'>): void | Promise<void> {
    const { clientId, share, packet, expiresAt, publisher } = ctx
    const group = this.#subscriptions.group(share)
    if (group === undefined) return
    const source = { messageId: nextMessageId(), publisher }
    const message = { group, packet, expiresAt, except: clientId, source }
    return this.#shares.deliver(message, { queued: 0, dropped: 0 })
  }

  /** Not fenced as the others are: a receiver that has come back, or has gone for good, is no error of the publisher. */
  storeOfflineMessage(
    ctx: Context<'storeOfflineMessage'>,
    store: Store<'storeOfflineMessage'>,
  ): void | Promise<void> {
    const record = ctx.epoch === undefined ? this.#sessions.current(ctx) : this.#sessions.find(ctx)
    if (record === undefined || ctx.epoch < record.firstEpoch || ctx.epoch > record.epoch) return
    const { sessionMessages, sessionBytes } = this.#bounds
    const { log } = record.keep()
    let appended = log.append(ctx, sessionMessages, sessionBytes)
    if (typeof appended === 'string' && this.#makeRoom(record, log))
      appended = log.append(ctx, sessionMessages, sessionBytes)
    store.dropped = typeof appended === 'string'
    if (typeof appended === 'string') {
      store.reason = appended
      return
    }
    const entry = appended
    store.sequence = entry.sequence
    if (record.client !== undefined) log.begin()
    if (record.id === 0 || this.#disk === undefined) return
    entry.committed = false
    this.#disk.putEntry(record, entry)
    return this.#disk.commits.commit(
      () => {
        entry.committed = true
        if (record.client === undefined) log.letGo(entry)
      },
      () => log.remove(entry.sequence),
    )
  }

  /** What is over keeps nothing else out; whether there was any. */
  #makeRoom(record: SessionRecord, log: MessageLog): boolean {
    const expired = log.takeExpired(this.stack.clock.now())
    if (expired.length > 0) this.stack.background(() => this.#tellExpired(record, expired))
    return expired.length > 0
  }

  /** Whoever hears of a message sees it; only then it leaves the disk too. */
  async #tellExpired(record: SessionRecord, expired: readonly LogEntry[]): Promise<void> {
    const { clientId, client } = record
    const disk = this.#disk
    const whole = disk === undefined ? expired : await disk.load(record, expired)
    for (const { packet } of whole)
      this.stack.tell('messageDropped', { clientId, client, packet, reason: 'expired', count: 1 })
    if (disk !== undefined) await this.#dropEntries(record, expired)
  }

  lookupOfflineMessages(
    ctx: Context<'lookupOfflineMessages'>,
    store: Store<'lookupOfflineMessages'>,
  ): void | Promise<void> {
    const { after = 0, limit = Number.POSITIVE_INFINITY } = ctx
    const record = this.#sessions.find(ctx)
    const found: LogEntry[] = []
    record?.kept?.log.read(found, after, limit)
    if (record !== undefined && found.some(({ held, released }) => !held && !released))
      return this.#disk?.load(record, found).then((entries) => void store.push(...entries))
    for (const entry of found) store.push(entry)
  }

  releaseOfflineMessages(ctx: Context<'releaseOfflineMessages'>): void | Promise<void> {
    const record = this.#sessions.current(ctx)
    const log = record.kept?.log
    const release = (): void => {
      for (const sequence of ctx.sequences) log?.release(sequence)
    }
    const disk = this.#disk
    if (record.id === 0 || log === undefined || disk === undefined) return release()
    const entries = ctx.sequences.map((sequence) => log.get(sequence)).filter((entry) => entry !== undefined)
    for (const entry of entries) disk.releaseEntry(record, entry)
    return disk.commits.commit(() => {
      for (const entry of entries) disk.shared.letGo(entry)
      release()
    })
  }

  removeOfflineMessages(ctx: Context<'removeOfflineMessages'>): void | Promise<void> {
    const record = this.#sessions.current(ctx)
    const log = record.kept?.log
    if (log === undefined) return
    // The seed's context has messageIds alone.
    const sequences = ctx.sequences ?? log.sequencesOf(ctx.messageIds)
    if (record.id === 0) for (const sequence of sequences) log.remove(sequence)
    else {
      const removed = sequences.map((sequence) => log.remove(sequence)).filter((entry) => entry !== undefined)
      return this.#dropEntries(record, removed)
    }
  }

  clearOfflineMessages(ctx: Context<'clearOfflineMessages'>): void | Promise<void> {
    const record = this.#sessions.checked(ctx)
    const log = record?.kept?.log
    if (record === undefined || log === undefined) return
    const entries = [...log.entries]
    log.clear()
    return this.#dropEntries(record, entries)
  }

  storeInboundMessage(ctx: Context<'storeInboundMessage'>): void | Promise<void> {
    const held = this.#hold(this.#sessions.current(ctx), ctx.packetId)
    if (held instanceof Promise) return held
  }

  releaseInboundMessages(ctx: Context<'releaseInboundMessages'>): void | Promise<void> {
    return this.#free(this.#sessions.current(ctx), ctx.packetIds)
  }

  /** One unit with the messages that it counts as handed out: they are stored in the same turn. */
  #storeDue(ctx: Context<'storeDueRetained'>): void | Promise<void> {
    const { topic, due } = ctx
    const record = this.#sessions.current(ctx)
    if (record.id === 0 || this.#disk === undefined) return
    const kept = record.keep()
    this.#disk.putDue(record, topic, due)
    return this.#disk.commits.commit(() => kept.putDue(topic, due))
  }

  // Retained messages

  storeRetainedMessage(
    ctx: Context<'storeRetainedMessage'>,
    store: Store<'storeRetainedMessage'>,
  ): void | Promise<void> {
    const account = this.stack.ledger.accountFor(ctx)
    const now = this.stack.clock.now()
    const disk = this.#disk
    if (disk === undefined) {
      this.#retained.store(ctx, store, account, now)
      return
    }
    const staged = this.#retained.stage(ctx, store, account, now)
    if (staged.message === undefined) disk.removeRetained(ctx.topic)
    else disk.putRetained(staged.message, account.owner)
    return disk.commits.commit(staged.apply, staged.revert)
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
    const entries = record.kept?.log.takeShared(isWanted) ?? []
    this.stack.background(() => this.#dropEntries(record, entries))
    for (const { share, packet, qos, expiresAt, publisher } of entries) {
      if (share !== undefined)
        this.stack.execute('handOnMessage', { clientId, share, packet, qos, expiresAt, publisher })
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
        yield* this.#open(ctx, store, record)
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

  *#open(ctx: Context<'openSession'>, store: Store<'openSession'>, found: SessionRecord | undefined): Steps {
    const disk = this.#disk
    const kept = ctx.cleanStart ? undefined : found
    const wasKept = (found?.id ?? 0) !== 0
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
    this.#keepWill(record, ctx.will)
    if (disk !== undefined) yield* this.#write(disk, record, ctx.client, wasKept)
    store.inboundIds = record.kept === undefined ? [] : record.kept.inbound.list()
  }

  /** A session that was claimed becomes durable, behind all that was staged for older epochs. */
  *#write(disk: Disk, record: SessionRecord, client: Client, wasKept: boolean): Steps {
    const reserved = disk.reserveEpoch(this.#sessions.nextEpoch)
    const isKept = record.stored || record.will !== undefined
    if (isKept) disk.putSession(record)
    try {
      if (isKept || wasKept) yield disk.commits.commit()
      else if (reserved !== undefined) yield reserved
    } catch (error) {
      // Nobody has the session: it is as if it had not been asked for.
      if (record.client === client) {
        record.client = undefined
        if (record.epoch === record.firstEpoch) this.#sessions.remove(record)
        else this.#sessions.leave(record, endOf(record.expiryInterval, this.stack.clock.now()))
      }
      throw error
    }
  }

  /** The last places are for sessions that end with their connection, so that nobody is kept out by who is gone. */
  #isFull(stored: boolean): boolean {
    const { sessions } = this.#bounds
    return (
      this.#sessions.size >= sessions ||
      (stored && this.#sessions.stored >= Math.ceil(sessions * STORED_AT_MOST))
    )
  }

  /** The session's will, with its connection: one that waited is not published any more [MQTT-3.1.3-9]. */
  #keepWill(record: SessionRecord, will: Will | undefined): void {
    if (record.will !== undefined) this.#dropWill(record.will)
    record.will = will && this.#wills.make(record, will)
    if (record.will !== undefined) this.#disk?.putWill(record.will)
  }

  /** The connection is over: the will waits from now on, or there is none any more. */
  #armWill(record: SessionRecord, dueAt: number | undefined): void {
    const { will } = record
    if (will === undefined) return
    if (dueAt === undefined) {
      record.will = undefined
      this.#dropWill(will)
      return
    }
    this.#wills.add(will, dueAt)
    if (record.id !== 0) this.#disk?.putWill(will)
  }

  /** The session is over: nobody can come back any more [MQTT-3.1.2-8]. */
  #releaseWill(record: SessionRecord): void {
    const { will } = record
    if (will === undefined) return
    record.will = undefined
    if (will.dueAt === Number.POSITIVE_INFINITY) {
      this.#dropWill(will)
      return
    }
    will.orphan = true
    this.#wills.add(will, this.stack.clock.now())
    this.#disk?.putWill(will)
  }

  #dropWill(will: WillRecord): void {
    this.#wills.remove(will)
    this.#disk?.removeWill(will)
  }

  /** Keeps the identifier of a QoS 2 message; false where the ledger has no room for it. */
  #hold(record: SessionRecord, packetId: number): boolean | Promise<void> {
    const { inbound, stagedInbound } = record.keep()
    const growth = inbound.growth(packetId)
    if (growth > 0 && !record.charge(growth)) return false
    stagedInbound.add(packetId)
    if (record.id === 0 || this.#disk === undefined) return true
    this.#disk.putInbound(record, packetId)
    return this.#disk.commits.commit(
      () => inbound.add(packetId),
      () => stagedInbound.delete(packetId),
    )
  }

  /** These identifiers are free again. */
  #free(record: SessionRecord, packetIds: readonly number[]): void | Promise<void> {
    const { kept } = record
    if (kept === undefined) return
    for (const id of packetIds) kept.stagedInbound.delete(id)
    if (record.id === 0 || this.#disk === undefined) return
    for (const id of packetIds) this.#disk.removeInbound(record, id)
    return this.#disk.commits.commit(() => {
      for (const id of packetIds) kept.inbound.delete(id)
    })
  }

  /** Nobody is there to take the messages: they are on the disk alone. */
  #letGo({ kept }: SessionRecord): void {
    for (const entry of kept?.log.entries ?? []) if (entry.committed) kept?.log.letGo(entry)
  }

  /** Entries that left a log leave the disk too. */
  #dropEntries(record: SessionRecord, entries: readonly LogEntry[]): void | Promise<void> {
    const disk = this.#disk
    if (record.id === 0 || disk === undefined || entries.length === 0) return
    for (const entry of entries) disk.removeEntry(record, entry)
    return disk.commits.commit()
  }

  /** A session is over, or a connection without one. */
  #forget(record: SessionRecord): void {
    this.#subscriptions.clear(record)
    if (record.stored) this.#handOn(record, true)
    this.#releaseWill(record)
    this.#disk?.removeSession(record)
    record.end()
  }

  /** Goes on where an earlier process ended. Who was connected then has left now. */
  async #restore(disk: Disk): Promise<void> {
    await disk.open(
      new Restoration(this.#sessions, this.#subscriptions, this.#retained, this.#wills, disk, this.stack),
    )
  }
}

/** What could not be written is as it was before. */
function putBack<T>(map: Map<string, T>, key: string, now: T, before: T | undefined): void {
  if (map.get(key) !== now) return
  if (before === undefined) map.delete(key)
  else map.set(key, before)
}
