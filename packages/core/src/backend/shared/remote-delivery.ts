import type { Author, DropReason, Share } from '../../contract/index.ts'
import { RelayContext, RelayStore } from '../../contract/index.ts'
import { Publish, readRelayed } from '../../packets/index.ts'
import type { SharedGroup } from '../../topics/index.ts'
import { Matches } from '../../topics/index.ts'
import { isThere } from '../choose-member.ts'
import { expiryOf } from '../deliver.ts'
import type { Parts } from '../parts.ts'
import type { Receivers } from '../receivers.ts'
import type { ShareDeliverer, SharedMessage } from '../share-deliverer.ts'
import type { Subscriber } from '../subscriber.ts'
import type { Once, Place } from './done-once.ts'
import type { GroupFrame, MessageFrame } from './frames.ts'
import type { Application } from './inbox.ts'
import type { RemoteRelay } from './remote-relay.ts'
import type { SharedNode } from './shared-node.ts'

/** A message of a group is handed from node to node no more often than this. */
const HOPS = 8
/** From so many on a node that gets it gives it to its own members, if it can: on others nobody could take it. */
const TRIED = 4
const NONE = { members: 0, connected: false }
const NO_GROUPS: readonly SharedGroup<Subscriber>[] = []
const NOBODY: Author = { clientId: '', identity: undefined }

/** Gives messages of other nodes to the clients of this one. */
export class RemoteDelivery {
  readonly #parts: Parts
  readonly #shared: SharedNode
  readonly #relay: RemoteRelay
  readonly #receivers: Receivers
  readonly #shares: ShareDeliverer

  constructor(
    parts: Parts,
    shared: SharedNode,
    relay: RemoteRelay,
    receivers: Receivers,
    shares: ShareDeliverer,
  ) {
    this.#parts = parts
    this.#shared = shared
    this.#relay = relay
    this.#receivers = receivers
    this.#shares = shares
    shares.elsewhere = (message) => this.#tryOthers(message)
    shared.inbox.on('message', (frame, how) => this.#take(frame, how))
    shared.inbox.on('group', (frame, how) => this.#takeForGroup(frame, how))
  }

  /** What it stages is staged by return, or when what it answers with fulfils. */
  #take(frame: MessageFrame, how: Application): void | Promise<void> {
    const { from, again, cast, only, place } = how
    const { sessions, subscriptions } = this.#parts
    const sent = readRelayed(frame.relayed)
    const packet = this.#shared.clock.age(sent, frame.expiresAt)
    const matches = subscriptions.match(sent.topic)
    if (packet === undefined)
      return this.#tellExpired(sent, frame.plain ? this.#some(matches.subscribers, sent, again) : [])
    const ctx = new RelayContext(undefined, packet, frame.publisher, undefined, 'client')
    const { moves } = this.#shared
    const { subscribers: wanting } = moves.isBusy && frame.plain ? moves.sift(matches, from, ctx) : matches
    const some = frame.plain ? this.#some(wanting, packet, again) : []
    const subscribers = only === undefined ? some : some.filter(({ record }) => only.has(record))
    const publisher = sessions.get(frame.publisher.clientId)
    const found = new Matches(subscribers, NO_GROUPS)
    const later = this.#receivers.deliver(found, publisher, ctx, new RelayStore())
    if (later !== undefined) this.#hear(later, packet)
    for (const share of frame.groups) this.#giveTo(share, frame, ctx, place)
    if (later === undefined) return
    if (cast || ctx.staged || !this.#receivers.isWide(found)) return
    return new Promise((resolve) => {
      ctx.onStaged = resolve
      later.then(resolve, () => resolve())
    })
  }

  /** What is applied again is for logs alone: others have had it. */
  #some(subscribers: readonly Subscriber[], packet: Publish, again: boolean): readonly Subscriber[] {
    if (!again) return subscribers
    return subscribers.filter(({ record, qos }) => record.id !== 0 && qos > 0 && packet.qos > 0)
  }

  /** To a member here, or on to a node that has one; what was done for good is not done again. */
  #giveTo(
    share: Share,
    { publisher, expiresAt }: MessageFrame,
    source: RelayContext,
    place: Place | undefined,
  ): void {
    const { packet } = source
    const once = this.#once(place, share)
    if (once?.isDone === true) return
    const group = this.#parts.subscriptions.group(share)
    if (group === undefined) {
      this.#handOn(share, undefined, 1, publisher, this.#shared.clock.toStack(expiresAt), packet, once)
      return
    }
    const message = { group, packet, expiresAt: 0, except: undefined, source, once }
    const later = this.#shares.deliver(message, { queued: 0, dropped: 0 })
    if (later !== undefined) this.#hear(later, packet)
  }

