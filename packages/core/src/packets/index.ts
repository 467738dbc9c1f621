export { ACK_HEADER, type AckType } from './ack.ts'
export { BufferPool, LARGEST } from './buffers.ts'
export { type ClientSettings, DEFAULT_SETTINGS, settingsOf } from './client-settings.ts'
export { copyBytes } from './codec/bytes.ts'
export { ColdReader } from './codec/cold-reader.ts'
export { Decoder, type Source } from './codec/decoder.ts'
export { encodePacket } from './codec/encode-packet.ts'
export type { Layout } from './codec/encode-publish.ts'
export { type Extras, spliceExtras } from './codec/extras.ts'
export { Inbox } from './codec/inbox.ts'
export { type Relayed, readRelayed, relayedOf } from './codec/relayed.ts'
export { TopicAliases } from './codec/topic-aliases.ts'
export { freezePacket } from './freeze.ts'
export { PacketIds } from './packet-ids.ts'
export {
  type ConnackPacket,
  type ConnectPacket,
  type DisconnectPacket,
  type OutgoingPacket,
  PACKET_TYPES,
  type Packet,
  type Packets,
  type PacketType,
  type ProtocolVersion,
  type QoS,
  type SubscribePacket,
  type Subscription,
  type UnsubscribePacket,
} from './packets.ts'
export { isProtocolError, ProtocolError, protocolError } from './protocol-error.ts'
export { Publish } from './publish.ts'
export type { PublishInit } from './publish-init.ts'
export { ReasonCode, returnCodeOf } from './reason-codes.ts'
export { Sequences } from './sequences.ts'
