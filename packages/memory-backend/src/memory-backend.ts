import type {
  CallbackName,
  Client,
  Context,
  DeliveryCounts,
  DeliveryTerms,
  OptionsSpec,
  Publish,
  RetainedMessage,
  SessionContext,
  Share,
  SharedGroup,
  Store,
} from '@mqtt-stack/core'
import {
  Deliverer,
  grantedQoS,
  Middleware,
  nextMessageId,
  ReasonCode,
  RetainedTree,
  Slot,
  StackError,
  shareOf,
  TopicTree,
} from '@mqtt-stack/core'
import type { ShareStrategy } from './choose-member.ts'
import { chooseMember, isThere, SHARE_STRATEGIES } from './choose-member.ts'
import { ExpiryIndex } from './expiry-index.ts'
import { SessionRecord } from './session-record.ts'
import { mergeSubscribers, Subscriber } from './subscriber.ts'

export interface MemoryBackendOptions {
  sessions?: number
  sessionMessages?: number
  sessionBytes?: number
  retainedMessages?: number
  retainedBytes?: number
  shareStrategy?: ShareStrategy
  shareOnDisconnect?: boolean
}

export const MEMORY_BACKEND_OPTIONS: OptionsSpec<MemoryBackendOptions> = {
  sessions: {
    kind: 'number',
    default: 1_000_000,
    min: 1,
    doc: 'How many sessions there may be; further CONNECTs are refused.',
  },
  sessionMessages: {
    kind: 'number',
    default: 1_000,
    unit: 'messages',
    doc: 'How many unacknowledged messages a stored session may have; further ones are dropped and told.',
  },
  sessionBytes: { kind: 'number', default: 8_388_608, unit: 'bytes', doc: 'And how many bytes of them.' },
  retainedMessages: {
    kind: 'number',
    default: 100_000,
    unit: 'messages',
    doc: 'How many topics may have a retained message.',
  },
  retainedBytes: {
    kind: 'number',
    default: 1_048_576,
    unit: 'bytes',
    doc: 'Largest payload that is retained.',
  },
  shareStrategy: {
    kind: 'string',
    default: 'round-robin',
    choices: SHARE_STRATEGIES,
    doc: 'Which member of a shared subscription gets a message.',
  },
  shareOnDisconnect: {
    kind: 'boolean',
    default: false,
    doc: 'What a member has not acknowledged goes to another when it disconnects, not only when its session ends.',
  },
}

/** The record of a connection; a connection without an opened session has one that ends with it. */
class Entry {
  record: SessionRecord | undefined
}

const entry = new Slot(() => new Entry())

/** How much a backend holds; all are 0 when every session is over and nothing is retained. */
export interface MemoryBackendStats {
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

/** Who a call is about; the seed's contexts have the client, or the identifier, alone. */
type Addressed = Partial<SessionContext> & { readonly client?: Client | undefined }

/** Non-persistent storage; everything is answered at once. */
export class MemoryBackend extends Middleware<MemoryBackendOptions> {
  readonly last = true
  readonly uses: readonly CallbackName[] = [
    'forwardMessage',
    'storeOfflineMessage',
    'sessionTakenOver',
    'messageDropped',
  ]
  readonly #sessions = new Map<string, SessionRecord>()
  readonly #subscriptions = new TopicTree<Subscriber>({ merge: mergeSubscribers })
  readonly #retained = new RetainedTree<RetainedMessage>()
  readonly #expiring = new ExpiryIndex()
  #unnamed = 0
  #newestEpoch = 0
  #deliverer!: Deliverer

  constructor(options?: MemoryBackendOptions) {
    super(options, MEMORY_BACKEND_OPTIONS)
  }

  start(): void {
    this.#deliverer = new Deliverer(this.stack)
  }

