/** Backends that are wrong, each in one thing, whatever they keep things in. */
import type { CallbackName, Context, Store } from '@mqtt-stack/core'
import { MemoryBackend } from '@mqtt-stack/memory-backend'

const FENCED: readonly CallbackName[] = [
  'closeSession',
  'storeSubscription',
  'removeSubscription',
  'clearSubscriptions',
  'releaseOfflineMessages',
  'removeOfflineMessages',
  'clearOfflineMessages',
  'storeInboundMessage',
  'releaseInboundMessages',
]

type Call = (ctx: { clientId: string; epoch: number }, store: object) => unknown

/** Takes every call of a session for one of its newest connection. */
export class ForgetsTheFence extends MemoryBackend {
  readonly #newest = new Map<string, number>()

  constructor(...options: ConstructorParameters<typeof MemoryBackend>) {
    super(...options)
    for (const name of FENCED) {
      const right = this[name as 'storeInboundMessage'] as unknown as Call
      const wrong: Call = (ctx, store) =>
        right.call(this, { ...ctx, epoch: this.#newest.get(ctx.clientId) ?? ctx.epoch }, store)
      Object.defineProperty(this, name, { value: wrong, configurable: true })
    }
  }

  override async openSession(ctx: Context<'openSession'>, store: Store<'openSession'>): Promise<void> {
    await super.openSession(ctx, store)
    if (store.epoch !== undefined) this.#newest.set(ctx.clientId, store.epoch)
  }
}

/** Counts the epochs of each session from 1. */
export class GivesBackAnEpoch extends MemoryBackend {
  /** What the right backend counts before the session's first epoch. */
  readonly #before = new Map<string, number>()

  constructor(...options: ConstructorParameters<typeof MemoryBackend>) {
    super(...options)
    for (const name of FENCED) {
      const right = this[name as 'storeInboundMessage'] as unknown as Call
      const wrong: Call = (ctx, store) =>
        right.call(this, { ...ctx, epoch: ctx.epoch + (this.#before.get(ctx.clientId) ?? 0) }, store)
      Object.defineProperty(this, name, { value: wrong, configurable: true })
    }
  }

  override async openSession(ctx: Context<'openSession'>, store: Store<'openSession'>): Promise<void> {
    await super.openSession(ctx, store)
    if (store.epoch === undefined) return
    if (store.present !== true) this.#before.set(ctx.clientId, store.epoch - 1)
    store.epoch -= this.#before.get(ctx.clientId) ?? 0
  }

  override relayMessage(ctx: Context<'relayMessage'>, store: Store<'relayMessage'>): void | Promise<void> {
    const { inbound } = ctx
    if (inbound === undefined) return super.relayMessage(ctx, store)
    const epoch = inbound.epoch + (this.#before.get(inbound.clientId) ?? 0)
    Object.assign(ctx, { inbound: { ...inbound, epoch } })
    return super.relayMessage(ctx, store)
  }

  override lookupExpiredSessions(
    ctx: Context<'lookupExpiredSessions'>,
    store: Store<'lookupExpiredSessions'>,
  ): void {
    const found: Store<'lookupExpiredSessions'> = []
    super.lookupExpiredSessions(ctx, found)
    for (const { clientId, epoch } of found)
      store.push({ clientId, epoch: epoch - (this.#before.get(clientId) ?? 0) })
  }
}

/** Sends clients their own messages, whatever they asked for. */
export class ForgetsNoLocal extends MemoryBackend {
  override subscribeTopic(ctx: Context<'subscribeTopic'>, store: Store<'subscribeTopic'>): void {
    super.subscribeTopic({ ...ctx, options: { ...ctx.options, nl: false } }, store)
  }
}

/** Keeps sessions for ever. */
export class ForgetsExpiry extends MemoryBackend {
  override closeSession(ctx: Context<'closeSession'>, store: Store<'closeSession'>): void | Promise<void> {
    return super.closeSession({ ...ctx, expiryInterval: ctx.expiryInterval === 0 ? 0 : 0xffff_ffff }, store)
  }
}

/** Loses what a member of a group leaves behind. */
export class ForgetsHandOn extends MemoryBackend {
  override handOnMessage(): void {}
}

/** Keeps messages without their properties. */
export class ForgetsProperties extends MemoryBackend {
  override storeOfflineMessage(
    ctx: Context<'storeOfflineMessage'>,
    store: Store<'storeOfflineMessage'>,
  ): void | Promise<void> {
    return super.storeOfflineMessage({ ...ctx, packet: ctx.packet.with({ properties: undefined }) }, store)
  }
}

/** Sorts topics by their bytes, and compares them by UTF-16 code unit. */
export class LosesItsPlace extends MemoryBackend {
  override async lookupRetainedMessages(
    ctx: Context<'lookupRetainedMessages'>,
    store: Store<'lookupRetainedMessages'>,
  ): Promise<void> {
    const all: Store<'lookupRetainedMessages'> = []
    await super.lookupRetainedMessages({ topic: ctx.topic }, all)
    const { after, limit = all.length } = ctx
    all.sort((one, other) => Buffer.compare(Buffer.from(one.topic), Buffer.from(other.topic)))
    store.push(...all.filter(({ topic }) => after === undefined || topic > after).slice(0, limit))
  }
}

/** Answers as before when it was stopped. */
export class GoesOnBehindStop extends MemoryBackend {
  override stop(): void {}
}

/** Takes nothing but messages for what an author has left: its wills are published. */
export class KeepsWills extends MemoryBackend {
  override async purgeMessages(ctx: Context<'purgeMessages'>, store: Store<'purgeMessages'>): Promise<void> {
    for (const only of ['waiting', 'retained'] as const)
      if (ctx.only === undefined || ctx.only === only) await super.purgeMessages({ ...ctx, only }, store)
  }
}
