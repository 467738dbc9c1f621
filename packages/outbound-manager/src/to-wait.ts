import type { Clock } from '@mqtt-stack/core'
import { authorOf, expiryOf } from '@mqtt-stack/core'
import type { Outgoing } from './sender.ts'

/** A message as it can wait beyond the turn: its expiry goes on from now. */
export function toWait(message: Outgoing, clock: Clock): Outgoing {
  const { packet, qos, retain, identifiers, share } = message
  packet.own()
  const publisher = message.publisher && authorOf(message.publisher)
  message.publisher = publisher
  if (message.expiresAt !== 0 || packet.expiryInterval === undefined) return message
  return { packet, qos, retain, identifiers, expiresAt: expiryOf(packet, clock), share, publisher }
}