  /** What it holds now; counted at each call. */
  get stats(): MemoryBackendStats {
    let [messages, messageBytes, awaitingRelease] = [0, 0, 0]
    for (const { kept } of this.#sessions.values()) {
      if (kept === undefined) continue
      const { log, inbound } = kept
      messages += log.size
      messageBytes += log.bytes
      awaitingRelease += inbound.size
    }
    return {
      sessions: this.#sessions.size,
      expiring: this.#expiring.size,
      subscriptions: this.#subscriptions.size,
      messages,
      messageBytes,
      awaitingRelease,
      retained: this.#retained.size,
    }
  }

  // Sessions

  async openSession(ctx: Context<'openSession'>, store: Store<'openSession'>): Promise<void> {
    const { clientId, identity } = ctx
    for (;;) {
      const record = this.#living(clientId)
      if (record !== undefined && record.identity !== identity) {
        store.refused = ReasonCode.CLIENT_IDENTIFIER_NOT_VALID
        return
      }
      // Found free and opened without a wait in between: of several who want it one is the first.
      if (record?.client === undefined) {
        this.#open(ctx, store, record)
        return
      }
      await this.#takeOver(record, record.client)
    }
  }

  closeSession(ctx: Context<'closeSession'>, store: Store<'closeSession'>): void {
    const record = this.#current(ctx)
    record.client = undefined
    store.ended = ctx.expiryInterval === 0
    if (store.ended) {
      this.#remove(record)
      return
    }
    const never = ctx.expiryInterval === 0xffff_ffff
    this.#expiring.add(
      record,
      never ? Number.POSITIVE_INFINITY : this.stack.clock.wall() + ctx.expiryInterval * 1_000,
    )
    if (this.config.shareOnDisconnect) this.#handOn(record, false)
  }

