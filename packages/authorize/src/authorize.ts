import type {
  AskedSubscribe,
  AuthorizeContext,
  AuthorizeStore,
  CallbackName,
  Chain,
  Client,
  ConnectPacket,
  Context,
  Done,
  Packets,
  PacketType,
  Publish,
  QoS,
  Standing,
  Steps,
  Store,
  SubscribePacket,
  SubscriptionRecord,
} from '@mqtt-stack/core'
import { asReceived, DONE, Middleware, proceed, ReasonCode, Slot, shareOf } from '@mqtt-stack/core'
import type { Granted } from './grants.ts'
import { grantOf, keepGrants, whyRefused } from './grants.ts'

/** What was decided about the packet that a client is being served with. */
class Decision {
  /** A PUBLISH that may not be relayed, and why. */
  refused: Publish | undefined
  reasonCode: ReasonCode = ReasonCode.NOT_AUTHORIZED
  /** The CONNECT with a will of a client that may authenticate again. */
  connect: ConnectPacket | undefined
}

const decision = new Slot(() => new Decision())

/**
 * Executes authorizePacket. A refused PUBLISH goes on, so that its acknowledgement is completed, and is vetoed at
 * relayMessage; a refused filter is refused at subscribeTopic; a refused will refuses the CONNECT. An AUTH that comes here
 * has authenticated a client again: what it has subscribed to, and its will, are asked about again.
 */
export class Authorize extends Middleware {
  readonly handles: readonly PacketType[] = ['connect', 'publish', 'subscribe', 'auth']
  readonly requires: readonly CallbackName[] = ['authorizePacket']
  readonly behind: readonly CallbackName[] = ['authenticateConnection', 'authenticateExchange']
  readonly uses: readonly CallbackName[] = [
    'closeClient',
    'messageDropped',
    'lookupSubscriptions',
    'endSubscription',
    'regrantSubscription',
    'purgeMessages',
  ]
  #ask!: Chain
  /** What was given with a yes last. */
  #standing: Standing | undefined

  start(): void {
    this.#ask = this.stack.chain('authorizePacket')
  }

