/** The reason codes that a 5.0 client may send, by packet (the standard's tables 3-4 to 3-13). Any other is refused. */
import type { AckType } from '../ack.ts'
import { ReasonCode as R } from '../reason-codes.ts'

const PUBLISHED: ReadonlySet<number> = new Set([
  R.SUCCESS,
  R.NO_MATCHING_SUBSCRIBERS,
  R.UNSPECIFIED_ERROR,
  R.IMPLEMENTATION_SPECIFIC_ERROR,
  R.NOT_AUTHORIZED,
  R.TOPIC_NAME_INVALID,
  R.PACKET_IDENTIFIER_IN_USE,
  R.QUOTA_EXCEEDED,
  R.PAYLOAD_FORMAT_INVALID,
])

const RELEASED: ReadonlySet<number> = new Set([R.SUCCESS, R.PACKET_IDENTIFIER_NOT_FOUND])

export const ACK_CODES: Readonly<Record<AckType, ReadonlySet<number>>> = {
  puback: PUBLISHED,
  pubrec: PUBLISHED,
  pubrel: RELEASED,
  pubcomp: RELEASED,
}

export const DISCONNECT_CODES: ReadonlySet<number> = new Set([
  R.SUCCESS,
  R.DISCONNECT_WITH_WILL,
  R.UNSPECIFIED_ERROR,
  R.MALFORMED_PACKET,
  R.PROTOCOL_ERROR,
  R.IMPLEMENTATION_SPECIFIC_ERROR,
  R.TOPIC_NAME_INVALID,
  R.RECEIVE_MAXIMUM_EXCEEDED,
  R.TOPIC_ALIAS_INVALID,
  R.PACKET_TOO_LARGE,
  R.MESSAGE_RATE_TOO_HIGH,
  R.QUOTA_EXCEEDED,
  R.ADMINISTRATIVE_ACTION,
  R.PAYLOAD_FORMAT_INVALID,
])

export const AUTH_CODES: ReadonlySet<number> = new Set([R.CONTINUE_AUTHENTICATION, R.RE_AUTHENTICATE])
