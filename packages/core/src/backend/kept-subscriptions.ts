import type { Context, Store, SubscriptionRecord } from '../contract/index.ts'
import { grantedQoS, settleWith, shareOf } from '../contract/index.ts'
import type { QoS } from '../packets/index.ts'
import { ReasonCode } from '../packets/index.ts'
import type { Parts } from './parts.ts'
import type { SessionRecord } from './session-record.ts'
import { settleSubscription } from './shared/settle-subscription.ts'
import type { SharedNode } from './shared/shared-node.ts'

/** Subscriptions that outlive their connection, and what is due of their retained messages. */
export class KeptSubscriptions {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Takes a filter. */
  subscribe(ctx: Context<'subscribeTopic'>, store: Store<'subscribeTopic'>): void {
    const { sessions, subscriptions, shared } = this.#parts
    const qos = grantedQoS(ctx, store)
    const record = sessions.of(ctx.client)
    const full = shared && this.#unheardBy(shared, record, ctx)
    if (full !== undefined) {
      store.grant = ReasonCode.QUOTA_EXCEEDED
      store.reason = `the node ${full} cannot be told: it does not read what waits for it`
      return
    }
    const existed = subscriptions.add(record, ctx, qos)
    if (existed === undefined) {
      store.grant = ReasonCode.QUOTA_EXCEEDED
      const { bounds } = this.#parts.stack.ledger
      const isFull = !this.#parts.stack.ledger.accountOf(ctx.client).admits('subscriptions')
      store.reason = isFull
        ? `more than ${bounds.subscriptions} subscriptions of one user (subscriptionsPerUser)`
        : 'there is no memory for another subscription'
      return
    }
    store.existed ??= existed
    store.grant = qos
    if (shared !== undefined)
      settleWith(this.#parts.stack, ctx, store, settleSubscription(this.#parts, ctx, store, existed))
  }

  /**
   * The node that is to hear of a filter and has no room for that. Who takes a filter away has had it taken, so this bounds what nodes hear
   * of filters that come and go.
   */
  #unheardBy(
    { sender, peers, routes }: SharedNode,
    record: SessionRecord,
    { topic }: Context<'subscribeTopic'>,
  ): string | undefined {
    if (!sender.isSomeFull || record.filters?.has(topic) === true || routes.isKnown(topic)) return undefined
    return sender.fullOf(peers.live)
  }

  /** A filter goes, of a session that is connected or away. */
  unsubscribe(ctx: Context<'unsubscribeTopic'>, store: Store<'unsubscribeTopic'>): void {
    const { sessions, subscriptions } = this.#parts
    const { client, topic } = ctx
    const record = client === undefined ? sessions.current(ctx) : sessions.of(client)
    const existed = subscriptions.remove(record, topic)
    store.existed = store.existed === true || existed
  }

  store(ctx: Context<'storeSubscription'>, store: Store<'storeSubscription'>): void | Promise<void> {
    const { topic, qos, options, identifier } = ctx
    const record = this.#parts.sessions.current(ctx)
    store.existed = record.ensureState().stagedSubscriptions.has(topic)
    return this.#keep(record, { topic, qos, options, identifier })
  }

  /** As it is in force and, where it is kept, as it is kept. */
  regrant(ctx: Context<'regrantSubscription'>, store: Store<'regrantSubscription'>): void | Promise<void> {
    const { sessions, subscriptions } = this.#parts
    const { topic, qos } = ctx
    const record = sessions.find(ctx)
    if (record === undefined || !subscriptions.regrant(record, topic, qos)) return
    store.existed = true
    const kept = record.state?.stagedSubscriptions.get(topic)
    if (kept === undefined) return
    const granted = Math.min(qos, kept.options.qos) as QoS
    if (granted !== kept.qos) return this.#keep(record, { ...kept, qos: granted })
  }

