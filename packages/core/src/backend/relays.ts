import type { Context, Store } from '../contract/index.ts'
import { nextMessageId } from '../contract/index.ts'
import { ReasonCode } from '../packets/index.ts'
import type { Matches } from '../topics/index.ts'
import { Deliverer } from './deliver.ts'
import type { Disk } from './disk/disk.ts'
import { GivenToGroups } from './failed-relays.ts'
import type { InboundIds } from './inbound-ids.ts'
import type { Parts } from './parts.ts'
import { Receivers } from './receivers.ts'
import type { SessionRecord } from './session-record.ts'
import type { Sessions } from './sessions.ts'
import { ShareDeliverer } from './share-deliverer.ts'
import type { SharePreference } from './shared/options.ts'
import { RemoteDelivery } from './shared/remote-delivery.ts'
import type { Outgoing } from './shared/remote-relay.ts'
import { RemoteRelay } from './shared/remote-relay.ts'
import type { SharedNode } from './shared/shared-node.ts'
import type { Subscriber } from './subscriber.ts'
import type { Subscriptions } from './subscriptions.ts'

/** Messages on their way to all who subscribed. */
export class Relays {
  readonly #parts: Parts
  readonly #sessions: Sessions
  readonly #subscriptions: Subscriptions
  readonly #disk: Disk | undefined
  readonly #inbound: InboundIds
  readonly #shares: ShareDeliverer
  readonly #receivers: Receivers
  readonly #shared: SharedNode | undefined
  readonly #remote: RemoteRelay | undefined
  readonly #delivery: RemoteDelivery | undefined

  /** @param preference Of several nodes: whose members of a group are preferred. */
  constructor(parts: Parts, inbound: InboundIds, preference: SharePreference = 'local') {
    const { stack, sessions, subscriptions, disk, shared } = parts
    const deliverer = new Deliverer(stack)
    this.#parts = parts
    this.#sessions = sessions
    this.#subscriptions = subscriptions
    this.#disk = disk
    this.#inbound = inbound
    this.#shares = new ShareDeliverer(stack, deliverer, subscriptions)
    this.#receivers = new Receivers(stack.pace, deliverer, this.#shares)
    this.#shared = shared
    if (shared === undefined || disk === undefined) return
    this.#remote = new RemoteRelay(shared, disk, preference)
    this.#delivery = new RemoteDelivery(parts, shared, this.#remote, this.#receivers, this.#shares)
  }

