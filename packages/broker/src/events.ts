/** What the broker tells: the callbacks that are told, as events. */
import type { EventEmitter } from 'node:events'
import type { ClientList, Context, MiddlewareLike, Stack } from '@mqtt-stack/core'
import { EventLog } from './event-log.ts'

/** The events of a broker, with what their listeners are given. */
export interface BrokerEvents {
  /** A connection was accepted. */
  clientConnected: [event: Context<'clientConnected'>]
  /** An accepted connection is gone; `clean` when the client said so. */
  clientDisconnected: [event: Context<'clientDisconnected'>]
  /** A filter was granted, after its SUBACK. */
  subscribed: [event: Context<'topicSubscribed'>]
  /** A connection was closed before it was accepted; without `client` a listener turned it away. */
  clientRefused: [event: Context<'clientRefused'>]
  /** A client gave up a filter, after its UNSUBACK. */
  unsubscribed: [event: Context<'topicUnsubscribed'>]
  /** A message was dropped for one receiver, or refused to its publisher. */
  messageDropped: [event: Context<'messageDropped'>]
  /** A message was relayed: a client's or, without `client`, a will (of `publisher`) or one of the broker's own. */
  published: [event: Context<'messagePublished'>]
}

/** Events that may come often, and the callbacks that they are: nobody takes part in those while nobody listens. */
const ON_DEMAND = {
  published: 'messagePublished',
  unsubscribed: 'topicUnsubscribed',
} as const

type OnDemand = keyof typeof ON_DEMAND

/** Emits what the stack tells, and logs what an operator should know of it. */
export class EventBridge implements MiddlewareLike {
  readonly name: string = 'Events'
  stack!: Stack
  messagePublished: MiddlewareLike['messagePublished'] = undefined
  topicUnsubscribed: MiddlewareLike['topicUnsubscribed'] = undefined
  readonly #emitter: EventEmitter<BrokerEvents>
  readonly #clients: ClientList
  readonly #log = new EventLog(() => this.#lookAgain())

  constructor(emitter: EventEmitter<BrokerEvents>, clients: ClientList) {
    this.#emitter = emitter
    this.#clients = clients
    const plain: EventEmitter = emitter
    plain.on('newListener', (name: string) => this.#listen(name, true))
    plain.on('removeListener', (name: string) => this.#listen(name, this.#hears(name)))
  }

  start(): void {
    this.#log.stack = this.stack
    this.#log.start()
  }

  stop(): void {
    this.#log.stop()
  }

  clientConnected(ctx: Context<'clientConnected'>): void {
    this.#clients.connected(ctx.client)
    this.#log.clientConnected(ctx)
    this.#tell('clientConnected', ctx)
  }

  clientRefused(ctx: Context<'clientRefused'>): void {
    this.#log.clientRefused(ctx)
    this.#tell('clientRefused', ctx)
  }

  clientDisconnected(ctx: Context<'clientDisconnected'>): void {
    this.#clients.disconnected(ctx.client)
    this.#log.clientDisconnected(ctx)
    this.#tell('clientDisconnected', ctx)
  }

  topicSubscribed(ctx: Context<'topicSubscribed'>): void {
    this.#log.topicSubscribed(ctx)
    this.#tell('subscribed', ctx)
  }

  subscriptionRefused(ctx: Context<'subscriptionRefused'>): void {
    this.#log.subscriptionRefused(ctx)
  }

  messageDropped(ctx: Context<'messageDropped'>): void {
    this.#log.messageDropped(ctx)
    this.#tell('messageDropped', ctx)
  }

  /** Takes part in a callback as long as somebody listens to its event, or it is logged. */
  #listen(event: string, listening: boolean): void {
    if (!Object.hasOwn(ON_DEMAND, event)) return
    const name = event as OnDemand
    const callback = ON_DEMAND[name]
    const wanted = listening || this.#log[callback] !== undefined
    if (wanted === (this[callback] !== undefined)) return
    // Not deleted where nobody listens: V8 would look up each field of this object by its name from then on.
    this[callback] = wanted ? (ctx: object): void => this.#passOn(name, ctx) : undefined
    this.stack.refresh()
  }

  /** The log wants others than before. */
  #lookAgain(): void {
    for (const name of Object.keys(ON_DEMAND)) this.#listen(name, this.#hears(name))
  }

  #hears(event: string): boolean {
    const plain: EventEmitter = this.#emitter
    return plain.listenerCount(event) > 0
  }

  #passOn(name: OnDemand, ctx: object): void {
    this.#log[ON_DEMAND[name]]?.(ctx as never)
    this.#tell(name, ctx)
  }

  /** A listener's error is logged; it is no reason to close the client that the event is about. */
  #tell(event: keyof BrokerEvents, ctx: object): void {
    const plain: EventEmitter = this.#emitter
    try {
      plain.emit(event, ctx)
    } catch (error) {
      this.stack.fail(error as Error, undefined, undefined)
    }
  }
}
