import type {
  CallbackName,
  Client,
  Context,
  OptionsSpec,
  QoS,
  RetainedMessage,
  Store,
} from '@mqtt-stack/core'
import {
  Deliverer,
  grantedQoS,
  Middleware,
  ReasonCode,
  RetainedTree,
  Slot,
  StackError,
  TopicTree,
} from '@mqtt-stack/core'
import { ExpiryIndex } from './expiry-index.ts'
import { mergeSubscribers, SessionRecord, Subscriber } from './session-record.ts'

export interface MemoryBackendOptions {
  sessions?: number
  sessionMessages?: number
  sessionBytes?: number
  retainedMessages?: number
  retainedBytes?: number
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
}

/** The record of a connection; a connection without an opened session has one that ends with it. */
class Entry {
  record: SessionRecord | undefined
}

const entry = new Slot(() => new Entry())

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
    if (store.ended) this.#remove(record)
    else this.#expiring.add(record, this.stack.clock.wall() + ctx.expiryInterval * 1_000)
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
    const { kept } = this.#current(ctx)
    store.existed = kept.has(topic)
    kept.set(topic, { topic, qos, options, identifier })
  }

  removeSubscription(ctx: Context<'removeSubscription'>, store: Store<'removeSubscription'>): void {
    store.existed = this.#current(ctx).kept.delete(ctx.topic)
  }

  clearSubscriptions({ clientId }: Context<'clearSubscriptions'>): void {
    const record = this.#sessions.get(clientId)
    if (record === undefined) return
    record.kept.clear()
    this.#unsubscribe(record)
  }

  lookupSubscriptions(
    { clientId }: Context<'lookupSubscriptions'>,
    store: Store<'lookupSubscriptions'>,
  ): void {
    store.push(...(this.#sessions.get(clientId)?.kept.values() ?? []))
  }

  subscribeTopic(ctx: Context<'subscribeTopic'>, store: Store<'subscribeTopic'>): void {
    const { client, topic } = ctx
    const qos = grantedQoS(ctx, store)
    const record = this.#recordOf(client)
    record.filters.add(topic)
    const existed = this.#subscriptions.add(topic, record.clientId, new Subscriber(record, qos))
    store.existed ??= existed
    store.grant = qos
  }

  unsubscribeTopic({ client, topic }: Context<'unsubscribeTopic'>, store: Store<'unsubscribeTopic'>): void {
    const record = this.#recordOf(client)
    record.filters.delete(topic)
    const existed = this.#subscriptions.remove(topic, record.clientId)
    store.existed = store.existed === true || existed
  }

  // Messages

  relayMessage(ctx: Context<'relayMessage'>, store: Store<'relayMessage'>): void | Promise<void> {
    const { packet, inbound } = ctx
    if (inbound !== undefined) this.#current(inbound).inbound.add(inbound.packetId)
    const { subscribers } = this.#subscriptions.match(ctx.topic)
    store.matched += subscribers.length
    let waiting: Promise<void>[] | undefined
    for (let i = 0; i < subscribers.length; i++) {
      const { record, qos: granted } = subscribers[i]
      const qos = Math.min(packet.qos, granted) as QoS
      const later = this.#deliverer.deliver(record, packet, qos, false, undefined, ctx, store)
      if (later !== undefined) {
        if (waiting === undefined) waiting = [later]
        else waiting.push(later)
      }
    }
    if (waiting !== undefined) return Promise.all(waiting).then(() => {})
  }

  storeOfflineMessage(ctx: Context<'storeOfflineMessage'>, store: Store<'storeOfflineMessage'>): void {
    const { sessionMessages, sessionBytes } = this.config
    store.sequence = this.#current(ctx).log.append(ctx, sessionMessages, sessionBytes)
    store.dropped = store.sequence === undefined
  }

  lookupOfflineMessages(ctx: Context<'lookupOfflineMessages'>, store: Store<'lookupOfflineMessages'>): void {
    const { clientId, after = 0, limit = Number.POSITIVE_INFINITY } = ctx
    this.#sessions.get(clientId)?.log.read(store, after, limit)
  }

  releaseOfflineMessages(ctx: Context<'releaseOfflineMessages'>): void {
    const { log } = this.#current(ctx)
    for (const sequence of ctx.sequences) log.release(sequence)
  }

  removeOfflineMessages(ctx: Context<'removeOfflineMessages'>): void {
    const { log } = this.#current(ctx)
    for (const sequence of ctx.sequences) log.remove(sequence)
  }

  clearOfflineMessages({ clientId }: Context<'clearOfflineMessages'>): void {
    this.#sessions.get(clientId)?.log.clear()
  }

  storeInboundMessage(ctx: Context<'storeInboundMessage'>): void {
    this.#current(ctx).inbound.add(ctx.packetId)
  }

  releaseInboundMessages(ctx: Context<'releaseInboundMessages'>): void {
    const { inbound } = this.#current(ctx)
    for (const id of ctx.packetIds) inbound.delete(id)
  }

  // Retained messages

  storeRetainedMessage(ctx: Context<'storeRetainedMessage'>, store: Store<'storeRetainedMessage'>): void {
    const { topic, packet, messageId } = ctx
    if (packet.payloadLength === 0) {
      store.replaced = this.#retained.delete(topic)
      return
    }
    store.replaced = this.#retained.get(topic) !== undefined
    const full = !store.replaced && this.#retained.size >= this.config.retainedMessages
    if (full || packet.payloadLength > this.config.retainedBytes) store.refused = ReasonCode.QUOTA_EXCEEDED
    else this.#retained.set(topic, { topic, packet: packet.own(), messageId })
  }

  lookupRetainedMessages(
    ctx: Context<'lookupRetainedMessages'>,
    store: Store<'lookupRetainedMessages'>,
  ): void {
    const { entries } = this.#retained.match(ctx.topic, { after: ctx.after, limit: ctx.limit })
    for (const [, message] of entries) store.push(message)
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
    // A new session's epoch is above that of every older one, so that calls for an older one of this name are refused.
    record.epoch = (kept?.epoch ?? this.#newestEpoch) + 1
    this.#newestEpoch = Math.max(this.#newestEpoch, record.epoch)
    record.client = client
    record.stored = expiryInterval > 0
    this.#sessions.set(clientId, record)
    this.#expiring.delete(record)
    entry.of(client).record = record
    store.present = kept !== undefined
    store.epoch = record.epoch
    store.inboundIds = [...record.inbound]
  }

  /** The record that a call is about; it must be the session's newest opening that calls. */
  #current({ clientId, epoch }: { clientId: string; epoch: number }): SessionRecord {
    const record = this.#sessions.get(clientId)
    if (record?.epoch === epoch) return record
    throw new StackError('STALE_EPOCH', `session "${clientId}" of epoch ${epoch} is not the current one`)
  }

  #recordOf(client: Client): SessionRecord {
    const state = entry.of(client)
    if (state.record === undefined) {
      const record = new SessionRecord(`\0${++this.#unnamed}`, undefined)
      record.client = client
      state.record = record
      client.onClose(() => this.#unsubscribe(record))
    }
    return state.record
  }

  #remove(record: SessionRecord): void {
    this.#unsubscribe(record)
    this.#expiring.delete(record)
    if (this.#sessions.get(record.clientId) === record) this.#sessions.delete(record.clientId)
  }

  #unsubscribe(record: SessionRecord): void {
    for (const filter of record.filters) this.#subscriptions.remove(filter, record.clientId)
    record.filters.clear()
  }
}
