import type { ErrorCode } from '../errors/index.ts'
import { ReasonCode } from './reason-codes.ts'

/** Something wrong with what came over the wire: ends that connection with the reason code of the standard. */
export class ProtocolError extends Error {
  readonly code: ErrorCode
  /** Reason code of MQTT 5.0; older clients are told its nearest CONNACK return code, or just closed. */
  readonly reasonCode: ReasonCode
  /** The number of the standard's statement, such as `MQTT-3.1.0-1`; empty where it has none. */
  readonly statement: string
  constructor(code: ErrorCode, reasonCode: ReasonCode, message: string, statement = '') {
    super(statement === '' ? message : `${message} [${statement}]`)
    this.name = 'ProtocolError'
    this.code = code
    this.reasonCode = reasonCode
    this.statement = statement
  }
}

/**
 * The error for a packet that can be read and is not allowed there.
 * @param statement The number of the standard's statement, such as `MQTT-3.1.0-2`; empty where it has none.
 */
export function protocolError(
  message: string,
  statement: string = '',
  reasonCode: ReasonCode = ReasonCode.PROTOCOL_ERROR,
): ProtocolError {
  return new ProtocolError('PROTOCOL_ERROR', reasonCode, message, statement)
}

/** Whether an error is the client's, whatever copy of core made it. */
export function isProtocolError(error: unknown): error is ProtocolError {
  const { name, reasonCode } = (error ?? {}) as Partial<ProtocolError>
  return name === 'ProtocolError' && typeof reasonCode === 'number'
}
