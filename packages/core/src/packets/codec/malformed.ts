import { ProtocolError } from '../../contract/index.ts'
import { ReasonCode } from '../reason-codes.ts'

/** The error for bytes that cannot be read as the packet they claim to be (0x81). */
export function malformed(message: string, statement = ''): ProtocolError {
  return new ProtocolError('MALFORMED_PACKET', ReasonCode.MALFORMED_PACKET, message, statement)
}

/** The error for a packet that can be read and is not allowed there (0x82). */
export function protocolError(message: string, statement = ''): ProtocolError {
  return new ProtocolError('PROTOCOL_ERROR', ReasonCode.PROTOCOL_ERROR, message, statement)
}