  #takeForGroup(frame: GroupFrame, { place }: Application): void {
    const { share, except, hops, publisher } = frame
    const { clock } = this.#shared
    const once = this.#once(place, share)
    const packet = clock.age(Publish.decode(frame.packet), frame.expiresAt)
    if (packet === undefined || once?.isDone === true) return
    this.#handOn(share, except, hops + 1, publisher, clock.toStack(frame.expiresAt), packet, once)
  }

  #once(place: Place | undefined, { group, filter }: Share): Once | undefined {
    return place && this.#shared.inbox.done.once(place, `${group}/${filter}`)
  }

  /** That the log could not be committed whoever applies frames finds out himself. */
  #hear(later: Promise<void>, packet: Publish): void {
    later.catch((error: Error) => {
      if ((error as { code?: unknown }).code !== 'STORE_FAILED')
        this.#parts.stack.fail(error, undefined, packet)
    })
  }

  /**
   * To a member of the group here, or to a node that has one.
   * @param expiresAt By the stack's clock; 0 for never.
   * @param once Where it may be delivered again.
   */
  deliverToGroup(
    share: Share,
    except: string | undefined,
    hops: number,
    publisher: Author | undefined,
    expiresAt: number,
    packet: Publish,
    once?: Once,
  ): void | Promise<void> {
    const group = this.#parts.subscriptions.group(share)
    const others = group?.members.filter(({ record }) => record.clientId !== except) ?? []
    const own = { members: others.length, connected: others.some(isThere) }
    const isTaken = hops > HOPS || (hops > TRIED && others.length > 0)
    const elsewhere = isTaken ? undefined : this.#shared.routes.tree.group(share)
    const node = elsewhere && this.#relay.choose(own, elsewhere, packet.qos)
    if (node !== undefined)
      return this.#relay.handOn(node, { share, except, hops, publisher, expiresAt, packet })
    if (group === undefined || others.length === 0)
      return this.#drop(except, packet, elsewhere === undefined ? 'not-connected' : 'memory-full', once)
    const source = new RelayContext(undefined, packet, publisher ?? NOBODY, undefined, 'client')
    const message = { group, packet, expiresAt, except, source, hops, once }
    return this.#shares.deliver(message, { queued: 0, dropped: 0 })
  }

  /** No member here can take it: a node that has others may; nothing where none has, or enough were asked. */
  #tryOthers({
    group,
    packet,
    expiresAt,
    except,
    source,
    hops = 0,
  }: SharedMessage): Promise<void> | undefined {
    if (hops > HOPS) return undefined
    const share = { group: group.name, filter: group.filter }
    const others = this.#shared.routes.tree.group(share)
    const node = others && this.#relay.choose(NONE, others, packet.qos)
    if (node === undefined) return undefined
    const until = expiresAt === 0 ? expiryOf(packet, this.#parts.stack.clock) : expiresAt
    const message = { share, except, publisher: source.publisher, expiresAt: until, packet }
    return this.#relay.handOn(node, { hops: Math.max(hops, TRIED), ...message }) ?? Promise.resolve()
  }

  #handOn(
    share: Share,
    except: string | undefined,
    hops: number,
    publisher: Author | undefined,
    expiresAt: number,
    packet: Publish,
    once: Once | undefined,
  ): void {
    const { stack } = this.#parts
    stack.background(() => this.deliverToGroup(share, except, hops, publisher, expiresAt, packet, once))
  }

  #tellExpired(packet: Publish, subscribers: readonly Subscriber[]): void {
    for (const { record } of subscribers) {
      const { clientId, client } = record
      this.#parts.stack.tell('messageDropped', { clientId, client, packet, reason: 'expired', count: 1 })
    }
  }

  #drop(except: string | undefined, packet: Publish, reason: DropReason, once: Once | undefined): void {
    once?.do()
    const told = {
      clientId: except ?? '',
      client: undefined,
      packet,
      reason,
      count: 1,
    }
    this.#parts.stack.tell('messageDropped', told)
  }
}
