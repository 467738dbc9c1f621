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
  Steps,
  Store,
} from '@mqtt-stack/core'
import { Deliverer, expiryOf, Middleware, proceed, Slot } from '@mqtt-stack/core'
import { Changes } from './changes.ts'

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

/** The filters whose retained messages a client is to get; those of one are delivered at a time. */
class Due {
  readonly waiting = new Map<string, Context<'topicSubscribed'>>()
  /** The filter whose messages are on their way. */
  current: string | undefined
  busy = false
}

const due = new Slot(() => new Due())

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
  #deliverer!: Deliverer

  constructor(options?: RetainManagerOptions) {
    super(options, RETAIN_MANAGER_OPTIONS)
  }

  start(): void {
    this.#deliverer = new Deliverer(this.stack)
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

  /** However often a client subscribes while it takes nothing, each of its filters waits once. */
  topicSubscribed(ctx: Context<'topicSubscribed'>): void | Promise<void> {
    if (!wantsRetained(ctx)) return
    const state = due.of(ctx.client)
    state.waiting.set(ctx.topic, ctx)
    if (!state.busy) return proceed(this.#deliverDue(ctx.client, state))
  }

  /** What was not delivered yet is not wanted any more [MQTT-3.10.4-2]. */
  unsubscribeTopic({ client, topic }: Context<'unsubscribeTopic'>): void {
    const state = due.of(client)
    state.waiting.delete(topic)
    if (state.current === topic) state.current = undefined
  }

  *#deliverDue(client: Client, state: Due): Steps {
    state.busy = true
    for (const [filter, ctx] of state.waiting) {
      state.waiting.delete(filter)
      if (client.closed) continue
      state.current = filter
      this.#changes.begin()
      try {
        yield* this.#deliverAll(ctx, state)
      } catch (error) {
        this.stack.fail(error as Error, client, undefined)
      }
      this.#changes.end()
    }
    state.current = undefined
    state.busy = false
  }

  /** Page by page as the client takes them: retained messages are not to be dropped for their number. */
  *#deliverAll(ctx: Context<'topicSubscribed'>, state: Due): Steps {
    const { client, topic } = ctx
    const limit = this.config.page
    let after: string | undefined
    for (;;) {
      const page: RetainedMessage[] = []
      yield this.stack.run('lookupRetainedMessages', { topic, client, after, limit }, page)
      for (const message of page) {
        if (client.congested) yield client.drained()
        const newest = this.#changes.outdated(message) ? yield* this.#lookupAgain(ctx, message) : message
        if (client.closed || state.current !== topic) return
        yield newest && this.#deliver(ctx, newest)
      }
      if (page.length < limit) return
      after = page[page.length - 1].topic
    }
  }

  /** What the topic has now, unless what is newer came live before it. */
  *#lookupAgain(
    { client }: Context<'topicSubscribed'>,
    { topic }: RetainedMessage,
  ): Steps<RetainedMessage | undefined> {
    const page: RetainedMessage[] = []
    yield this.stack.run('lookupRetainedMessages', { topic, client, limit: 1 }, page)
    const [found] = page
    return found !== undefined && this.#changes.overtaken(found) ? undefined : found
  }

  /** Answers a promise where the client has enough for now. */
  #deliver(
    { client, qos: granted, identifier }: Context<'topicSubscribed'>,
    message: RetainedMessage,
  ): void | Promise<void> {
    const { packet, expiresAt } = message
    if (expiresAt !== 0 && expiresAt <= this.stack.clock.now()) return
    const { session } = client
    const qos = Math.min(packet.qos, granted) as QoS
    const receiver = { clientId: session.clientId, epoch: client.epoch, client, stored: session.stored }
    const identifiers = identifier === undefined ? undefined : [identifier]
    const terms = { qos, retain: true, identifiers, expiresAt, share: undefined }
    const counts = { queued: 0, dropped: 0 }
    const drain = (): void | Promise<void> => {
      if (counts.queued > 0) return this.stack.run('drainClient', { client }, {})
    }
    const later = this.#deliverer.deliver(receiver, packet, terms, message, counts)
    return later === undefined ? drain() : later.then(drain)
  }

  /** Before it goes on to those who are subscribed. */
  #stored(
    ctx: Context<'relayMessage'>,
    store: Store<'storeRetainedMessage'>,
    relayed: Store<'relayMessage'>,
  ): void {
    const { client, packet, publisher, topic, messageId } = ctx
    this.#changes.note(topic, store.refused === undefined ? messageId : 0)
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
