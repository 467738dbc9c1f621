/** What a test client can be told. */
import type { UserProperties, UserPropertiesInit, WithUserProperties } from '@mqtt-stack/core'
import type {
  IConnectPacket,
  IDisconnectPacket,
  IPublishPacket,
  ISubscribePacket,
  ISubscription,
  Packet,
  PacketCmd,
  QoS,
} from 'mqtt-packet'

type PropertiesOf<P extends { properties?: unknown }> = NonNullable<P['properties']>
/** With user properties as somebody may write them: pairs in their order, or an object. */
type Init<P extends { properties?: unknown }> = WithUserProperties<PropertiesOf<P>, UserPropertiesInit>
type WillInit = Omit<NonNullable<IConnectPacket['will']>, 'properties'> & {
  properties?: Init<NonNullable<IConnectPacket['will']>> | undefined
}
type Sent<P> = P extends IConnectPacket
  ? Omit<P, 'properties' | 'will'> & { properties?: Init<P> | undefined; will?: WillInit | undefined }
  : P extends { properties?: object }
    ? Omit<P, 'properties'> & { properties?: Init<P> | undefined }
    : P
type Read<P> = P extends { properties?: object }
  ? Omit<P, 'properties'> & { properties?: WithUserProperties<PropertiesOf<P>, UserProperties> }
  : P

/** A packet that a test client can send: one of mqtt-packet's, its user properties in either form. */
export type SentPacket = Sent<Packet>

/** A packet as mqtt-packet reads it, but for user properties, which are pairs in the order in which they came. */
export type ReceivedPacket = Read<Packet>

/** How a test client behaves. */
export interface TestClientOptions {
  /** 3 for MQTT 3.1, 4 for 3.1.1 (default), 5 for 5.0. */
  protocolVersion?: 3 | 4 | 5
  /** Used by `connect` unless it says otherwise; `test-client` by default. */
  clientId?: string
  /**
   * Answers PUBLISH, PUBREC and PUBREL by itself and at once, as a device does (default); the PUBREC and PUBREL are
   * then in `received` only. `false`: the test takes them with `next` and answers with `send`.
   */
  autoAck?: boolean
  /**
   * Milliseconds of real time that `next` and its like wait once all is quiet; 0 by default. Only for stacks that talk
   * to the world outside: a database, say.
   */
  patience?: number
}

/** What `connect` sends; what is left out is a clean CONNECT without keepalive. */
export interface ConnectOptions {
  clientId?: string
  /** Clean session, or clean start; true by default. */
  clean?: boolean
  /** Seconds; 0 by default: no keepalive. */
  keepalive?: number
  username?: string
  password?: string | Uint8Array
  will?: WillInit | undefined
  properties?: Init<IConnectPacket> | undefined
}

export interface PublishOptions {
  /** 0 by default. */
  qos?: QoS
  retain?: boolean
  dup?: boolean
  /** Chosen by the client unless given. */
  messageId?: number
  properties?: Init<IPublishPacket> | undefined
}

/** Options of all filters of one SUBSCRIBE. */
export interface SubscribeOptions extends Partial<Omit<ISubscription, 'topic'>> {
  messageId?: number
  properties?: Init<ISubscribePacket> | undefined
}

/** A filter, or one with options of its own. */
export type Filter = string | (Partial<ISubscription> & { topic: string })

export type DisconnectOptions = Omit<Sent<IDisconnectPacket>, 'cmd'>

/** A {@link ReceivedPacket} of a type; a payload is a Buffer. */
export type Received<Cmd extends PacketCmd> = Cmd extends 'publish'
  ? Omit<Read<IPublishPacket>, 'payload'> & { payload: Buffer }
  : Extract<ReceivedPacket, { cmd: Cmd }>

/** A message with its payload as text. */
export interface ReceivedMessage {
  topic: string
  payload: string
  qos: QoS
  retain: boolean
  dup: boolean
}