  relay(ctx: Context<'relayMessage'>, store: Store<'relayMessage'>): void | Promise<void> {
    const { client } = ctx
    const before = ctx.inbound && this.#inbound.failed.of(ctx, this.#find)
    const found = this.#subscriptions.match(ctx.topic)
    const matches = before === undefined ? found : before.rest(found)
    const publisher =
      client === undefined ? this.#sessions.get(ctx.publisher.clientId) : this.#sessions.peek(client)
    const disk = this.#disk
    // Most messages have nothing to keep with them.
    if (disk === undefined && ctx.inbound === undefined) {
      const later = this.#receivers.deliver(matches, publisher, ctx, store)
      if (later !== undefined) return later.then(() => this.#judge(ctx, store))
      if (store.dropped > 0 || store.unretained) return this.#judge(ctx, store)
      return
    }
    const shared = this.#shared
    if (shared !== undefined && disk !== undefined) {
      // Without a lease it may not know of subscriptions that were acknowledged elsewhere.
      if (ctx.packet.qos > 0 && !shared.inService) return shared.refuse()
      const earlier = this.#receivers.isWide(matches) ? this.#receivers.wideStaged : undefined
      // Who gets it is found out in the turn in which it is sent to others: a session that moves is either here or there.
      if (earlier !== undefined) return earlier.then(() => this.relay(ctx, store))
      const here = shared.moves.isBusy ? shared.moves.sift(matches, shared.node, ctx) : matches
      const full = this.#remote?.fullOf(ctx, here)
      if (full !== undefined) return shared.refuseFor(full)
      const out = this.#remote?.plan(ctx, here, before)
      return this.#relayHere(disk, out?.local ?? here, publisher, ctx, store, out, before)
    }
    return this.#relayHere(disk, matches, publisher, ctx, store, undefined, before)
  }

  readonly #find = (inbound: { clientId: string; epoch: number }): SessionRecord | undefined =>
    this.#sessions.find(inbound)

  /**
   * @param out What other nodes get of it.
   * @param before Which groups had it when it was relayed in vain.
   */
  #relayHere(
    disk: Disk | undefined,
    matches: Matches<Subscriber>,
    publisher: SessionRecord | undefined,
    ctx: Context<'relayMessage'>,
    store: Store<'relayMessage'>,
    out: Outgoing | undefined,
    before: GivenToGroups | undefined,
  ): void | Promise<void> {
    const { client } = ctx
    const mayFail = disk !== undefined && ctx.inbound !== undefined && matches.groups.length > 0
    const given = mayFail ? new GivenToGroups(before) : before
    if (disk !== undefined && this.#receivers.isWide(matches))
      return this.#relayInPieces(disk, matches, publisher, ctx, store, out, given)
    const held = this.#begin(ctx, store, out, given)
    if (held === false) return
    const later = this.#receivers.deliver(matches, publisher, ctx, store, undefined, given)
    if (later !== undefined || held !== true) {
      // Identifier and log entries are staged in this turn, and so are one unit.
      if (disk !== undefined) ctx.stage()
      // Nobody can be told, or all is known that anybody is told: then many messages wait for one promise.
      const isDone = client?.protocolVersion !== 5 || (later === undefined && store.unkept < store.matched)
      if (later === undefined || held === true) {
        const alone = (later ?? held) as Promise<void>
        return isDone ? alone : alone.then(() => this.#judge(ctx, store))
      }
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
    out: Outgoing | undefined,
    given: GivenToGroups | undefined,
  ): Promise<void> {
    let held: boolean | Promise<void> = false
    const unit = {
      begin: (): boolean => {
        held = this.#begin(ctx, store, out, given)
        if (held !== false) commits.hold()
        return held !== false
      },
      end: (): void => commits.release(),
    }
    await this.#receivers.deliver(matches, publisher, ctx, store, unit, given)
    await held
    if (held !== false) await this.#judge(ctx, store)
  }

  /** Keeps the identifier of a QoS 2 message, and sends to other nodes; false where it is refused. */
  #begin(
    ctx: Context<'relayMessage'>,
    store: Store<'relayMessage'>,
    out: Outgoing | undefined,
    given: GivenToGroups | undefined,
  ): boolean | Promise<void> {
    const held = this.#holdInbound(ctx, store, given)
    if (out === undefined || held === false) return held
    // A will goes in one unit with it, so that nobody publishes it again.
    const sent = this.#remote?.send(ctx, store, out, held !== true || ctx.origin === 'will')
    if (held === true || sent === undefined) return sent ?? held
    return Promise.all([held, sent]).then(() => {})
  }

  /** Keeps the identifier of a QoS 2 message; false where it is refused. */
  #holdInbound(
    ctx: Context<'relayMessage'>,
    store: Store<'relayMessage'>,
    given: GivenToGroups | undefined,
  ): boolean | Promise<void> {
    const { inbound } = ctx
    if (inbound === undefined) return true
    const held = this.#inbound.hold(this.#parts.sessions.current(inbound), inbound.packetId, given)
    if (held === false) this.#refuse(ctx, store)
    return held
  }

  #refuse(
    { publisher: { clientId }, client, packet }: Context<'relayMessage'>,
    store: Store<'relayMessage'>,
  ): void {
    store.vetoed = true
    store.reasonCode = ReasonCode.QUOTA_EXCEEDED
    this.#parts.stack.tell('messageDropped', { clientId, client, packet, reason: 'memory-full', count: 1 })
  }

  /** A message that nobody has because there is no room for it is refused; older publishers cannot be told. */
  #judge({ client, inbound }: Context<'relayMessage'>, store: Store<'relayMessage'>): void | Promise<void> {
    const { matched, unkept, unretained } = store
    if (unkept < matched || (matched === 0 && !unretained) || client?.protocolVersion !== 5) return
    store.reasonCode = ReasonCode.QUOTA_EXCEEDED
    // A refusal ends the exchange: the identifier is free.
    if (inbound === undefined) return
    const record = this.#parts.sessions.find(inbound)
    if (record !== undefined) return this.#inbound.free(record, [inbound.packetId])
  }

  /**
   * A message of a shared subscription that a session leaves behind goes to another member. It has left the log: where that cannot be
   * committed it is done again with that.
   */
  handOn(ctx: Context<'handOnMessage'>): void | Promise<void> {
    const later = this.#handOn(ctx)
    const disk = this.#disk
    if (later === undefined || disk === undefined) return later
    const again = (): void => this.#parts.stack.background(() => this.handOn(ctx))
    return later.catch((error: Error) => {
      if ((error as { code?: unknown }).code !== 'STORE_FAILED' || !disk.redo(again)) throw error
    })
  }

  #handOn(ctx: Context<'handOnMessage'>): void | Promise<void> {
    const { clientId, share, packet, expiresAt, publisher } = ctx
    if (this.#delivery !== undefined)
      return this.#delivery.deliverToGroup(share, clientId, 0, publisher, expiresAt, packet)
    const group = this.#parts.subscriptions.group(share)
    if (group === undefined) return
    const source = { messageId: nextMessageId(), publisher }
    const message = { group, packet, expiresAt, except: clientId, source }
    return this.#shares.deliver(message, { queued: 0, dropped: 0 })
  }
}
