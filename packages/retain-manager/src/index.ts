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
import { Deliverer, expiryOf, Middleware } from '@mqtt-stack/core'

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
    const expiresAt = expiryOf(packet, this.stack.clock)
    const later = this.stack.run(
      'storeRetainedMessage',
      { client, topic, packet, messageId, expiresAt },
      store,
    )
    if (later !== undefined) return later.then(() => this.#told(ctx, store))
    this.#told(ctx, store)
  }

  async topicSubscribed(ctx: Context<'topicSubscribed'>): Promise<void> {
    if (!wantsRetained(ctx)) return
    const { client, topic, qos, identifier } = ctx
    const identifiers = identifier === undefined ? undefined : [identifier]
    const limit = this.config.page
    let after: string | undefined
    for (;;) {
      const page: RetainedMessage[] = []
      await this.stack.call('lookupRetainedMessages', { topic, client, after, limit }, page)
      for (const message of page) await this.#deliver(client, message, qos, identifiers)
      if (page.length < limit || client.closed) return
      after = page[page.length - 1].topic
      // Page by page as the client takes them: retained messages are not to be dropped for their number.
      if (client.congested) await client.drained()
    }
  }

  #deliver(
    client: Client,
    message: RetainedMessage,
    granted: QoS,
    identifiers: readonly number[] | undefined,
  ): void | Promise<void> {
    const { packet, expiresAt } = message
    if (expiresAt !== 0 && expiresAt <= this.stack.clock.wall()) return
    const { session } = client
    const qos = Math.min(packet.qos, granted) as QoS
    const receiver = { clientId: session.clientId, epoch: session.epoch, client, stored: session.stored }
    const terms = { qos, retain: true, identifiers, expiresAt, share: undefined }
    return this.#deliverer.deliver(receiver, packet, terms, message, { queued: 0, dropped: 0 })
  }

  #told({ client, packet, publisher }: Context<'relayMessage'>, store: Store<'storeRetainedMessage'>): void {
    if (store.refused === undefined) return
    const { clientId } = publisher
    this.stack.tell('messageDropped', { clientId, client, packet, reason: 'retained-full', count: 1 })
  }
}

/** Never for a shared subscription; otherwise as its retain handling says (5.0): 1 for new ones only, 2 for none. */
function wantsRetained({ options, existed, share }: Context<'topicSubscribed'>): boolean {
  if (share !== undefined || options.rh === 2) return false
  return options.rh !== 1 || !existed
}
