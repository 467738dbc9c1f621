/** Packets are read-only: in a strict stack whoever forgets it finds out. */
import type { Packet } from './packets.ts'

/** What a PUBLISH says, in fields of its own. Its bytes it may move, to own them. */
const SAID = ['topic', 'qos', 'retain', 'dup', 'packetId'] as const

/** Freezes a packet and what it holds. */
export function freezePacket(packet: Packet): void {
  if (packet.cmd !== 'publish') {
    deepFreeze(packet)
    return
  }
  for (const field of SAID) Object.defineProperty(packet, field, { writable: false })
}

/** Bytes cannot be frozen and are left. */
function deepFreeze(value: object): void {
  if (Object.isFrozen(value) || ArrayBuffer.isView(value)) return
  Object.freeze(value)
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part)
}
