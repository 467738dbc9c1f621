/** What the broker tells: the callbacks that are told, as events. */
import type { EventEmitter } from 'node:events'
import type { Context, MiddlewareLike, Stack } from '@mqtt-stack/core'

/** The events of a broker, with what their listeners are given. */
export interface BrokerEvents {
  /** A connection was accepted. */
  clientConnected: [event: Context<'clientConnected'>]
  /** An accepted connection is gone; `clean` when the client said so. */
  clientDisconnected: [event: Context<'clientDisconnected'>]
  /** A filter was granted, after its SUBACK. */
  subscribed: [event: Context<'topicSubscribed'>]
  /** A message was relayed: a client's or, without `client`, a will (of `publisher`) or one of the broker's own. */
  published: [event: Context<'messagePublished'>]
}

/** Emits what the stack tells. Messages cost nothing while nobody listens to `published`. */
export class EventBridge implements MiddlewareLike {
  readonly name: string = 'Events'
  stack!: Stack
  messagePublished?: NonNullable<MiddlewareLike['messagePublished']>
  readonly #emitter: EventEmitter<BrokerEvents>

  constructor(emitter: EventEmitter<BrokerEvents>) {
    this.#emitter = emitter
    const plain: EventEmitter = emitter
    plain.on('newListener', (name) => name === 'published' && this.#listen(true))
    plain.on('removeListener', () => this.#listen(emitter.listenerCount('published') > 0))
  }

  clientConnected(ctx: Context<'clientConnected'>): void {
    this.#tell(() => this.#emitter.emit('clientConnected', ctx))
  }

  clientDisconnected(ctx: Context<'clientDisconnected'>): void {
    this.#tell(() => this.#emitter.emit('clientDisconnected', ctx))
  }

  topicSubscribed(ctx: Context<'topicSubscribed'>): void {
    this.#tell(() => this.#emitter.emit('subscribed', ctx))
  }

  /** Takes part in messagePublished as long as somebody listens. */
  #listen(listening: boolean): void {
    if (listening === (this.messagePublished !== undefined)) return
    if (listening) this.messagePublished = this.#published
    else delete this.messagePublished
    this.stack.refresh()
  }

  readonly #published = (ctx: Context<'messagePublished'>): void => {
    this.#tell(() => this.#emitter.emit('published', ctx))
  }

  /** A listener's error is logged; it is no reason to close the client that the event is about. */
  #tell(emit: () => void): void {
    try {
      emit()
    } catch (error) {
      this.stack.fail(error as Error, undefined, undefined)
    }
  }
}
