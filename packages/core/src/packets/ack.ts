/** PUBACK, PUBREC, PUBREL and PUBCOMP: one class, because they come as often as messages do. */
import type { UserProperties } from './user-properties.ts'

export type AckType = 'puback' | 'pubrec' | 'pubrel' | 'pubcomp'

/** First byte of each acknowledgement, reserved flags included. */
export const ACK_HEADER: Readonly<Record<AckType, number>> = {
  puback: 0x40,
  pubrec: 0x50,
  pubrel: 0x62,
  pubcomp: 0x70,
}

export interface AckProperties {
  readonly reasonString?: string
  readonly userProperties?: UserProperties | undefined
}

export class Ack<Type extends AckType = AckType> {
  readonly cmd: Type
  /** Packet identifier, 1 to 65,535. */
  readonly packetId: number
  /** Reason code; 0 for versions before 5.0. */
  readonly reasonCode: number
  readonly properties: AckProperties | undefined

  constructor(cmd: Type, packetId: number, reasonCode: number, properties: AckProperties | undefined) {
    this.cmd = cmd
    this.packetId = packetId
    this.reasonCode = reasonCode
    this.properties = properties
  }
}
