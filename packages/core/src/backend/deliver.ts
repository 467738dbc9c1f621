/** The last step of a relay, the same for every backend and for retained messages: into the log, then to the client. */

import type {
  Chain,
  Client,
  ClientQueue,
  Context,
  DropReason,
  Publisher,
  RelayStore,
  Share,
  Stack,
  Store,
} from '../contract/index.ts'
import { authorOf, ForwardContext, ForwardStore } from '../contract/index.ts'
import type { Publish, QoS } from '../packets/index.ts'
import type { Clock } from '../time/index.ts'

/** A session that is to have a message. */
export interface Receiver {
  readonly clientId: string
  readonly epoch: number
  /** Its connection, if it has one. */
  readonly client: Client | undefined
  /** It outlives its connection, and so has a message log. */
  readonly stored: boolean
}

/** What a delivery is counted in. */
export type DeliveryCounts = Pick<RelayStore, 'queued' | 'dropped'> &
  Partial<Pick<RelayStore, 'unkept'> & Pick<Offer, 'offered' | 'refused'>> & {
    /** `null` asks for the queue that the message waits in. */
    queue?: ClientQueue | null
  }

/** What became of a message that was offered: `refused` says why the receiver cannot take it, and nobody was told. */
export class Offer {
  /** Tells it from other counts. */
  readonly offered = true
  queued = 0
  dropped = 0
  refused: DropReason | undefined = undefined
}

/** What a receiver gets besides the message. */
export interface DeliveryTerms {
  /** The lower of message and subscription. */
  readonly qos: QoS
  readonly retain: boolean
  /** Subscription identifiers (5.0). */
  readonly identifiers: readonly number[] | undefined
  /** When the message is over, by the stack's clock (`now()`, ms); 0: what its expiry interval says begins now. */
  readonly expiresAt: number
  readonly share: Share | undefined
}

/** Where a message comes from; a `RelayContext` and a retained message are such. */
export interface MessageSource {
  /** The broker's own identifier of the message: asked for only when it is needed. */
  readonly messageId: number
  readonly publisher?: Publisher | undefined
}

/** One for a middleware; make it in `start()`. */
export class Deliverer {
  readonly #stack: Stack
  readonly #forward: Chain
  readonly #log: Chain

  constructor(stack: Stack) {
    this.#stack = stack
    this.#forward = stack.chain('forwardMessage')
    this.#log = stack.chain('storeOfflineMessage')
  }

  /**
   * Stores the message in the receiver's log (QoS 1 and 2 of a session that outlives its connection), then forwards
   * it if the receiver is connected. Answers nothing when all of it is done at once. Only a failing log is the
   * caller's error: a failing forward is that receiver's.
   *
   * With an {@link Offer} as `counts` a receiver of a shared subscription that cannot take the message only says so, and
   * another can be tried.
   */
  deliver(
    receiver: Receiver,
    packet: Publish,
    terms: DeliveryTerms,
    source: MessageSource,
    counts: DeliveryCounts,
  ): void | Promise<void> {
    const { qos, retain, identifiers, expiresAt, share } = terms
    if (qos > 0 && receiver.stored && this.#log.answered) {
      return this.#store(receiver, packet, terms, source, counts)
    }
    const { client } = receiver
    if (client === undefined) return
    return this.#send(
      new ForwardContext(
        client,
        packet,
        qos,
        retain,
        identifiers,
        undefined,
        undefined,
        expiresAt,
        share,
        share !== undefined && counts.offered === true,
        source.publisher,
      ),
      counts,
    )
  }

  #store(
    receiver: Receiver,
    packet: Publish,
    terms: DeliveryTerms,
    { messageId, publisher: given }: MessageSource,
    counts: DeliveryCounts,
  ): void | Promise<void> {
    const { clientId, epoch, client } = receiver
    const { qos, retain, identifiers, share } = terms
    const publisher = given && authorOf(given)
    const expiresAt = terms.expiresAt === 0 ? expiryOf(packet, this.#stack.clock) : terms.expiresAt
    const store: Store<'storeOfflineMessage'> = {}
    const ctx = {
      client,
      clientId,
      epoch,
      packet,
      messageId,
      qos,
      retain,
      identifiers,
      expiresAt,
      share,
      publisher,
    }
    const later = this.#log.run(ctx, store)
    if (later !== undefined && store.ahead !== true)
      return later.then(() => this.#forwardStored(receiver, ctx, store, counts))
    const forwarding = this.#forwardStored(receiver, ctx, store, counts)
    if (later === undefined || forwarding === undefined) return later ?? forwarding
    return Promise.all([later, forwarding]).then(() => {})
  }

  /** The message has its place in the log, unless that was full. */
  #forwardStored(
    receiver: Receiver,
    ctx: Context<'storeOfflineMessage'>,
    { dropped, withdrawn, reason = 'log-full', sequence }: Store<'storeOfflineMessage'>,
    counts: DeliveryCounts,
  ): void | Promise<void> {
    const { clientId, client, packet } = ctx
    const offered = counts.offered === true
    if (dropped === true) {
      if (offered) {
        counts.refused = reason
        return
      }
      counts.dropped++
      if (reason === 'memory-full') counts.unkept = (counts.unkept ?? 0) + 1
      this.#stack.tell('messageDropped', { clientId, client, packet, reason, count: 1 })
      return
    }
    if (withdrawn === true) return
    // The connection may have come or gone while the log was written.
    const connected = receiver.client
    if (connected === undefined) {
      counts.queued++
      return
    }
    const { qos, retain, identifiers, messageId, expiresAt, share, publisher } = ctx
    return this.#send(
      new ForwardContext(
        connected,
        packet,
        qos,
        retain,
        identifiers,
        messageId,
        sequence,
        expiresAt,
        share,
        offered,
        publisher,
      ),
      counts,
    )
  }

  #send(ctx: ForwardContext, counts: DeliveryCounts): void | Promise<void> {
    const store = new ForwardStore()
    try {
      const later = this.#forward.run(ctx, store)
      if (later === undefined) count(store, counts)
      else
        return later.then(
          () => count(store, counts),
          (error: Error) => this.#stack.fail(error, ctx.client, ctx.packet),
        )
    } catch (error) {
      this.#stack.fail(error as Error, ctx.client, ctx.packet)
    }
  }
}

/** When a message that was published now is over, by the stack's clock (`now()`, ms); 0 for never. */
export function expiryOf(packet: Publish, clock: Clock): number {
  const interval = packet.expiryInterval
  // 0 stands for never, and a clock may begin there.
  return interval === undefined ? 0 : clock.now() + interval * 1_000 || -1
}

function count(store: ForwardStore, counts: DeliveryCounts): void {
  if (store.outcome === 'queued') {
    counts.queued++
    if (counts.queue === null && store.queue !== undefined) counts.queue = store.queue
    return
  }
  if (store.outcome !== 'dropped') return
  if (counts.offered === true && store.reason !== undefined) counts.refused = store.reason
  else counts.dropped++
}
