import type {
  CallbackName,
  Client,
  ConnectPacket,
  Context,
  Done,
  OptionsSpec,
  PacketType,
  Publisher,
  SessionContext,
  Steps,
  Store,
  Timer,
} from '@mqtt-stack/core'
import {
  ConnackProperties,
  DONE,
  judgeEvery,
  Middleware,
  Publish,
  proceed,
  purgeTest,
  ReasonCode,
  RelayContext,
  Relayer,
  RelayStore,
  Slot,
} from '@mqtt-stack/core'
import { DueWills } from './due-wills.ts'
import { CountedWill } from './will.ts'

export interface LastWillOptions {
  sweep?: number
}

export const LASTWILL_OPTIONS: OptionsSpec<LastWillOptions> = {
  sweep: {
    kind: 'number',
    default: 250,
    min: 10,
    max: 60_000,
    unit: 'ms',
    doc: 'How often delayed wills are looked for (5.0).',
  },
}

/** The will of a connection, until it is published, dropped or left to its session. */
const wills = new Slot<CountedWill | undefined>(() => undefined)

/**
 * Keeps the will of a CONNECT and relays it when the connection ends without DISCONNECT [MQTT-3.1.2-8]: at once, or
 * after its delay (5.0), unless the client resumes its session before [MQTT-3.1.3-9]. A session that ends publishes it.
 * What waits is the session's: the backend keeps it and says when it is due. Where none does, nothing waits.
 * A will whose relay fails because the store cannot commit is left to its session, and is due again; any other failure
 * ends it. Both are told.
 */
export class LastWill extends Middleware<LastWillOptions> {
  readonly handles: readonly PacketType[] = ['connect']
  readonly behind: readonly CallbackName[] = [
    'authenticateConnection',
    'authenticateExchange',
    'authorizePacket',
  ]
  readonly uses: readonly CallbackName[] = [
    'relayMessage',
    'messagePublished',
    'lookupConnackProperties',
    'closeClient',
    'lookupDueWills',
    'removeWill',
    'messageDropped',
  ]
  #due!: DueWills
  #timer: Timer | undefined
  #relayer!: Relayer

  constructor(options?: LastWillOptions) {
    super(options, LASTWILL_OPTIONS)
  }

