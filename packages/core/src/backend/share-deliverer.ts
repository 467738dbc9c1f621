import type { DropReason, Stack } from '../contract/index.ts'
import type { Publish } from '../packets/index.ts'
import type { Steps } from '../time/index.ts'
import { proceed } from '../time/index.ts'
import type { SharedGroup } from '../topics/index.ts'
import type { Deliverer, DeliveryCounts, MessageSource } from './deliver.ts'
import { Offer } from './deliver.ts'
import type { Once } from './shared/done-once.ts'
import type { Subscriber } from './subscriber.ts'
import type { Subscriptions } from './subscriptions.ts'

/** How many members of a group are asked to take a message before it is dropped. */
const ASKED_AT_MOST = 16

/** A message that one member of a group is to have. */
export interface SharedMessage {
  readonly group: SharedGroup<Subscriber>
  readonly packet: Publish
  /** When it is over, by the stack's clock (`now()`, ms); 0: what its expiry interval says begins now. */
  readonly expiresAt: number
  /** Who has left it behind and does not get it again. */
  readonly except: string | undefined
  readonly source: MessageSource
  /** How often it was handed from node to node; 0 by default. */
  readonly hops?: number
  /** Where it may be delivered again, because it could not be committed: whether that was for good. */
  readonly once?: Once | undefined
}

/** Gives messages of shared subscriptions to a member each: if the chosen one cannot take it, to the next. */
export class ShareDeliverer {
  readonly #stack: Stack
  readonly #deliverer: Deliverer
  readonly #subscriptions: Subscriptions
  /** Where several nodes are one service: gives what nobody here can take to a member elsewhere; nothing where there is none. */
  elsewhere: ((message: SharedMessage) => Promise<void> | undefined) | undefined = undefined

  constructor(stack: Stack, deliverer: Deliverer, subscriptions: Subscriptions) {
    this.#stack = stack
    this.#deliverer = deliverer
    this.#subscriptions = subscriptions
  }

  /** Answers nothing when all of it is done at once. Dropped is what nobody could take: told once, of the first. */
  deliver(message: SharedMessage, counts: DeliveryCounts): void | Promise<void> {
    const { except } = message
    const asked = except === undefined ? undefined : new Set([except])
    const member = this.#choose(message, asked)
    if (member === undefined) return this.#deliverToOthers(message, counts)
    const offer = new Offer()
    const later = this.#offer(message, member, offer)
    // Most take what they are offered.
    const judge = (): void | Promise<void> =>
      offer.refused === undefined
        ? note(message, member, offer, counts)
        : proceed(this.#askOthers(message, member, offer.refused, counts))
    return later === undefined ? judge() : later.then(judge)
  }

  /** Nobody of the group can have it: all have gone since it was looked for, or are going. */
  #deliverToOthers(message: SharedMessage, counts: DeliveryCounts): void | Promise<void> {
    const { name, filter } = message.group
    const group = this.#subscriptions.group({ group: name, filter })
    // Others may have come.
    if (group !== undefined && group !== message.group) return this.deliver({ ...message, group }, counts)
    return this.elsewhere?.(message)
  }

  *#askOthers(message: SharedMessage, first: Subscriber, reason: DropReason, counts: DeliveryCounts): Steps {
    const asked = new Set([first.record.clientId])
    if (message.except !== undefined) asked.add(message.except)
    for (let i = 1; i < ASKED_AT_MOST; i++) {
      const member = this.#choose(message, asked)
      if (member === undefined) break
      const offer = new Offer()
      yield this.#offer(message, member, offer)
      if (offer.refused === undefined) return note(message, member, offer, counts)
      asked.add(member.record.clientId)
    }
    const later = this.elsewhere?.(message)
    if (later !== undefined) return void (yield later)
    message.once?.do()
    counts.dropped++
    if (reason === 'memory-full') counts.unkept = (counts.unkept ?? 0) + 1
    const { clientId, client } = first.record
    this.#stack.tell('messageDropped', { clientId, client, packet: message.packet, reason, count: 1 })
  }

  #choose(
    { group, source, packet }: SharedMessage,
    asked: ReadonlySet<string> | undefined,
  ): Subscriber | undefined {
    return this.#subscriptions.choose(group, source.publisher?.clientId ?? '', packet, asked)
  }

  #offer(message: SharedMessage, member: Subscriber, offer: Offer): void | Promise<void> {
    const { packet, expiresAt, source, once } = message
    const terms = member.terms(packet)
    const own = expiresAt === 0 ? terms : { ...terms, expiresAt }
    const { record } = member
    // Nobody takes it back from one without a log.
    if (once === undefined || (record.id !== 0 && terms.qos > 0))
      return this.#deliverer.deliver(record, packet, own, source, offer)
    once.do()
    const judge = (): void => {
      if (offer.refused !== undefined) once.undo()
    }
    const later = this.#deliverer.deliver(record, packet, own, source, offer)
    return later === undefined ? judge() : later.then(judge)
  }
}

function note(message: SharedMessage, member: Subscriber, offer: Offer, counts: DeliveryCounts): void {
  const { queued, dropped } = offer
  counts.queued += queued
  counts.dropped += dropped
  const { qos, share } = member.terms(message.packet)
  const sent = qos > 0 && queued + dropped === 0
  if (sent) member.record.state?.log.markSent(message.source.messageId, share)
}
