/** Which packet types a client may send: known by the first byte, so that nothing more of a wrong one is waited for. */
import type { ProtocolError } from '../protocol-error.ts'
import { protocolError } from '../protocol-error.ts'
import { malformed } from './malformed.ts'

/** A bit for each type that a client of 3.1 or 3.1.1 may send: CONNECT, PUBLISH to PUBCOMP, and so on. */
export const CLIENT_TYPES: number = [1, 3, 4, 5, 6, 7, 8, 10, 12, 14].reduce(
  (bits, type) => bits | (1 << type),
  0,
)

/** And in 5.0, which has AUTH. */
export const CLIENT_TYPES_5: number = CLIENT_TYPES | (1 << 15)

/** What is wrong with a type that is not among them. */
export function wrongType(type: number): ProtocolError {
  return type === 0 || type === 15
    ? malformed(`the reserved packet type ${type}`)
    : protocolError(`packet type ${type} from a client`)
}
