/** What a program does with the clients and the messages of its broker. */
import { EventEmitter } from 'node:events'
import type {
  OptionsSpec,
  OwnListener,
  OwnSubscription,
  OwnSubscriptionOptions,
  PublishInit,
  ReasonCode,
  RetainedMessage,
  RetainedRange,
  Sent,
  Stack,
} from '@mqtt-stack/core'
import {
  ClientList,
  ownMessage,
  Relayer,
  RelayStore,
  resolveOptions,
  retainedMessages,
  sendTo,
  subscribeProcess,
} from '@mqtt-stack/core'
import type { BrokerEvents } from './events.ts'

/** How {@link BrokerClients.publish} sends: QoS 0 and not retained unless it says otherwise. */
export type PublishOptions = Pick<PublishInit, 'qos' | 'retain' | 'properties'>

/** How {@link BrokerClients.kick} ends a connection. */
export interface KickOptions {
  /** For a 5.0 client; 0x98 (administrative action) by default. */
  readonly reasonCode?: ReasonCode
  /** For a 5.0 client and the log. */
  readonly reason?: string
}

const KICK_OPTIONS: OptionsSpec<KickOptions> = {
  reasonCode: { kind: 'number', default: 0x98, min: 0x80, max: 0xff, doc: 'for a 5.0 client' },
  reason: { kind: 'string', default: '', doc: 'for a 5.0 client and the log' },
}

/** The half of a broker that is about clients and messages; the other half is `Broker`. */
export abstract class BrokerClients extends EventEmitter<BrokerEvents> {
  readonly stack: Stack
  /** Who is connected, by client identifier. The order is made when it is asked for the first time. */
  readonly clients: ClientList
  readonly #relayer: Relayer

  constructor(stack: Stack) {
    super()
    this.stack = stack
    this.clients = new ClientList(() => stack.clients)
    this.#relayer = new Relayer(stack)
  }

  /** Starts the stack without listening, once. */
  abstract start(): Promise<void>

  /**
   * Publishes a message of the broker's own, past authentication and access rules.
   * @returns How many receivers matched, for how many it was queued or dropped, and whether somebody vetoed it.
   * @throws StackError `TOPIC_INVALID`, `OPTION_UNKNOWN` or `OPTION_INVALID`; what a middleware that relays failed with.
   */
  async publish(
    topic: string,
    payload: Uint8Array | string,
    options: PublishOptions = {},
  ): Promise<RelayStore> {
    const relay = ownMessage(this.stack, { topic, payload, ...options })
    await this.start()
    const relayed = new RelayStore()
    await this.#relayer.relay(relay, relayed)
    return relayed
  }

  /**
   * Subscribes the process itself, at any QoS, past authentication and access rules. `listener` is given each message; one
   * that answers a promise is waited for, and QoS 1 and 2 are acknowledged when it is fulfilled.
   *
   *     const subscription = await broker.subscribe('plant/#', ({ topic, payload }) => note(topic, payload), { qos: 1 })
   *     await subscription.end()
   *
   * It is a client of its own, by the transport `process`, with a queue that is bounded: of a listener that is slow QoS 0 is
   * dropped and told, and QoS 1 and 2 wait as they do for any client.
   * @throws StackError `FILTER_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID` or `SUBSCRIBE_REFUSED`; those of `stack.start()`.
   */
  async subscribe(
    filter: string,
    listener: OwnListener,
    options: OwnSubscriptionOptions = {},
  ): Promise<OwnSubscription> {
    await this.start()
    return subscribeProcess(this.stack, filter, listener, options)
  }

  /**
   * Sends a message to one client of this node, whatever it is subscribed to; where it is away, and the message has QoS 1 or
   * 2, into the log of its session.
   * @throws StackError `TOPIC_INVALID`, `OPTION_UNKNOWN`, `OPTION_MISSING` or `OPTION_INVALID`; those of `stack.start()`.
   */
  async sendTo(clientId: string, message: PublishInit): Promise<Sent> {
    await this.start()
    return sendTo(this.stack, clientId, message)
  }

  /**
   * Retained messages whose topics match a filter, in the order of their topics, looked up page by page.
   *
   *     for await (const { topic, packet } of broker.retained('plant/#')) console.log(topic, packet.payload)
   *
   * Each has `topic`, `packet` (the message, as a `Publish`), `messageId`, `expiresAt` (by the stack's clock, in ms; 0 for
   * never) and, where it is known, its `publisher`.
   * @throws StackError `FILTER_INVALID`, `OPTION_UNKNOWN` or `OPTION_INVALID`; those of `stack.start()`.
   */
  async *retained(filter: string, range: RetainedRange = {}): AsyncGenerator<RetainedMessage, void, void> {
    await this.start()
    yield* retainedMessages(this.stack, filter, range)
  }

  /**
   * Ends the connection of a client of this node; its session stays for as long as it was to stay. Fulfils when it is gone.
   * @returns False where no such client is connected here.
   * @throws StackError `OPTION_UNKNOWN` or `OPTION_INVALID`.
   */
  async kick(clientId: string, options: KickOptions = {}): Promise<boolean> {
    const { reasonCode, reason } = resolveOptions('kick', options, KICK_OPTIONS)
    const client = this.clients.get(clientId)
    if (client === undefined) return false
    const gone = new Promise<void>((resolve) => client.onClose(() => resolve()))
    this.stack.closeClient(client, reasonCode, reason || 'closed by the broker')
    await gone
    return true
  }
}
