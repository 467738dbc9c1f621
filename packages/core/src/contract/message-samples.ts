/** The time that messages take, measured for a few of them. */
import type { Clock } from '../time/index.ts'
import { Spacing } from '../time/index.ts'
import { MessageWaits } from './message-waits.ts'
import type { RelayContext, RelayStore } from './relay.ts'
import type { Traffic } from './traffic.ts'

/** One message in about so many, where many come. */
const EVERY = 1_024
/** Whose relay takes longer is not waited for, in ms. */
const PATIENCE = 10_000

/**
 * Is told of a few messages, chosen at random: of all where less than about a hundred come in a second. `weight` is how
 * many messages each stands for.
 */
export interface MessageSampler {
  /** One message in about so many at least; 1,024 by default, 1 for all. */
  readonly every?: number
  /** A message is about to be relayed. Its packet is a view: copy what is kept. */
  begun?(ctx: RelayContext, weight: number): void
  /** Its relay is through, after so many seconds: those who wait for a commit have waited. */
  relayed?(seconds: number, weight: number, store: RelayStore): void
  /**
   * It was handed to the sockets of so many receivers, so many seconds after its bytes came (of the broker's own and of wills:
   * after its relay began). Called once a turn of the event loop; not for whom it waits in a queue or log, which `waited`
   * tells, nor for what `sendMessage` changed.
   */
  delivered?(seconds: number, weight: number, receivers: number): void
  /**
   * It was sent to a connected receiver for whom it had waited in a queue or in the session's log, so many seconds after
   * its bytes came. 256 receivers are followed at a time, with one message each; where more wait, those who have waited for
   * over a minute are not followed any more. `weight` has those that came for the receiver meanwhile.
   */
  waited?(seconds: number, weight: number): void
}

/** The part of a stack that chooses them. */
export class MessageSamples {
  /** Somebody wants some. */
  on = false
  /** What of them waits for receivers. */
  readonly waits: MessageWaits
  readonly #traffic: Traffic
  readonly #clock: Clock
  #samplers: readonly MessageSampler[] = []
  #every = EVERY
  #spacing = new Spacing()
  /** Messages until the next sample. */
  #left = 1
  #weight = 1
  /** Messages since the last one whose times were taken. */
  #passed = 0
  /** The one whose times are taken: when it began, when its bytes came, for how many it stands. */
  #begun = Number.NEGATIVE_INFINITY
  #since = 0
  #timedWeight = 1
  #relaying = false
  #receivers = 0

  constructor(traffic: Traffic, clock: Clock) {
    this.#traffic = traffic
    this.#clock = clock
    traffic.onWatched = () => this.#note()
    this.waits = new MessageWaits(traffic, clock, (seconds, weight, packet) => {
      // It may go out while its relay still waits for a commit: then it was noted as well.
      if (packet === traffic.watched && this.#receivers > 0) this.#receivers--
      for (const sampler of this.#samplers) sampler.waited?.(seconds, weight)
    })
  }

  /** Begins to sample; answers what ends it. */
  add(sampler: MessageSampler): () => void {
    this.#take([...this.#samplers, sampler])
    return () => this.#take(this.#samplers.filter((one) => one !== sampler))
  }

  #take(samplers: readonly MessageSampler[]): void {
    this.#samplers = samplers
    this.on = samplers.length > 0
    this.#every = Math.min(...samplers.map(({ every = EVERY }) => every))
    this.#spacing = new Spacing()
    this.#left = this.#weight = 1
    this.#passed = 0
    if (this.on) return
    this.#end()
    this.waits.clear()
  }

  /** Whether the next message is one of them. */
  due(): boolean {
    return --this.#left <= 0
  }

  /** Relays one of them by `relay`. */
  relay(ctx: RelayContext, store: RelayStore, relay: () => void | Promise<void>): void | Promise<void> {
    const now = this.#clock.now()
    const weight = this.#weight
    this.#passed += weight
    this.#choose(now)
    for (const sampler of this.#samplers) sampler.begun?.(ctx, weight)
    // One at a time: another would take the place of one that takes long, and short times alone be left.
    if (this.#busy && now - this.#begun < PATIENCE) return relay()
    this.#begun = now
    this.#since = Math.min(ctx.client?.receivedAt ?? now, now)
    this.#timedWeight = this.#passed
    this.#passed = 0
    this.#receivers = 0
    this.#relaying = true
    this.waits.measure(this.#since, this.#timedWeight)
    this.#traffic.watched = ctx.packet
    const relayed = (): void => {
      if (this.#begun === now) this.#relayed(now, store)
    }
    let later: void | Promise<void>
    try {
      later = relay()
    } catch (error) {
      this.#end()
      throw error
    }
    if (later === undefined) relayed()
    else
      later.then(relayed, () => {
        if (this.#begun === now) this.#end()
      })
    return later
  }

  get #busy(): boolean {
    return this.#relaying || this.#receivers > 0
  }

  #choose(now: number): void {
    const gap = this.#spacing.next(now, this.#every)
    // At random, or what comes in a rhythm would always, or never, be met.
    this.#weight = this.#left = 1 + Math.floor(Math.random() * (2 * gap - 1))
  }

  #relayed(began: number, store: RelayStore): void {
    this.#relaying = false
    const seconds = (this.#clock.now() - began) / 1_000
    for (const sampler of this.#samplers) sampler.relayed?.(seconds, this.#timedWeight, store)
    if (this.#receivers === 0) this.#end()
  }

  /** It was put into an outbox, which is emptied in this turn. */
  #note(): void {
    if (this.#receivers++ === 0) setImmediate(this.#written)
  }

  readonly #written = (): void => {
    const receivers = this.#receivers
    this.#receivers = 0
    const seconds = (this.#clock.now() - this.#since) / 1_000
    if (receivers > 0)
      for (const sampler of this.#samplers) sampler.delivered?.(seconds, this.#timedWeight, receivers)
    if (!this.#relaying) this.#end()
  }

  #end(): void {
    this.#relaying = false
    this.#receivers = 0
    this.#traffic.watched = undefined
  }
}
