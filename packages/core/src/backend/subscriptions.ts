import type { Context, Share, SubscriptionRecord } from '../contract/index.ts'
import { shareOf } from '../contract/index.ts'
import type { Publish, QoS } from '../packets/index.ts'
import type { Matches, SharedGroup } from '../topics/index.ts'
import { TopicTree } from '../topics/index.ts'
import type { ShareStrategy } from './choose-member.ts'
import { chooseMember, isThere } from './choose-member.ts'
import { subscriptionCost } from './costs.ts'
import type { SessionRecord } from './session-record.ts'
import { mergeSubscribers, Subscriber } from './subscriber.ts'

/** What is subscribed to. */
export type Subscribed = Pick<Context<'subscribeTopic'>, 'topic' | 'options' | 'identifier' | 'share'>

/** Who is told of subscriptions. */
export interface SubscriptionWatch {
  added(topic: string, share: Share | undefined): void
  removed(topic: string, share: Share | undefined): void
}

/** Who is subscribed to what, shared or not. */
export class Subscriptions {
  readonly #tree: TopicTree<Subscriber>
  readonly #strategy: ShareStrategy
  readonly #watch: SubscriptionWatch | undefined

  /**
   * @param worked Told of the steps that a match took which was not remembered.
   * @param watch Told of each subscription that comes and goes.
   */
  constructor(strategy: ShareStrategy, worked: (steps: number) => void, watch?: SubscriptionWatch) {
    this.#tree = new TopicTree({ merge: mergeSubscribers, worked })
    this.#strategy = strategy
    this.#watch = watch
  }

  /** One a session and filter. */
  get size(): number {
    return this.#tree.size
  }

  /** Those of shared subscriptions among them. */
  get shared(): number {
    return this.#tree.shared
  }

  match(topic: string): Matches<Subscriber> {
    return this.#tree.match(topic)
  }

  /** True when the session had this filter before; nothing where the ledger has no room for it. */
  add(record: SessionRecord, ctx: Subscribed, qos: QoS): boolean | undefined {
    const { topic } = ctx
    if (record.filters?.has(topic) !== true && !record.subscribe(subscriptionCost(topic))) return undefined
    return this.#add(record, ctx, qos)
  }

  /** One that an earlier process left: there is room for it. */
  restore(record: SessionRecord, ctx: Subscribed, qos: QoS): void {
    record.resubscribe(subscriptionCost(ctx.topic))
    this.#add(record, ctx, qos)
  }

  #add(record: SessionRecord, ctx: Subscribed, qos: QoS): boolean {
    const { topic, options, identifier, share } = ctx
    const { rap = false, nl = false } = options
    const identifiers = identifier === undefined ? undefined : [identifier]
    const subscriber = new Subscriber(record, qos, rap, nl, identifiers, share, undefined, options.qos)
    record.filters ??= new Set()
    record.filters.add(topic)
    const existed = this.#put(topic, subscriber)
    if (!existed) this.#watch?.added(topic, share)
    return existed
  }

  /** Another QoS for one that there is, at most what was asked for; false where there is none. */
  regrant(record: SessionRecord, topic: string, qos: QoS): boolean {
    const before = this.#get(topic, record.clientId)
    if (before === undefined) return false
    const { retainAsPublished, own, identifiers, share, asked } = before
    const [granted, noLocal] = [Math.min(qos, asked) as QoS, own === undefined]
    this.#put(
      topic,
      new Subscriber(record, granted, retainAsPublished, noLocal, identifiers, share, undefined, asked),
    )
    return true
  }

  /** True when there was one. */
  #put(topic: string, subscriber: Subscriber): boolean {
    const { share, record } = subscriber
    return share === undefined
      ? this.#tree.add(topic, record.clientId, subscriber)
      : this.#tree.addShared(share.filter, share.group, record.clientId, subscriber)
  }

  /** False when there was none. */
  remove(record: SessionRecord, topic: string): boolean {
    if (record.filters?.delete(topic) === true) record.unsubscribe(subscriptionCost(topic))
    const share = shareOf(topic)
    const existed =
      share === undefined
        ? this.#tree.remove(topic, record.clientId)
        : this.#tree.removeShared(share.filter, share.group, record.clientId)
    if (existed) this.#watch?.removed(topic, share)
    return existed
  }

  /** All of a session, as they are in force. */
  *of({ filters, state, clientId }: SessionRecord): Iterable<SubscriptionRecord> {
    for (const topic of filters ?? []) {
      const known = state?.stagedSubscriptions.get(topic)
      const subscriber = known === undefined ? this.#get(topic, clientId) : undefined
      if (known !== undefined) yield known
      if (subscriber === undefined) continue
      const { qos, asked, retainAsPublished: rap, own, identifiers } = subscriber
      const options = { topic, qos: asked, rap, nl: own === undefined }
      yield { topic, qos, options, identifier: identifiers?.[0] }
    }
  }

  #get(topic: string, clientId: string): Subscriber | undefined {
    const share = shareOf(topic)
    if (share === undefined) return this.#tree.get(topic, clientId)
    return this.group(share)?.members.find(({ record }) => record.clientId === clientId)
  }

  clear(record: SessionRecord): void {
    for (const filter of record.filters ?? []) this.remove(record, filter)
  }

  group({ filter, group }: Share): SharedGroup<Subscriber> | undefined {
    return this.#tree.getGroup(filter, group)
  }

  /**
   * Who of those who share a filter gets a message.
   * @param except Client identifiers of those who do not get it.
   */
  choose(
    group: SharedGroup<Subscriber>,
    publisher: string,
    packet: Publish,
    except: ReadonlySet<string> | undefined,
  ): Subscriber | undefined {
    return chooseMember(group, this.#strategy, publisher, packet, except)
  }

  /** Whether a member of a group is connected. */
  isConnected(share: Share): boolean {
    return this.group(share)?.members.some(isThere) === true
  }

  /** Whether somebody else shares the filter, connected or not. */
  hasOtherMember(share: Share, record: SessionRecord): boolean {
    return this.group(share)?.members.some((member) => member.record !== record) === true
  }

  /** Whether somebody else who shares the filter is there to take a message. */
  hasOther(share: Share, record: SessionRecord): boolean {
    const members = this.group(share)?.members ?? []
    return members.some((member) => member.record !== record && isThere(member))
  }
}
