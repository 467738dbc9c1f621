import { nextMessageId } from '../../contract/index.ts'
import { readRelayed } from '../../packets/index.ts'
import type { SessionRecord } from '../session-record.ts'
import type { Arrival } from './arrival.ts'
import type { Bodies } from './bodies.ts'
import type { MessageFrame } from './frames.ts'
import type { Moving } from './moving.ts'

/** What others had sent to a dead node, for the sessions that come from it. */
export class LeftMessages {
  readonly #moving: Moving
  readonly #bodies: Bodies
  readonly #byRecord: ReadonlyMap<SessionRecord, Arrival>

  constructor(moving: Moving, bodies: Bodies, byRecord: ReadonlyMap<SessionRecord, Arrival>) {
    this.#moving = moving
    this.#bodies = bodies
    this.#byRecord = byRecord
  }

  /** To the sessions that are adopted, and nobody else. */
  deliver({ publisher, expiresAt, relayed }: MessageFrame): void {
    const packet = readRelayed(relayed)
    const bytes = packet.encode()
    const { subscriptions, sessions, bounds, stack } = this.#moving.parts
    const own = sessions.get(publisher.clientId)
    const found = subscriptions.match(packet.topic).subscribers.flatMap((subscriber) => {
      const { record } = subscriber
      const arrival = this.#byRecord.get(record)
      const wanted = record === own ? subscriber.own : subscriber
      const isWanted = arrival?.isThere === true && record.stored
      return isWanted && wanted !== undefined ? [{ arrival, terms: wanted.terms(packet) }] : []
    })
    // One that several have is kept once.
    const messageId = nextMessageId()
    if (found.length > 1) this.#bodies.add(messageId, bytes)
    for (const { arrival, terms } of found) {
      const { qos, retain, identifiers } = terms
      if (qos === 0) continue
      if (arrival.earlier >= bounds.sessionMessages) {
        const { clientId } = arrival.record
        stack.tell('messageDropped', { clientId, client: undefined, packet, reason: 'log-full', count: 1 })
        continue
      }
      arrival.append({
        messageId,
        qos,
        retain,
        released: false,
        identifiers,
        expiresAt,
        share: undefined,
        publisher,
        size: packet.size,
        interval: packet.expiryInterval ?? Number.POSITIVE_INFINITY,
        message: found.length > 1 ? undefined : bytes,
      })
    }
  }
}
