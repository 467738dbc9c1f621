import type { Share } from '../contract/index.ts'
import type { Publish, QoS } from '../packets/index.ts'
import type { DeliveryTerms } from './deliver.ts'
import type { SessionRecord } from './session-record.ts'

/** Of subscriptions that have nothing of their own to say, by QoS and retain flag. */
const PLAIN: readonly DeliveryTerms[] = ([0, 1, 2] as const).flatMap((qos) =>
  [false, true].map((retain) => ({ qos, retain, identifiers: undefined, expiresAt: 0, share: undefined })),
)

/** One subscription in the topic tree, or several of one session merged for a topic. */
export class Subscriber {
  readonly record: SessionRecord
  readonly qos: QoS
  /** What the client asked for. */
  readonly asked: QoS
  /** The retain flag of a message is passed on (5.0). */
  readonly retainAsPublished: boolean
  /** Subscription identifiers (5.0). */
  readonly identifiers: readonly number[] | undefined
  readonly share: Share | undefined
  /** What the session gets of its own messages: this, without what is subscribed to with no local (5.0). */
  readonly own: Subscriber | undefined
  readonly #plain: boolean
  /** By QoS and retain flag: the same for every message. */
  #terms: (DeliveryTerms | undefined)[] | undefined = undefined

  constructor(
    record: SessionRecord,
    qos: QoS,
    retainAsPublished: boolean,
    noLocal: boolean,
    identifiers: readonly number[] | undefined,
    share: Share | undefined,
    own?: Subscriber,
    asked: QoS = qos,
  ) {
    this.record = record
    this.qos = qos
    this.asked = asked
    this.retainAsPublished = retainAsPublished
    this.identifiers = identifiers
    this.share = share
    this.own = noLocal ? own : this
    this.#plain = identifiers === undefined && share === undefined
  }

  /** How a message that comes now is delivered. */
  terms(packet: Publish): DeliveryTerms {
    const qos = Math.min(packet.qos, this.qos) as QoS
    const retain = this.retainAsPublished && packet.retain
    const which = qos * 2 + (retain ? 1 : 0)
    if (this.#plain) return PLAIN[which]
    this.#terms ??= [undefined, undefined, undefined, undefined, undefined, undefined]
    const known = this.#terms[which]
    if (known !== undefined) return known
    const made = { qos, retain, identifiers: this.identifiers, expiresAt: 0, share: this.share }
    this.#terms[which] = made
    return made
  }
}

/**
 * Overlapping subscriptions of one session deliver once, at the highest QoS granted [MQTT-3.3.5-1], with the identifiers
 * of all of them [MQTT-3.3.4-4].
 */
export function mergeSubscribers(all: readonly Subscriber[]): Subscriber {
  const own = all.filter((subscriber) => subscriber.own !== undefined)
  if (own.length === all.length) return combine(all, false, undefined)
  return combine(all, true, own.length === 0 ? undefined : combine(own, false, undefined))
}

function combine(all: readonly Subscriber[], noLocal: boolean, own: Subscriber | undefined): Subscriber {
  let qos: QoS = 0
  let retain = false
  const identifiers: number[] = []
  for (const subscriber of all) {
    if (subscriber.qos > qos) qos = subscriber.qos
    if (subscriber.retainAsPublished) retain = true
    // One of its own each: what is in the tree is not merged.
    if (subscriber.identifiers !== undefined) identifiers.push(...subscriber.identifiers)
  }
  const [{ record }] = all
  return new Subscriber(
    record,
    qos,
    retain,
    noLocal,
    identifiers.length === 0 ? undefined : identifiers,
    undefined,
    own,
  )
}
