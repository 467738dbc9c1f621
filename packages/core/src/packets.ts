/** The packets, in the words of mqtt-packet, which MQTT.js and most of Node's MQTT world share. */
import type {
  IAuthPacket,
  IConnackPacket,
  IConnectPacket,
  IDisconnectPacket,
  IPingreqPacket,
  IPingrespPacket,
  IPublishPacket,
  ISubackPacket,
  ISubscribePacket,
  ISubscription,
  IUnsubackPacket,
  IUnsubscribePacket,
  UserProperties,
} from 'mqtt-packet'
import type { Ack, AckType } from './ack.ts'
import type { Publish } from './publish.ts'

/** Quality of service: at most once, at least once, exactly once. */
export type QoS = 0 | 1 | 2

/** Protocol levels: MQTT 3.1, 3.1.1 and 5.0. */
export type ProtocolVersion = 3 | 4 | 5

/** A packet of each type, as handlers see it. Read-only: `with()` makes a changed one. */
export interface Packets {
  connect: ConnectPacket
  connack: Readonly<IConnackPacket>
  publish: Publish
  puback: Ack<'puback'>
  pubrec: Ack<'pubrec'>
  pubrel: Ack<'pubrel'>
  pubcomp: Ack<'pubcomp'>
  subscribe: Readonly<ISubscribePacket>
  suback: Readonly<ISubackPacket>
  unsubscribe: Readonly<IUnsubscribePacket>
  unsuback: Readonly<IUnsubackPacket>
  pingreq: Readonly<IPingreqPacket>
  pingresp: Readonly<IPingrespPacket>
  disconnect: Readonly<IDisconnectPacket>
  auth: Readonly<IAuthPacket>
}

/** CONNECT, with `bridgeMode` where its level says that it is a bridge's; the properties of a 5.0 will also as bytes, which keep the order of its user properties. */
export type ConnectPacket = Readonly<Omit<IConnectPacket, 'will'>> & {
  readonly bridgeMode?: true | undefined
  readonly will?: Readonly<NonNullable<IConnectPacket['will']>> & { readonly rawProperties?: Uint8Array }
}

export type PacketType = keyof Packets
/** Any packet; `packet.cmd` tells which. */
export type Packet = Packets[PacketType]
/** Packet types by the four bits of the fixed header; 0 is reserved. */
export const PACKET_TYPES: readonly (PacketType | undefined)[] = [
  undefined,
  'connect',
  'connack',
  'publish',
  'puback',
  'pubrec',
  'pubrel',
  'pubcomp',
  'subscribe',
  'suback',
  'unsubscribe',
  'unsuback',
  'pingreq',
  'pingresp',
  'disconnect',
  'auth',
]

export type ConnackPacket = Packets['connack']
export type SubscribePacket = Packets['subscribe']
export type UnsubscribePacket = Packets['unsubscribe']
export type DisconnectPacket = Packets['disconnect']
/** One filter of a SUBSCRIBE with its options. */
export type Subscription = Readonly<ISubscription>
export type PublishProperties = Readonly<NonNullable<IPublishPacket['properties']>>
export type { UserProperties }

/** A packet that the broker may send and mqtt-packet generates: all but messages and acknowledgements. */
export type OutgoingPacket = Exclude<Packet, Publish | Packets[AckType]>