  lookupExpiredSessions(
    { now, limit }: Context<'lookupExpiredSessions'>,
    store: Store<'lookupExpiredSessions'>,
  ): void {
    for (const { clientId, epoch } of this.#expiring.due(now, limit)) store.push({ clientId, epoch })
  }

  removeSession(ctx: Context<'removeSession'>): void {
    const record = this.#sessions.get(ctx.clientId)
    if (record?.epoch === ctx.epoch && record.client === undefined) this.#remove(record)
  }

  // Subscriptions

  storeSubscription(ctx: Context<'storeSubscription'>, store: Store<'storeSubscription'>): void {
    const { topic, qos, options, identifier } = ctx
    const { subscriptions } = this.#current(ctx).keep()
    store.existed = subscriptions.has(topic)
    subscriptions.set(topic, { topic, qos, options, identifier })
  }

  removeSubscription(ctx: Context<'removeSubscription'>, store: Store<'removeSubscription'>): void {
    store.existed = this.#current(ctx).kept?.subscriptions.delete(ctx.topic) ?? false
  }

  clearSubscriptions(ctx: Context<'clearSubscriptions'>): void {
    const record = this.#checked(ctx)
    if (record === undefined) return
    record.kept?.subscriptions.clear()
    this.#unsubscribe(record)
  }

  lookupSubscriptions(ctx: Context<'lookupSubscriptions'>, store: Store<'lookupSubscriptions'>): void {
    store.push(...(this.#find(ctx)?.kept?.subscriptions.values() ?? []))
  }

  subscribeTopic(ctx: Context<'subscribeTopic'>, store: Store<'subscribeTopic'>): void {
    const { client, topic, options, identifier, share } = ctx
    const qos = grantedQoS(ctx, store)
    const record = this.#recordOf(client)
    record.filters.add(topic)
    const identifiers = identifier === undefined ? undefined : [identifier]
    const { rap = false, nl = false } = options
    const subscriber = new Subscriber(record, qos, rap, nl, identifiers, share)
    const existed =
      share === undefined
        ? this.#subscriptions.add(topic, record.clientId, subscriber)
        : this.#subscriptions.addShared(share.filter, share.group, record.clientId, subscriber)
    store.existed ??= existed
    store.grant = qos
  }

  unsubscribeTopic({ client, topic }: Context<'unsubscribeTopic'>, store: Store<'unsubscribeTopic'>): void {
    const record = this.#recordOf(client)
    record.filters.delete(topic)
    const existed = this.#leave(record, topic)
    store.existed = store.existed === true || existed
  }

  // Messages

  relayMessage(ctx: Context<'relayMessage'>, store: Store<'relayMessage'>): void | Promise<void> {
    const { packet, inbound, client } = ctx
    if (inbound !== undefined) this.#current(inbound).keep().inbound.add(inbound.packetId)
    const { subscribers, groups } = this.#subscriptions.match(ctx.topic)
    const publisher =
      client === undefined ? this.#sessions.get(ctx.publisher.clientId) : entry.of(client).record
    let waiting: Promise<void>[] | undefined
    for (let i = 0; i < subscribers.length; i++) {
      const { record } = subscribers[i]
      const subscriber = record === publisher ? subscribers[i].own : subscribers[i]
      if (subscriber === undefined) continue
      store.matched++
      const later = this.#deliverer.deliver(record, packet, subscriber.terms(packet), ctx, store)
      if (later !== undefined) waiting = push(waiting, later)
    }
    for (let i = 0; i < groups.length; i++) {
      store.matched++
      const later = this.#share(groups[i], packet, ctx, store)
      if (later !== undefined) waiting = push(waiting, later)
    }
    if (waiting !== undefined) return Promise.all(waiting).then(() => {})
  }

  handOnMessage({ clientId, share, packet, expiresAt }: Context<'handOnMessage'>): void | Promise<void> {
    const group = this.#subscriptions.getGroup(share.filter, share.group)
    const member = group && chooseMember(group, this.config.shareStrategy, clientId, clientId)
    if (member === undefined) return
    const terms = { ...member.terms(packet), expiresAt }
    const source = { messageId: nextMessageId() }
    return this.#deliverShared(member, packet, terms, source, { queued: 0, dropped: 0 })
  }

  /** Not fenced as the others are: a receiver that has come back, or has gone for good, is no error of the publisher. */
  storeOfflineMessage(ctx: Context<'storeOfflineMessage'>, store: Store<'storeOfflineMessage'>): void {
    const record = ctx.epoch === undefined ? this.#current(ctx) : this.#find(ctx)
    if (record === undefined || ctx.epoch < record.firstEpoch || ctx.epoch > record.epoch) return
    const { sessionMessages, sessionBytes } = this.config
    store.sequence = record.keep().log.append(ctx, sessionMessages, sessionBytes)
    store.dropped = store.sequence === undefined
  }

  lookupOfflineMessages(ctx: Context<'lookupOfflineMessages'>, store: Store<'lookupOfflineMessages'>): void {
    const { after = 0, limit = Number.POSITIVE_INFINITY } = ctx
    this.#find(ctx)?.kept?.log.read(store, after, limit)
  }

  releaseOfflineMessages(ctx: Context<'releaseOfflineMessages'>): void {
    const log = this.#current(ctx).kept?.log
    for (const sequence of ctx.sequences) log?.release(sequence)
  }

  removeOfflineMessages(ctx: Context<'removeOfflineMessages'>): void {
    const log = this.#current(ctx).kept?.log
    // The seed's context has messageIds alone.
    if (ctx.sequences === undefined) log?.removeById(ctx.messageIds)
    else for (const sequence of ctx.sequences) log?.remove(sequence)
  }

  clearOfflineMessages(ctx: Context<'clearOfflineMessages'>): void {
    this.#checked(ctx)?.kept?.log.clear()
  }

  storeInboundMessage(ctx: Context<'storeInboundMessage'>): void {
    this.#current(ctx).keep().inbound.add(ctx.packetId)
  }

  releaseInboundMessages(ctx: Context<'releaseInboundMessages'>): void {
    const { kept } = this.#current(ctx)
    for (const id of ctx.packetIds) kept?.inbound.delete(id)
  }

  // Retained messages

  storeRetainedMessage(ctx: Context<'storeRetainedMessage'>, store: Store<'storeRetainedMessage'>): void {
    const { topic, packet, messageId, expiresAt } = ctx
    if (packet.payloadLength === 0) {
      store.replaced = this.#retained.delete(topic)
      return
    }
    store.replaced = this.#retained.get(topic) !== undefined
    const full = !store.replaced && this.#retained.size >= this.config.retainedMessages
    const large = packet.payloadLength > this.config.retainedBytes
    // What was retained is out of date, whether or not there is room for what came [MQTT-3.3.1-7].
    if (large) this.#retained.delete(topic)
    if (full || large) store.refused = ReasonCode.QUOTA_EXCEEDED
    else this.#retained.set(topic, { topic, packet: packet.own(true), messageId, expiresAt })
  }

  lookupRetainedMessages(
    ctx: Context<'lookupRetainedMessages'>,
    store: Store<'lookupRetainedMessages'>,
  ): void {
    const { topic, limit = Number.POSITIVE_INFINITY } = ctx
    const now = this.stack.clock.wall()
    let after = ctx.after
    do {
      const page = this.#retained.match(topic, { after, limit: limit - store.length })
      for (const [name, message] of page.entries) {
        if (message.expiresAt === 0 || message.expiresAt > now) store.push(message)
        else this.#retained.delete(name)
      }
      after = page.after
    } while (after !== undefined && store.length < limit)
  }

  /** A copy for one member of a group. */
  #share(
    group: SharedGroup<Subscriber>,
    packet: Publish,
    ctx: Context<'relayMessage'>,
    store: Store<'relayMessage'>,
  ): void | Promise<void> {
    const member = chooseMember(group, this.config.shareStrategy, ctx.publisher.clientId)
    if (member === undefined) return
    return this.#deliverShared(member, packet, member.terms(packet), ctx, store)
  }

  #deliverShared(
    { record }: Subscriber,
    packet: Publish,
    terms: DeliveryTerms,
    source: { readonly messageId: number },
    store: DeliveryCounts,
  ): void | Promise<void> {
    const counts = { queued: 0, dropped: 0 }
    const note = (): void => {
      store.queued += counts.queued
      store.dropped += counts.dropped
      const sent = terms.qos > 0 && counts.queued + counts.dropped === 0
      if (sent) record.kept?.log.markSent(source.messageId, terms.share)
    }
    const later = this.#deliverer.deliver(record, packet, terms, source, counts)
    if (later !== undefined) return later.then(note)
    note()
  }

  /**
   * What a session leaves behind of shared subscriptions goes to others who share them: to any of them when the session
   * is over; as long as it may come back, only to one who is there.
   */
  #handOn(record: SessionRecord, over: boolean): void {
    const { clientId } = record
    const isWanted = ({ filter, group }: Share): boolean =>
      over ||
      (this.#subscriptions.getGroup(filter, group)?.members ?? []).some(
        (member) => member.record !== record && isThere(member),
      )
    for (const { share, packet, qos, expiresAt } of record.kept?.log.takeShared(isWanted) ?? []) {
      if (share !== undefined)
        this.stack.execute('handOnMessage', { clientId, share, packet, qos, expiresAt })
    }
  }

