/** What servers send, decoded. */
import type { Buffer } from 'node:buffer'
import type { PacketName } from './packet-types.ts'
import type { Properties } from './properties.ts'

interface Base<Name extends PacketName> {
  readonly type: Name
  /** The bytes it came as. */
  readonly bytes: Buffer
  /** Empty before 5.0. */
  readonly properties: Properties
}

export interface Connack extends Base<'connack'> {
  readonly sessionPresent: boolean
  /** The return code of 3.1.1, the reason code of 5.0. */
  readonly code: number
}

export interface Publish extends Base<'publish'> {
  readonly topic: string
  readonly payload: Buffer
  readonly qos: number
  readonly retain: boolean
  readonly dup: boolean
  /** 0 where there is none. */
  readonly id: number
}

interface AckOf<Name extends PacketName> extends Base<Name> {
  readonly id: number
  /** 0 before 5.0. */
  readonly code: number
}

/** What completes a PUBLISH. */
export type Ack = AckOf<'puback'> | AckOf<'pubrec'> | AckOf<'pubrel'> | AckOf<'pubcomp'>

interface SubackOf<Name extends PacketName> extends Base<Name> {
  readonly id: number
  /** Empty in an UNSUBACK before 5.0. */
  readonly codes: readonly number[]
}

export type Suback = SubackOf<'suback'>
export type Unsuback = SubackOf<'unsuback'>
export type Pingresp = Base<'pingresp'>

interface ReasonOf<Name extends PacketName> extends Base<Name> {
  readonly code: number
}

export type Disconnect = ReasonOf<'disconnect'>
export type Auth = ReasonOf<'auth'>

/** Any packet that a server may send. */
export type Received = Connack | Publish | Ack | Suback | Unsuback | Pingresp | Disconnect | Auth

/** The packet of a type. */
export type ReceivedOf<Name extends Received['type']> = Extract<Received, { readonly type: Name }>

/** A packet in a few words. */
export function describe(packet: Received): string {
  switch (packet.type) {
    case 'publish':
      return `PUBLISH "${packet.topic}" "${packet.payload.subarray(0, 40).toString()}" QoS ${packet.qos}${packet.retain ? ' retain' : ''}${packet.dup ? ' dup' : ''}`
    case 'suback':
    case 'unsuback':
      return `${packet.type.toUpperCase()} ${packet.id} [${packet.codes.map(hexadecimal)}]`
    case 'pingresp':
      return 'PINGRESP'
    default:
      return `${packet.type.toUpperCase()}${'id' in packet ? ` ${packet.id}` : ''} ${hexadecimal(packet.code)}`
  }
}

function hexadecimal(code: number): string {
  return `0x${code.toString(16).padStart(2, '0')}`
}
