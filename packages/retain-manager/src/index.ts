/**
 * `@mqtt-stack/retain-manager`: keeps the last retained message of each topic and hands it to new subscribers.
 * @packageDocumentation
 */
import type { CallbackName, Client, Context, OptionsSpec, Steps, Store, Subscription } from '@mqtt-stack/core'
import { expiryOf, grantedQoS, Middleware, nextMessageId, proceed, settleWith } from '@mqtt-stack/core'
import { Changes } from './changes.ts'
import { Delivery } from './delivery.ts'
import { due, dueOf } from './due.ts'
import { KeptDue } from './kept-due.ts'

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

/** When a filter of a SUBSCRIBE was about to be taken. Who had it before gets its messages live all the time. */
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
    'messageDropped',
    'storeDueRetained',
    'lookupDueRetained',
    'retainedDelivered',
  ]
  readonly #changes = new Changes()
  #kept!: KeptDue
  #delivery!: Delivery

  constructor(options?: RetainManagerOptions) {
    super(options, RETAIN_MANAGER_OPTIONS)
  }

  start(): void {
    this.#kept = new KeptDue(this.stack)
    this.#delivery = new Delivery(this.stack, this.#changes, this.#kept, this.config.page)
  }

  /** Unless somebody said before that there are no retained messages for this client. */
  lookupConnackProperties(
    _ctx: Context<'lookupConnackProperties'>,
    store: Store<'lookupConnackProperties'>,
  ): void {
    if (store.values.retainAvailable === undefined) store.set('retainAvailable', true)
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
  subscribeTopic(ctx: Context<'subscribeTopic'>, store: Store<'subscribeTopic'>): void {
    if (ctx.restored) return
    const { client, topic, options, identifier } = ctx
    if (wantsRetained(ctx, store.existed)) {
      const qos = grantedQoS(ctx, store)
      const filter = { topic, since: nextMessageId(), qos, identifier, after: undefined }
      const later = this.#kept.store(client, filter)
      if (later !== undefined) {
        dueOf(client).expect(topic)
        settleWith(this.stack, ctx, store, later)
      }
    }
    takenAt.set(options, nextMessageId())
  }

  /** However often a client subscribes while it takes nothing, each of its filters waits once. */
  topicSubscribed(ctx: Context<'topicSubscribed'>): void {
    const { client, topic, qos, identifier, options } = ctx
    if (!wantsRetained(ctx, ctx.existed)) {
      const known = due.peek(client.session)
      const replaced = known?.replace(topic, qos, identifier)
      if (replaced !== undefined) this.stack.background(() => this.#kept.store(client, replaced), client)
      // It was kept before it was known that the filter is not new.
      else if (known?.delete(topic) === true)
        this.stack.background(() => this.#kept.remove(client, topic), client)
      return
    }
    const owed = dueOf(client)
    const since = (ctx.existed ? takenAt.get(options) : undefined) ?? ctx.since
    owed.add({ topic, since, qos, identifier, after: undefined })
    this.#delivery.start(client, owed)
  }

  /** What was not delivered yet is not wanted any more [MQTT-3.10.4-2]. */
  unsubscribeTopic(ctx: Context<'unsubscribeTopic'>): void | Promise<void> {
    const { client, session, clientId, epoch, topic } = ctx
    const owed = session && due.peek(session)
    if (owed !== undefined && !owed.delete(topic)) return
    // A session that is away is one that is kept.
    if (client !== undefined) return this.#kept.remove(client, topic)
    return this.#kept.write({ client, clientId, epoch, topic, due: undefined })
  }

  /** What was looked up and is not handed out yet may be what was purged. */
  messageDropped({ reason }: Context<'messageDropped'>): void {
    if (reason === 'purged') this.#delivery.lookAgain()
  }

  /** The rest of what was owed when the connection ended comes behind what waited in the log. */
  resumeSession({ client, present }: Context<'resumeSession'>): void | Promise<void> {
    if (present) return proceed(this.#resume(client))
  }

  *#resume(client: Client): Steps {
    yield* this.#kept.restore(client)
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
function wantsRetained(
  { options, share }: Pick<Context<'topicSubscribed'>, 'options' | 'share'>,
  existed = false,
): boolean {
  if (share !== undefined || options.rh === 2) return false
  return options.rh !== 1 || !existed
}
