/** A packet that a handler puts in place of another: it must still answer what the client sent. */
import type { Instead, Replaceable } from '../contract/index.ts'
import { standsFor } from '../contract/index.ts'
import { StackError } from '../errors/index.ts'
import type { Packet, Publish } from '../packets/index.ts'
import { freezePacket } from '../packets/index.ts'
import { isValidTopicFilter, isValidTopicName } from '../topics/index.ts'

/**
 * The packet to go on with.
 * @param before The packet that the handler was called with.
 * @throws StackError `ANSWER_INVALID`
 */
export function replace(owner: string, before: Packet, { instead }: Instead, strict: boolean): Packet {
  const wrong = faultOf(before, instead)
  if (wrong !== undefined)
    throw new StackError('ANSWER_INVALID', `${owner} put another packet in place of ${before.cmd}: ${wrong}`)
  if (strict) freezePacket(instead)
  standsFor(instead, before)
  return instead
}

/** What is wrong with the packet in its new place. */
function faultOf(before: Packet, packet: Replaceable): string | undefined {
  // A message has its parts behind getters: `{ ...packet }` is a copy of next to nothing, of no type at all.
  if (before.cmd === 'publish' && isCopy(packet)) return 'use packet.with({ … }), or Publish.from({ … })'
  if (packet?.cmd !== before.cmd) return `it is of another type (${String(packet?.cmd)})`
  if (packet.cmd === 'connect' && before.cmd === 'connect')
    return packet.protocolVersion === before.protocolVersion ? undefined : 'its protocol version is another'
  if (packet.cmd === 'publish' && before.cmd === 'publish') {
    if (packet.qos !== before.qos || packet.packetId !== before.packetId)
      return 'its QoS or packet identifier is another'
    return isValidTopicName(packet.topic) ? undefined : `not a topic name: ${JSON.stringify(packet.topic)}`
  }
  if (packet.cmd === 'subscribe' && before.cmd === 'subscribe') {
    const filters = packet.subscriptions.map(({ topic }) => topic)
    return faultOfFilters(packet.packetId, before.packetId, filters, before.subscriptions.length)
  }
  if (packet.cmd === 'unsubscribe' && before.cmd === 'unsubscribe') {
    const { packetId, unsubscriptions } = packet
    return faultOfFilters(packetId, before.packetId, unsubscriptions, before.unsubscriptions.length)
  }
  return 'that is for CONNECT, PUBLISH, SUBSCRIBE and UNSUBSCRIBE'
}

/** An object that is to be a message and is none. */
function isCopy(given: object | undefined): boolean {
  if (typeof given !== 'object' || given === null) return false
  const { cmd, layout } = given as Partial<Publish>
  return typeof layout !== 'function' && (cmd === undefined || cmd === 'publish')
}

function faultOfFilters(
  id: number,
  before: number,
  filters: readonly string[],
  count: number,
): string | undefined {
  if (id !== before) return 'its packet identifier is another'
  if (filters.length !== count) return `it has ${filters.length} filters where the client sent ${count}`
  const malformed = filters.find((filter) => !isValidTopicFilter(filter))
  return malformed === undefined ? undefined : `not a topic filter: ${JSON.stringify(malformed)}`
}
