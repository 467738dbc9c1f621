/**
 * `@mqtt-stack/retain-manager`: keeps the last retained message of each topic and hands it to new subscribers.
 * @packageDocumentation
 */
import type { CallbackName, Context, OptionsSpec, Store, Subscription } from '@mqtt-stack/core'
import { expiryOf, Middleware, nextMessageId } from '@mqtt-stack/core'
import { Changes } from './changes.ts'
import { Delivery } from './delivery.ts'
import { due, dueOf } from './due.ts'

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

/** When a filter of a SUBSCRIBE was taken: from then on its messages come live. */
const takenAt = new WeakMap<Subscription, number>()

/**
 * Answers relayMessage ahead of the backend, so that a client's PUBLISH, a will and the broker's own messages are kept
 * in one way; delivers at topicSubscribed, which comes after SUBACK.
 */
export class RetainManager extends Middleware<RetainManagerOptions> {
  readonly requires: readonly CallbackName[] = ['storeRetainedMessage', 'lookupRetainedMessages']
  readonly behind: readonly CallbackName[] = ['authorizePacket']
  readonly uses: readonly CallbackName[] = [
    'forwardMessage',
    'storeOfflineMessage',
    'drainClient',
    'messageDropped',
  ]
  readonly #changes = new Changes()
  #delivery!: Delivery

  constructor(options?: RetainManagerOptions) {
    super(options, RETAIN_MANAGER_OPTIONS)
  }

  start(): void {
    this.#delivery = new Delivery(this.stack, this.#changes, this.config.page)
  }

  relayMessage(ctx: Context<'relayMessage'>, relayed: Store<'relayMessage'>): void | Promise<void> {
    if (!ctx.packet.retain) return
    const store: Store<'storeRetainedMessage'> = {}
    const { client, publisher, topic, packet, messageId } = ctx
    const expiresAt = expiryOf(packet, this.stack.clock)
    const later = this.stack.run(
      'storeRetainedMessage',
      { client, publisher, topic, packet, messageId, expiresAt },
      store,
    )
    if (later !== undefined) return later.then(() => this.#stored(ctx, store, relayed))
    this.#stored(ctx, store, relayed)
  }

  /** Before the backend takes the filter. */
  subscribeTopic({ options, restored }: Context<'subscribeTopic'>): void {
    if (!restored) takenAt.set(options, nextMessageId())
  }

  /** However often a client subscribes while it takes nothing, each of its filters waits once. */
  topicSubscribed(ctx: Context<'topicSubscribed'>): void {
    const { client, topic, qos, identifier, options } = ctx
    if (!wantsRetained(ctx)) {
      due.peek(client.session)?.replace(topic, qos, identifier)
      return
    }
    const owed = dueOf(client)
    owed.add({ topic, since: takenAt.get(options) ?? nextMessageId(), qos, identifier, after: undefined })
    this.#delivery.start(client, owed)
  }

  /** What was not delivered yet is not wanted any more [MQTT-3.10.4-2]. */
  unsubscribeTopic({ client, topic }: Context<'unsubscribeTopic'>): void {
    due.peek(client.session)?.delete(topic)
  }

  /** The rest of what was owed when the connection ended comes behind what waited in the log. */
  resumeSession({ client }: Context<'resumeSession'>): void {
    const owed = due.peek(client.session)
    if (owed === undefined) return
    owed.resume()
    this.#delivery.start(client, owed)
  }

  /** Before it goes on to those who are subscribed. */
  #stored(
    ctx: Context<'relayMessage'>,
    store: Store<'storeRetainedMessage'>,
    relayed: Store<'relayMessage'>,
  ): void {
    const { client, packet, publisher, topic } = ctx
    this.#changes.note(topic)
    if (store.refused === undefined) return
    relayed.unretained = true
    const { clientId } = publisher
    this.stack.tell('messageDropped', { clientId, client, packet, reason: 'retained-full', count: 1 })
  }
}

/** Never for a shared subscription; otherwise as its retain handling says (5.0): 1 for new ones only, 2 for none. */
function wantsRetained({ options, existed, share }: Context<'topicSubscribed'>): boolean {
  if (share !== undefined || options.rh === 2) return false
  return options.rh !== 1 || !existed
}