  start(): void {
    if (this.stack.answers('openSession') && !this.stack.answers('lookupDueWills'))
      this.stack.log.event('wills.unkept', {})
    this.#relayer = new Relayer(this.stack)
    this.#due = new DueWills(this.stack, ({ packet, publisher, clientId, epoch }) =>
      this.#publish(packet, publisher, { clientId, epoch }),
    )
    this.#timer = judgeEvery(this.stack.clock, this.config.sweep, () => this.#due.sweep())
  }

  stop(): void {
    this.#timer?.cancel()
  }

  handle(client: Client, packet: ConnectPacket): void | Done | Promise<void | Done> {
    if (packet.will !== undefined) return proceed(this.#keep(client, packet, packet.will))
  }

  *#keep(
    client: Client,
    packet: ConnectPacket,
    { topic, payload, qos, retain, properties }: NonNullable<ConnectPacket['will']>,
  ): Steps<void | Done> {
    const refusal = yield* this.#refusal(client, packet)
    if (refusal !== undefined) {
      this.stack.closeClient(client, refusal, 'the will asks for what it may not have')
      return DONE
    }
    const message = Publish.from({ topic, payload, qos, retain, properties })
    const kept = CountedWill.keep(
      message,
      properties?.willDelayInterval ?? 0,
      this.stack.ledger.accountOf(client),
    )
    if (kept === undefined) {
      this.stack.closeClient(client, ReasonCode.QUOTA_EXCEEDED, 'there is no memory for the will')
      return DONE
    }
    wills.set(client, kept)
    client.will = kept
    // Whoever is refused later is told no end of its connection.
    client.onClose(() => {
      if (!client.connected) this.#take(client)?.giveUp()
    })
  }

  /** The will is dropped by 0x00 alone [MQTT-3.14.4-3]: 0x04 asks for it, and all others tell of an error (5.0). */
  cleanDisconnect({ client, packet, reasonCode }: Context<'cleanDisconnect'>): void | Promise<void> {
    if (reasonCode !== ReasonCode.SUCCESS) {
      return this.#fire(client, packet.properties?.sessionExpiryInterval ?? client.session.expiryInterval)
    }
    this.#take(client)?.giveUp()
  }

  uncleanDisconnect({ client }: Context<'uncleanDisconnect'>): void | Promise<void> {
    return this.#fire(client, client.session.expiryInterval)
  }

  /** Nobody can come back any more: its will is due. */
  sessionEnded(): void {
    this.#due.sweep()
  }

  /** The wills of those who are connected; what waits is the backend's to purge. */
  purgeMessages(ctx: Context<'purgeMessages'>, store: Store<'purgeMessages'>): void | Promise<void> {
    if (ctx.clientId === undefined && (ctx.only === undefined || ctx.only === 'wills'))
      return proceed(this.#purge(ctx, store))
  }

  *#purge(terms: Context<'purgeMessages'>, store: Store<'purgeMessages'>): Steps {
    const isUnwanted = purgeTest(terms)
    for (const client of this.stack.clients) {
      if (this.stack.pace.spent) yield this.stack.pace.rest()
      const will = wills.peek(client)
      if (will === undefined || !isUnwanted({ packet: will.packet, publisher: client.session.author }))
        continue
      this.#take(client)?.giveUp()
      store.wills++
      this.stack.tell('messageDropped', {
        clientId: client.id,
        client,
        packet: will.packet,
        reason: 'purged',
        count: 1,
      })
    }
  }

  /** @param expiryInterval Seconds that the session outlives its connection: the delay is never longer. */
  #fire(client: Client, expiryInterval: number): void | Promise<void> {
    const will = this.#take(client)
    if (will === undefined) return
    const { clientId, identity } = client.session
    const publisher = { clientId, identity, account: will.account }
    const isKept = this.stack.answers('lookupDueWills')
    if (isKept && Math.min(will.delay, expiryInterval) > 0) this.#leave(client, will, will.delay)
    else return proceed(this.#publishNow(client, will, publisher))
  }

  /** Leaves it to the session, which is closed behind us. */
  #leave(client: Client, will: CountedWill, delay: number): void {
    will.giveUp()
    will.dueAt = this.stack.clock.now() + delay * 1_000
    client.will = will
  }

  *#publishNow(client: Client, will: CountedWill, publisher: Publisher): Steps {
    const { id: clientId, epoch } = client
    try {
      yield* this.#publish(will.packet, publisher, { clientId, epoch })
    } catch (error) {
      if (isStoreFailure(error)) this.#leave(client, will, 0)
      throw error
    } finally {
      will.giveUp()
    }
  }

  #take(client: Client): CountedWill | undefined {
    const will = wills.peek(client)
    client.will = undefined
    if (will !== undefined) wills.set(client, undefined)
    return will
  }

  /**
   * It goes in the turn in which its message is staged for all, and so in one unit with it: a store that dies has the will
   * still, or the message.
   */
  *#publish(packet: Publish, publisher: Publisher, opening: SessionContext): Steps {
    const relay = new RelayContext(undefined, packet, publisher, undefined, 'will')
    const remove = (): void | Promise<void> => this.stack.run('removeWill', opening, {})
    let removed = undefined as void | Promise<void>
    relay.onStaged = () => {
      removed = remove()
      // It fails where the relay does, which tells of it.
      removed?.catch(() => {})
    }
    try {
      yield this.#relayer.relay(relay, new RelayStore())
    } catch (error) {
      if (!relay.staged && !isStoreFailure(error)) yield remove()
      throw error
    }
    yield relay.staged ? removed : remove()
  }

  /**
   * Control topics are the broker's; and what CONNACK would say is not available may not be asked of the will either
   * [MQTT-3.2.2-12], [MQTT-3.2.2-13].
   */
  *#refusal(client: Client, packet: ConnectPacket): Steps<ReasonCode | undefined> {
    const { topic = '', qos = 0, retain = false } = packet.will ?? {}
    if (this.stack.isControlTopic(topic)) return ReasonCode.NOT_AUTHORIZED
    if (qos === 0 && !retain) return undefined
    const store = new ConnackProperties()
    try {
      yield this.stack.run('lookupConnackProperties', { client, packet, sessionPresent: false }, store)
    } catch (error) {
      this.stack.fail(error as Error, undefined, packet)
      return ReasonCode.SERVER_UNAVAILABLE
    }
    const { maximumQoS = 2, retainAvailable = false } = store.values
    if (qos > maximumQoS) return ReasonCode.QOS_NOT_SUPPORTED
    return retain && !retainAvailable ? ReasonCode.RETAIN_NOT_SUPPORTED : undefined
  }
}

/** The store cannot commit now: nothing of it is done, and it may be tried again. */
function isStoreFailure(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'STORE_FAILED'
}
