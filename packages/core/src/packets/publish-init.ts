import type { PublishPropertiesInit, QoS } from './packets.ts'

/** What a PUBLISH is made of; what is left out is QoS 0, not retained, empty. */
export interface PublishInit {
  topic: string
  payload?: Uint8Array | string
  qos?: QoS
  retain?: boolean
  dup?: boolean
  /** Packet identifier, 1 to 65,535; only for QoS 1 and 2. */
  packetId?: number
  /** User properties as pairs, in their order, or as an object. Alias and subscription identifiers are left out. */
  properties?: PublishPropertiesInit | undefined
}
