/**
 * The packets, in the words of mqtt-packet, which MQTT.js and most of Node's MQTT world share. User properties alone are
 * pairs, where mqtt-packet has an object: it would lose their order. And the packet identifier is `packetId`, where
 * mqtt-packet has `messageId`: here that is the broker's own identifier of a message.
 */
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
} from 'mqtt-packet'
import type { Ack, AckType } from './ack.ts'
import type { Publish } from './publish.ts'
import type { UserProperties, UserPropertiesInit, WithUserProperties } from './user-properties.ts'

/** Quality of service: at most once, at least once, exactly once. */
export type QoS = 0 | 1 | 2

/** Protocol levels: MQTT 3.1, 3.1.1 and 5.0. */
export type ProtocolVersion = 3 | 4 | 5

type PropertiesOf<P extends { properties?: unknown }> = NonNullable<P['properties']>
type WithProperties<P, Properties> = Readonly<Omit<P, 'properties'>> & {
  readonly properties?: Readonly<Properties> | undefined
}
/** Of a packet that has none. */
type Anonymous<P> = Omit<P, 'messageId'>
/** Of a packet that has a packet identifier. */
type Identified<P> = Omit<P, 'messageId'> & {
  /** Packet identifier, 1 to 65,535. */
  readonly packetId: number
}
/** A packet that came: its user properties are pairs. */
type Read<P extends { properties?: unknown }> = WithProperties<
  P,
  WithUserProperties<PropertiesOf<P>, UserProperties>
>
/** A packet that is to be sent: its user properties may be written in either way. */
type Written<P extends { properties?: unknown }> = WithProperties<
  P,
  WithUserProperties<PropertiesOf<P>, UserPropertiesInit>
>

/** A packet of each type, as handlers see it. Read-only: `with()` makes a changed one. */
export interface Packets {
  connect: ConnectPacket
  connack: Written<Anonymous<IConnackPacket>>
  publish: Publish
  puback: Ack<'puback'>
  pubrec: Ack<'pubrec'>
  pubrel: Ack<'pubrel'>
  pubcomp: Ack<'pubcomp'>
  subscribe: Read<Identified<ISubscribePacket>>
  suback: Written<Identified<ISubackPacket>>
  unsubscribe: Read<Identified<IUnsubscribePacket>>
  unsuback: Written<Identified<IUnsubackPacket>>
  pingreq: Readonly<Anonymous<IPingreqPacket>>
  pingresp: Readonly<Anonymous<IPingrespPacket>>
  disconnect: Read<Anonymous<IDisconnectPacket>>
  auth: Read<Anonymous<IAuthPacket>>
}

/** CONNECT, with `bridgeMode` where its level says that it is a bridge's. */
export type ConnectPacket = Read<Omit<IConnectPacket, 'will' | 'messageId'>> & {
  readonly bridgeMode?: true | undefined
  readonly will?: Read<NonNullable<IConnectPacket['will']>> | undefined
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
/** Properties of a PUBLISH that came. */
export type PublishProperties = Readonly<WithUserProperties<PropertiesOf<IPublishPacket>, UserProperties>>
/** Properties of a message that is made; those of a connection (alias, subscription identifiers) are left out. */
export type PublishPropertiesInit = Readonly<
  WithUserProperties<PropertiesOf<IPublishPacket>, UserPropertiesInit>
>

/** A packet that the broker may send and mqtt-packet generates: all but messages and acknowledgements. */
export type OutgoingPacket =
  | Exclude<Packet, Publish | Packets[AckType | 'disconnect' | 'auth']>
  | Written<Anonymous<IDisconnectPacket>>
  | Written<Anonymous<IAuthPacket>>
