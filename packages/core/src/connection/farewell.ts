/** The last packet of a connection that the server ends. */
import type { OutgoingPacket, ProtocolVersion } from '../packets/index.ts'
import { ReasonCode, returnCodeOf } from '../packets/index.ts'

/** Reason codes that a DISCONNECT may have and a CONNACK may not (table 3-1), and what is said in their place. */
const IN_CONNACK: ReadonlyMap<ReasonCode, ReasonCode> = new Map([
  [ReasonCode.SERVER_SHUTTING_DOWN, ReasonCode.SERVER_UNAVAILABLE],
  [ReasonCode.KEEP_ALIVE_TIMEOUT, ReasonCode.UNSPECIFIED_ERROR],
  [ReasonCode.SESSION_TAKEN_OVER, ReasonCode.UNSPECIFIED_ERROR],
  [ReasonCode.RECEIVE_MAXIMUM_EXCEEDED, ReasonCode.PROTOCOL_ERROR],
  [ReasonCode.TOPIC_ALIAS_INVALID, ReasonCode.PROTOCOL_ERROR],
  [ReasonCode.MESSAGE_RATE_TOO_HIGH, ReasonCode.QUOTA_EXCEEDED],
  [ReasonCode.ADMINISTRATIVE_ACTION, ReasonCode.UNSPECIFIED_ERROR],
])

/** And the other way round (table 3-10). */
const IN_DISCONNECT: ReadonlyMap<ReasonCode, ReasonCode> = new Map([
  [ReasonCode.UNSUPPORTED_PROTOCOL_VERSION, ReasonCode.PROTOCOL_ERROR],
  [ReasonCode.CLIENT_IDENTIFIER_NOT_VALID, ReasonCode.UNSPECIFIED_ERROR],
  [ReasonCode.BAD_USER_NAME_OR_PASSWORD, ReasonCode.NOT_AUTHORIZED],
  [ReasonCode.SERVER_UNAVAILABLE, ReasonCode.SERVER_BUSY],
  [ReasonCode.BANNED, ReasonCode.NOT_AUTHORIZED],
  [ReasonCode.BAD_AUTHENTICATION_METHOD, ReasonCode.NOT_AUTHORIZED],
])

/** Characters that no text of MQTT has, or that receivers may refuse in one: control characters and the like [MQTT-1.5.4-1]. */
const UNSAYABLE = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu
/** Characters of a reason; a text of MQTT has 65,535 bytes. */
const LONGEST = 1_024

/** Providers and rules say why, and may quote what a client or a service of the web has sent. */
function sayable(reason: string): string {
  return reason.slice(0, LONGEST).replace(UNSAYABLE, '\uFFFD')
}

/** What to say: CONNACK before acceptance, DISCONNECT after it in 5.0; `undefined` where the version has no word. */
export function farewell(
  version: ProtocolVersion,
  connected: boolean,
  reasonCode: ReasonCode,
  reason: string | undefined,
  serverReference: string | undefined,
): OutgoingPacket | undefined {
  if (version === 5) {
    // 0x80 is for what is not to be revealed (table 3-1).
    const reasonString = reasonCode === ReasonCode.UNSPECIFIED_ERROR ? undefined : reason && sayable(reason)
    const properties = { reasonString, serverReference }
    if (connected)
      return { cmd: 'disconnect', reasonCode: IN_DISCONNECT.get(reasonCode) ?? reasonCode, properties }
    return {
      cmd: 'connack',
      sessionPresent: false,
      reasonCode: IN_CONNACK.get(reasonCode) ?? reasonCode,
      properties,
    }
  }
  const returnCode = connected ? undefined : returnCodeOf(reasonCode)
  return returnCode === undefined ? undefined : { cmd: 'connack', sessionPresent: false, returnCode }
}
