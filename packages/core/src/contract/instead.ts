/** How a handler puts a changed packet in place of the one that came. */

import type { ConnectPacket, Packet, Publish, SubscribePacket, UnsubscribePacket } from '../packets/index.ts'

/** The packets that another may be put in place of. */
export type Replaceable = ConnectPacket | Publish | SubscribePacket | UnsubscribePacket

/** What {@link instead} makes: the answer of a handler that goes on with another packet. */
export interface Instead {
  readonly instead: Replaceable
}

/**
 * Goes on with `packet` in place of the one that the handler was called with: `return instead(packet.with({ topic }))`,
 * `return instead({ ...packet, clientId })`, or `next(instead(packet))`. All handlers behind get that one.
 *
 * It is of the same type, and answers what the client sent: a PUBLISH keeps its QoS and packet identifier; a SUBSCRIBE
 * and an UNSUBSCRIBE keep their packet identifier and have as many filters, each in the place of the one that it stands for
 * [MQTT-3.8.4-6] [MQTT-3.10.4-6]; a CONNECT keeps its protocol version. Anything else fails with `ANSWER_INVALID`. What
 * the client itself said stays: `client.settings` and `client.username`.
 */
export function instead(packet: Replaceable): Instead {
  return { instead: packet }
}

export function isInstead(answer: unknown): answer is Instead {
  return typeof answer === 'object' && answer !== null && 'instead' in answer
}

/** What came, by what was put in its place. */
const received = new WeakMap<Packet, Packet>()

/** Notes that `packet` stands for `before`. */
export function standsFor(packet: Packet, before: Packet): void {
  if (packet !== before) received.set(packet, asReceived(before))
}

/** The packet that the client sent, where handlers put `packet` in its place; otherwise `packet` itself. */
export function asReceived(packet: Packet): Packet {
  return received.get(packet) ?? packet
}
