import type { Context, Store } from '../contract/index.ts'
import type { Pace, Steps } from '../time/index.ts'
import { proceed } from '../time/index.ts'
import type { Matches, SharedGroup } from '../topics/index.ts'
import type { Deliverer } from './deliver.ts'
import type { GivenToGroups } from './failed-relays.ts'
import { OneByOne } from './one-by-one.ts'
import type { SessionRecord } from './session-record.ts'
import type { ShareDeliverer } from './share-deliverer.ts'
import type { Subscriber } from './subscriber.ts'

/** From more receivers than this on, others have their turn in between; so many then get the message at a time. */
const WIDE = 2_000
const PIECE = 128
/** A message to no more receivers than this is no more work than any other packet. */
const FEW = 8

/** What a message to very many, which is given in pieces, is staged in as one unit. */
export interface Unit {
  /** The first piece comes; false where the message is refused. */
  begin(): boolean
  /** All of it is staged. */
  end(): void
}

/** Gives a message to all who receive it. */
export class Receivers {
  readonly #pace: Pace
  readonly #deliverer: Deliverer
  readonly #shares: ShareDeliverer
  /** A message to very many waits for the one before it, so that nobody gets them in another order. */
  readonly #wide = new OneByOne()

  constructor(pace: Pace, deliverer: Deliverer, shares: ShareDeliverer) {
    this.#pace = pace
    this.#deliverer = deliverer
    this.#shares = shares
  }

  /** Whether a message to these is given in pieces. */
  isWide({ subscribers }: Matches<Subscriber>): boolean {
    return subscribers.length > WIDE
  }

  /** Fulfils when the message to very many that came last is staged; nothing where none is on its way. */
  get wideStaged(): Promise<void> | undefined {
    return this.#wide.last
  }

  /**
   * @param publisher Whose message it is, where that session is known: no local is for it.
   * @param given Where it may have to be relayed again: notes the groups that have it for good.
   */
  deliver(
    { subscribers, groups }: Matches<Subscriber>,
    publisher: SessionRecord | undefined,
    ctx: Context<'relayMessage'>,
    store: Store<'relayMessage'>,
    unit?: Unit,
    given?: GivenToGroups,
  ): void | Promise<void> {
    // What one message costs depends on how many subscribed.
    if (subscribers.length > FEW) this.#pace.count(subscribers.length)
    if (subscribers.length > WIDE) {
      return proceed(this.#wait(this.#inPieces(subscribers, groups, publisher, ctx, store, unit, given)))
    }
    let waiting = this.#some(subscribers, 0, subscribers.length, publisher, ctx, store, undefined)
    waiting = this.#toGroups(groups, ctx, store, waiting, given)
    if (waiting === undefined) return
    return waiting.length === 1 ? waiting[0] : Promise.all(waiting).then(() => {})
  }

  /** The next message to very many may come as soon as this one is staged for all. */
  *#wait(pieces: Steps<Promise<void>[] | undefined>): Steps {
    let waiting: Promise<void>[] | undefined
    function* keep(): Steps {
      waiting = yield* pieces
    }
    yield* this.#wide.run(keep())
    if (waiting !== undefined) yield Promise.all(waiting)
  }

  *#inPieces(
    subscribers: readonly Subscriber[],
    groups: readonly SharedGroup<Subscriber>[],
    publisher: SessionRecord | undefined,
    ctx: Context<'relayMessage'>,
    store: Store<'relayMessage'>,
    unit: Unit | undefined,
    given: GivenToGroups | undefined,
  ): Steps<Promise<void>[] | undefined> {
    let waiting: Promise<void>[] | undefined
    if (unit?.begin() === false) return undefined
    try {
      // Who of them gets it, here or elsewhere, is chosen in this turn.
      waiting = this.#toGroups(groups, ctx, store, waiting, given)
      for (let i = 0; i < subscribers.length; i += PIECE) {
        if (this.#pace.spent) yield this.#pace.rest()
        const end = Math.min(i + PIECE, subscribers.length)
        waiting = this.#some(subscribers, i, end, publisher, ctx, store, waiting)
      }
      return waiting
    } finally {
      // Whatever somebody adds now belongs to it.
      ctx.stage()
      unit?.end()
    }
  }

  /** To the subscribers from `start` to `end`; adds to `waiting` what has to be waited for. */
  #some(
    subscribers: readonly Subscriber[],
    start: number,
    end: number,
    publisher: SessionRecord | undefined,
    ctx: Context<'relayMessage'>,
    store: Store<'relayMessage'>,
    waiting: Promise<void>[] | undefined,
  ): Promise<void>[] | undefined {
    const { packet } = ctx
    for (let i = start; i < end; i++) {
      const { record } = subscribers[i]
      const subscriber = record === publisher ? subscribers[i].own : subscribers[i]
      if (subscriber === undefined) continue
      store.matched++
      const later = this.#deliverer.deliver(record, packet, subscriber.terms(packet), ctx, store)
      if (later !== undefined) waiting = push(waiting, later)
    }
    return waiting
  }

  #toGroups(
    groups: readonly SharedGroup<Subscriber>[],
    ctx: Context<'relayMessage'>,
    store: Store<'relayMessage'>,
    waiting: Promise<void>[] | undefined,
    given: GivenToGroups | undefined,
  ): Promise<void>[] | undefined {
    for (let i = 0; i < groups.length; i++) {
      store.matched++
      const message = {
        group: groups[i],
        packet: ctx.packet,
        expiresAt: 0,
        except: undefined,
        source: ctx,
        once: given?.once(groups[i]),
      }
      const later = this.#shares.deliver(message, store)
      if (later !== undefined) waiting = push(waiting, later)
    }
    return waiting
  }
}

function push(list: Promise<void>[] | undefined, item: Promise<void>): Promise<void>[] {
  if (list === undefined) return [item]
  list.push(item)
  return list
}