  handle(
    client: Client,
    packet: ConnectPacket | Publish | SubscribePacket | Packets['auth'],
  ): void | Done | Promise<void | Done> {
    if (packet.cmd === 'publish') return this.#publish(client, packet)
    if (packet.cmd === 'subscribe') return proceed(this.#subscribe(client, packet))
    if (packet.cmd === 'auth') return proceed(this.#askAgain(client))
    if (packet.will !== undefined) return proceed(this.#will(client, packet))
  }

  /** The veto for what `handle` refused. */
  relayMessage(ctx: Context<'relayMessage'>, store: Store<'relayMessage'>): void | Done {
    if (ctx.client === undefined) return
    const state = decision.of(ctx.client)
    // A handler behind this one may have put another message in its place: that is refused with it.
    if (state.refused === undefined || asReceived(state.refused) !== asReceived(ctx.original)) return
    state.refused = undefined
    store.reasonCode = state.reasonCode
    const { client, packet } = ctx
    this.stack.tell('messageDropped', {
      clientId: client.id,
      client,
      packet,
      reason: 'not-authorized',
      count: 1,
    })
    return DONE
  }

  /** The most that a filter may be granted; rights are asked for again when a session is resumed. */
  subscribeTopic(ctx: Context<'subscribeTopic'>, store: Store<'subscribeTopic'>): void | Promise<void> {
    return proceed(this.#limit(ctx, store))
  }

  *#limit(ctx: Context<'subscribeTopic'>, store: Store<'subscribeTopic'>): Steps {
    const grant = yield* this.#grant(ctx)
    if (grant !== ctx.qos) store.grant = grant
    if (grant >= 0x80)
      store.reason ??= ctx.packet.cmd === 'subscribe' ? whyRefused(ctx.packet, ctx.options) : undefined
  }

  *#grant({ client, packet, options }: Context<'subscribeTopic'>): Steps<QoS | ReasonCode> {
    if (packet.cmd === 'subscribe') {
      // Nobody was asked about a filter that is not in the packet.
      return grantOf(packet, options) ?? ReasonCode.NOT_AUTHORIZED
    }
    // Of a session that is resumed: there is no SUBSCRIBE that has an identifier.
    const asked: SubscribePacket = { cmd: 'subscribe', packetId: 0, subscriptions: [options] }
    const { inOrder } = yield* this.#grants(client, asked)
    return inOrder[0]
  }

  #publish(client: Client, packet: Publish): void | Promise<void> {
    const standing = this.#standing
    if (standing !== undefined && this.#ask.sole === standing.by && standing.allows(client, packet)) return
    const store: AuthorizeStore = {}
    const later = this.#ask.run({ client, packet, action: 'publish' }, store)
    if (later !== undefined) return later.then(() => this.#note(client, packet, store))
    this.#note(client, packet, store)
  }

  #note(client: Client, packet: Publish, store: AuthorizeStore): void {
    if (store.valid === true) {
      if (store.standing !== undefined) this.#standing = store.standing
      return
    }
    this.#tell(client, store, 'publish', packet.topic)
    const state = decision.of(client)
    state.refused = packet
    state.reasonCode = store.reasonCode ?? ReasonCode.NOT_AUTHORIZED
  }

  *#subscribe(client: Client, packet: SubscribePacket): Steps {
    yield* keepGrants(packet, yield* this.#grants(client, packet), this.stack.pace)
  }

  *#grants(client: Client, packet: SubscribePacket): Steps<Granted> {
    const store: AuthorizeStore = { grants: packet.subscriptions.map(({ qos }) => qos) }
    const ctx: AuthorizeContext = { client, packet: withoutShares(packet), action: 'subscribe' }
    yield this.stack.run('authorizePacket', ctx, store)
    const refusal = store.reasonCode ?? ReasonCode.NOT_AUTHORIZED
    const inOrder = packet.subscriptions.map((_, i) =>
      store.valid === true ? (store.grants?.[i] ?? refusal) : refusal,
    )
    return { inOrder, reason: store.reason }
  }

  /** Its groups, or what its token allows, may be others now. A subscription has no more QoS than it had. */
  *#askAgain(client: Client): Steps {
    const { clientId } = client.session
    const held: SubscriptionRecord[] = []
    if (this.stack.answers('lookupSubscriptions'))
      yield this.stack.run('lookupSubscriptions', { clientId }, held)
    const subscriptions = held.map(({ options }) => options)
    const asked: SubscribePacket = { cmd: 'subscribe', packetId: 0, subscriptions }
    const grants = held.length === 0 ? [] : (yield* this.#grants(client, asked)).inOrder
    for (const [i, { topic, qos }] of held.entries()) {
      const grant = grants[i]
      if (grant >= 0x80) yield this.stack.run('endSubscription', { clientId, topic }, {})
      else if (grant < qos)
        yield this.stack.run('regrantSubscription', { clientId, topic, qos: grant as QoS }, {})
    }
    const { connect } = decision.of(client)
    if (connect === undefined) return
    const store: AuthorizeStore = {}
    yield this.stack.run('authorizePacket', { client, packet: connect, action: 'will' }, store)
    if (store.valid === true) return
    this.#tell(client, store, 'will', connect.will?.topic ?? '')
    const none = { waiting: 0, retained: 0, wills: 0 }
    yield this.stack.run('purgeMessages', { author: { clientId }, only: 'wills' }, none)
  }

  *#will(client: Client, packet: ConnectPacket): Steps<void | Done> {
    const store: AuthorizeStore = {}
    try {
      yield this.stack.run('authorizePacket', { client, packet, action: 'will' }, store)
    } catch (error) {
      this.stack.fail(error as Error, undefined, packet)
      store.valid = false
      store.reasonCode = ReasonCode.SERVER_UNAVAILABLE
    }
    if (store.valid === true) {
      if (packet.properties?.authenticationMethod !== undefined) decision.of(client).connect = packet
      return
    }
    this.stack.closeClient(
      client,
      store.reasonCode ?? ReasonCode.NOT_AUTHORIZED,
      'the will is not authorized',
      // For the log alone.
      store.reason === undefined ? undefined : new Error(store.reason),
    )
    return DONE
  }

  /** Why rules refused something, where they say so: the log is told, and no client. */
  #tell(client: Client, { reason }: AuthorizeStore, action: AuthorizeContext['action'], topic: string): void {
    if (reason === undefined) return
    const { id: clientId, username } = client
    this.stack.log.event('publish.refused', { clientId, username, action, topic, cause: reason })
  }
}

/** The packet with `$share/group/filter` taken apart: a right to read is one to the topics, not to a share of them. */
function withoutShares(packet: SubscribePacket): AskedSubscribe {
  if (!packet.subscriptions.some(({ topic }) => shareOf(topic) !== undefined)) return packet
  const subscriptions = packet.subscriptions.map((asked) => {
    const share = shareOf(asked.topic)
    return share === undefined ? asked : { share, ...asked, topic: share.filter }
  })
  return { ...packet, subscriptions }
}
