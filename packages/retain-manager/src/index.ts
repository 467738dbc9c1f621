/**
 * `@mqtt-stack/retain-manager`: keeps the last retained message of each topic and hands it to new subscribers.
 * @packageDocumentation
 */
import type {
  CallbackName,
  Client,
  Context,
  OptionsSpec,
  QoS,
  RetainedMessage,
  Store,
} from '@mqtt-stack/core'
import { Deliverer, Middleware } from '@mqtt-stack/core'

export interface RetainManagerOptions {
  page?: number
}

export const RETAIN_MANAGER_OPTIONS: OptionsSpec<RetainManagerOptions> = {
  page: {
    kind: 'number',
    default: 100,
    min: 1,
    unit: 'messages',
    doc: 'How many retained messages are looked up at a time.',
  },
}

/**
 * Answers relayMessage ahead of the backend, so that a client's PUBLISH, a will and the broker's own messages are kept
 * in one way; delivers at topicSubscribed, which comes after SUBACK.
 */
export class RetainManager extends Middleware<RetainManagerOptions> {
  readonly requires: readonly CallbackName[] = ['storeRetainedMessage', 'lookupRetainedMessages']
  readonly uses: readonly CallbackName[] = ['forwardMessage', 'storeOfflineMessage', 'messageDropped']
  #deliverer!: Deliverer

  constructor(options?: RetainManagerOptions) {
    super(options, RETAIN_MANAGER_OPTIONS)
  }

  start(): void {
    this.#deliverer = new Deliverer(this.stack)
  }

  relayMessage(ctx: Context<'relayMessage'>): void | Promise<void> {
    if (!ctx.packet.retain) return
    const store: Store<'storeRetainedMessage'> = {}
    const { client, topic, packet, messageId } = ctx
    const later = this.stack.run('storeRetainedMessage', { client, topic, packet, messageId }, store)
    if (later !== undefined) return later.then(() => this.#told(ctx, store))
    this.#told(ctx, store)
  }

  async topicSubscribed(ctx: Context<'topicSubscribed'>): Promise<void> {
    const { client, topic, qos } = ctx
    const limit = this.config.page
    let after: string | undefined
    for (;;) {
      const page: RetainedMessage[] = []
      await this.stack.call('lookupRetainedMessages', { topic, client, after, limit }, page)
      for (const message of page) await this.#deliver(client, message, qos)
      if (page.length < limit || client.closed) return
      after = page[page.length - 1].topic
      // Page by page as the client takes them: retained messages are not to be dropped for their number.
      if (client.congested) await client.drained()
    }
  }

  #deliver(client: Client, message: RetainedMessage, granted: QoS): void | Promise<void> {
    const { session } = client
    const qos = Math.min(message.packet.qos, granted) as QoS
    const receiver = { clientId: session.clientId, epoch: session.epoch, client, stored: session.stored }
    return this.#deliverer.deliver(receiver, message.packet, qos, true, undefined, message, {
      queued: 0,
      dropped: 0,
    })
  }

  #told({ client, packet, publisher }: Context<'relayMessage'>, store: Store<'storeRetainedMessage'>): void {
    if (store.refused === undefined) return
    const { clientId } = publisher
    this.stack.tell('messageDropped', { clientId, client, packet, reason: 'retained-full', count: 1 })
  }
}
