import type {
  CallbackName,
  Client,
  ConnectPacket,
  Context,
  Done,
  OptionsSpec,
  PacketType,
  Steps,
  Timer,
} from '@mqtt-stack/core'
import {
  ConnackProperties,
  DONE,
  judgeEvery,
  Middleware,
  Publish,
  proceed,
  ReasonCode,
  RelayContext,
  RelayStore,
  Slot,
} from '@mqtt-stack/core'
import type { WaitingWill } from './waiting-wills.ts'
import { WaitingWills } from './waiting-wills.ts'
import { Will } from './will.ts'

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

/** The will of a connection, until it is published or dropped. */
const wills = new Slot<Will | undefined>(() => undefined)

/**
 * Keeps the will of a CONNECT and relays it when the connection ends without DISCONNECT [MQTT-3.1.2-8]: at once, or
 * after its delay (5.0), unless the client resumes its session before [MQTT-3.1.3-9]. A session that ends publishes it.
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
  ]
  readonly #waiting = new WaitingWills()
  #timer: Timer | undefined

  constructor(options?: LastWillOptions) {
    super(options, LASTWILL_OPTIONS)
  }

  start(): void {
    this.#timer = judgeEvery(this.stack.clock, this.config.sweep, () => {
      const due = this.#waiting.due(this.stack.clock.now())
      this.stack.background(() => proceed(this.#relayAll(due)))
    })
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
    const kept = Will.keep(message, properties?.willDelayInterval ?? 0, this.stack.ledger.accountOf(client))
    if (kept === undefined) {
      this.stack.closeClient(client, ReasonCode.QUOTA_EXCEEDED, 'there is no memory for the will')
      return DONE
    }
    wills.set(client, kept)
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

  /** The client is back in its session: a will that waits is not published. */
  resumeSession({ client, present }: Context<'resumeSession'>): void {
    if (present) this.#waiting.take(client.id)?.will.giveUp()
  }

  /** Nobody can come back any more. */
  sessionEnded({ clientId }: Context<'sessionEnded'>): void {
    const waiting = this.#waiting.take(clientId)
    if (waiting !== undefined) this.#relay(waiting)
  }

  /** @param expiryInterval Seconds that the session outlives its connection: the delay is never longer. */
  #fire(client: Client, expiryInterval: number): void | Promise<void> {
    const will = this.#take(client)
    if (will === undefined) return
    const { clientId, identity } = client.session
    const waiting = { will, publisher: { clientId, identity, account: will.account } }
    if (Math.min(will.delay, expiryInterval) === 0) return proceed(this.#publish(waiting))
    this.#waiting.add(clientId, { ...waiting, dueAt: this.stack.clock.now() + will.delay * 1_000 })
  }

  #take(client: Client): Will | undefined {
    const will = wills.peek(client)
    if (will !== undefined) wills.set(client, undefined)
    return will
  }

  *#publish({ will, publisher }: Omit<WaitingWill, 'dueAt'>): Steps {
    const relay = new RelayContext(undefined, will.message, publisher, undefined)
    const relayed = new RelayStore()
    try {
      yield this.stack.run('relayMessage', relay, relayed)
    } finally {
      will.giveUp()
    }
    if (relayed.vetoed) return
    this.stack.tell('messagePublished', { client: undefined, publisher, packet: relay.packet, relayed })
  }

  /** For a will whose connection is long gone: nobody waits for it. */
  #relay(waiting: WaitingWill): void {
    this.stack.background(() => proceed(this.#publish(waiting)))
  }

  /** Many may be due together: others have their turn in between. */
  *#relayAll(due: readonly WaitingWill[]): Steps {
    const { pace } = this.stack
    for (const waiting of due) {
      if (pace.spent) yield pace.rest()
      this.#relay(waiting)
    }
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
    const { maximumQoS = 2, retainAvailable = true } = store.values
    if (qos > maximumQoS) return ReasonCode.QOS_NOT_SUPPORTED
    return retain && !retainAvailable ? ReasonCode.RETAIN_NOT_SUPPORTED : undefined
  }
}