  /** The session that is there, if its time is not over. */
  #living(clientId: string): SessionRecord | undefined {
    const record = this.#sessions.get(clientId)
    if (record === undefined || record.client !== undefined) return record
    if (record.expiresAt > this.stack.clock.wall()) return record
    this.#remove(record)
    return undefined
  }

  /** Resolves when the session's connection is closed and settled. */
  async #takeOver(record: SessionRecord, client: Client): Promise<void> {
    const { clientId, epoch } = record
    await this.stack.call('sessionTakenOver', { clientId, epoch, client })
    if (this.#sessions.get(clientId) !== record || record.client !== client) return
    // Without a connection middleware nobody has closed it.
    client.close(ReasonCode.SESSION_TAKEN_OVER)
    record.client = undefined
    if (!record.stored) this.#remove(record)
  }

  #open(
    { client, clientId, identity, cleanStart, expiryInterval }: Context<'openSession'>,
    store: Store<'openSession'>,
    found: SessionRecord | undefined,
  ): void {
    const kept = cleanStart ? undefined : found
    if (found !== kept && found !== undefined) this.#remove(found)
    if (kept === undefined && this.#sessions.size >= this.config.sessions) {
      store.refused = ReasonCode.QUOTA_EXCEEDED
      return
    }
    const record = kept ?? new SessionRecord(clientId, identity)
    if (kept === undefined) record.firstEpoch = this.#newestEpoch + 1
    // A new session's epoch is above that of every older one, so that calls for an older one of this name are refused.
    record.epoch = (kept?.epoch ?? this.#newestEpoch) + 1
    this.#newestEpoch = Math.max(this.#newestEpoch, record.epoch)
    record.client = client
    record.stored = expiryInterval > 0 || kept !== undefined
    this.#sessions.set(clientId, record)
    this.#expiring.delete(record)
    entry.of(client).record = record
    store.present = kept !== undefined
    store.epoch = record.epoch
    store.inboundIds = record.kept === undefined ? [] : [...record.kept.inbound]
  }

  /** The record of a session, or of a connection without one. */
  #find({ client, clientId = client?.id ?? '' }: Addressed): SessionRecord | undefined {
    const named = this.#sessions.get(clientId)
    if (named !== undefined || client === undefined) return named
    const { record } = entry.of(client)
    return record?.epoch === 0 ? record : undefined
  }

  /** The record that a call is about, if there is one; it must be the session's newest opening that calls. */
  #checked(ctx: Addressed): SessionRecord | undefined {
    const record = this.#find(ctx)
    if (record === undefined || ctx.epoch === undefined || ctx.epoch === record.epoch) return record
    throw stale(ctx)
  }

  #current(ctx: Addressed): SessionRecord {
    const record = this.#checked(ctx)
    if (record !== undefined) return record
    if (ctx.client === undefined || (ctx.epoch ?? 0) !== 0) throw stale(ctx)
    return this.#recordOf(ctx.client)
  }

  #recordOf(client: Client): SessionRecord {
    const state = entry.of(client)
    if (state.record === undefined) {
      const record = new SessionRecord(`\0${++this.#unnamed}`, undefined)
      record.client = client
      state.record = record
      client.onClose(() => this.#unsubscribe(record))
    }
    if (state.record.client === client) return state.record
    throw stale(state.record)
  }

  #remove(record: SessionRecord): void {
    this.#unsubscribe(record)
    this.#expiring.delete(record)
    if (this.#sessions.get(record.clientId) === record) this.#sessions.delete(record.clientId)
    if (record.stored) this.#handOn(record, true)
  }

  #unsubscribe(record: SessionRecord): void {
    for (const filter of record.filters) this.#leave(record, filter)
    record.filters.clear()
  }

  #leave({ clientId }: SessionRecord, topic: string): boolean {
    const share = shareOf(topic)
    return share === undefined
      ? this.#subscriptions.remove(topic, clientId)
      : this.#subscriptions.removeShared(share.filter, share.group, clientId)
  }
}

function push(list: Promise<void>[] | undefined, item: Promise<void>): Promise<void>[] {
  if (list === undefined) return [item]
  list.push(item)
  return list
}

function stale({ client, clientId = client?.id ?? '', epoch = 0 }: Addressed): StackError {
  return new StackError('STALE_EPOCH', `session "${clientId}" of epoch ${epoch} is not the current one`)
}
