import type { Packet, PacketType, ProtocolError } from '../packets/index.ts'
import { protocolError } from '../packets/index.ts'

/** A packet of a type that may not come now. */
export function unexpected({ cmd }: Packet, expected: readonly PacketType[]): ProtocolError {
  return protocolError(`a ${cmd.toUpperCase()} where only ${expected.join(' or ')} may come`)
}
