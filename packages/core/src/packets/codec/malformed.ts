import { ProtocolError } from '../protocol-error.ts'
import { ReasonCode } from '../reason-codes.ts'

/** The error for bytes that cannot be read as the packet they claim to be (0x81). */
export function malformed(message: string, statement = ''): ProtocolError {
  return new ProtocolError('MALFORMED_PACKET', ReasonCode.MALFORMED_PACKET, message, statement)
}