  #keep(record: SessionRecord, subscription: SubscriptionRecord): void | Promise<void> {
    const { disk } = this.#parts
    const { topic } = subscription
    const { subscriptions, stagedSubscriptions } = record.ensureState()
    const before = stagedSubscriptions.get(topic)
    stagedSubscriptions.set(topic, subscription)
    if (record.id === 0) return
    disk?.putSubscription(record, subscription)
    return disk?.commits.commit(
      () => subscriptions.set(topic, subscription),
      () => {
        if (stagedSubscriptions.get(topic) !== subscription) return
        putBack(stagedSubscriptions, topic, subscription, before)
        this.#enforce(record, topic, before)
      },
    )
  }

  /** What could not be written is in force as it was before. */
  #enforce(record: SessionRecord, topic: string, kept: SubscriptionRecord | undefined): void {
    const { sessions, subscriptions } = this.#parts
    const isInForce = sessions.get(record.clientId) === record && record.filters?.has(topic) === true
    if (!isInForce) return
    if (kept === undefined) subscriptions.remove(record, topic)
    else subscriptions.add(record, { share: shareOf(topic), ...kept }, kept.qos)
  }

  remove(ctx: Context<'removeSubscription'>, store: Store<'removeSubscription'>): void | Promise<void> {
    const { sessions, disk } = this.#parts
    const record = sessions.current(ctx)
    const { state } = record
    const before = state?.stagedSubscriptions.get(ctx.topic)
    store.existed = state?.stagedSubscriptions.delete(ctx.topic) ?? false
    if (state === undefined || record.id === 0) return
    disk?.removeSubscription(record, ctx.topic)
    return disk?.commits.commit(
      () => state.subscriptions.delete(ctx.topic),
      () => putBack(state.stagedSubscriptions, ctx.topic, undefined, before),
    )
  }

  clear(ctx: Context<'clearSubscriptions'>): void | Promise<void> {
    const { sessions, disk } = this.#parts
    const record = sessions.checked(ctx)
    if (record === undefined) return
    this.#parts.subscriptions.clear(record)
    const { state } = record
    if (state === undefined) return
    const { stagedSubscriptions: staged, stagedDue: due } = state
    const isKept = record.id !== 0 && (staged.size > 0 || due !== undefined)
    if (isKept) disk?.clearSubscriptions(record)
    const before = isKept ? [...staged] : []
    staged.clear()
    state.due = undefined
    state.stagedDue = undefined
    if (!isKept) return
    return disk?.commits.commit(
      () => state.subscriptions.clear(),
      () => {
        for (const [topic, subscription] of before) putBack(staged, topic, undefined, subscription)
        for (const [topic, one] of due ?? [])
          if (state.stagedDue?.has(topic) !== true) state.stageDue(topic, one)
      },
    )
  }

  lookup(ctx: Context<'lookupSubscriptions'>, store: Store<'lookupSubscriptions'>): void {
    const { sessions, subscriptions } = this.#parts
    const record = sessions.find(ctx)
    if (record === undefined) return
    const found = ctx.client === undefined ? subscriptions.of(record) : record.state?.subscriptions.values()
    // One by one: there may be more than a call takes.
    for (const subscription of found ?? []) store.push(subscription)
  }

  /** One unit with the messages that it counts as handed out: they are stored in the same turn. */
  storeDue(ctx: Context<'storeDueRetained'>): void | Promise<void> {
    const { sessions, disk } = this.#parts
    const { topic, due } = ctx
    const record = sessions.current(ctx)
    if (record.id === 0 || disk === undefined) return
    const state = record.ensureState()
    const before = state.stagedDue?.get(topic)
    state.stageDue(topic, due)
    disk.putDue(record, topic, due)
    return disk.commits.commit(
      () => state.putDue(topic, due),
      () => {
        if (state.stagedDue?.get(topic) === due) state.stageDue(topic, before)
      },
    )
  }

  /** The oldest subscription first. */
  lookupDue(ctx: Context<'lookupDueRetained'>, store: Store<'lookupDueRetained'>): void {
    const all = [...(this.#parts.sessions.find(ctx)?.state?.due?.values() ?? [])]
    store.push(...all.sort((one, other) => one.since - other.since))
  }
}

/** What could not be written is as it was before. */
function putBack<T>(map: Map<string, T>, key: string, now: T, before: T | undefined): void {
  if (map.get(key) !== now) return
  if (before === undefined) map.delete(key)
  else map.set(key, before)
}
