/** What a client asks for in its CONNECT; older versions ask for nothing. */
import type { ConnectPacket } from './packets.ts'

export interface ClientSettings {
  /** QoS 1 and 2 messages that it takes without having acknowledged them. */
  readonly receiveMaximum: number
  /** Largest packet that it takes, in bytes. */
  readonly maximumPacketSize: number
  /** Topic aliases that it takes. */
  readonly topicAliasMaximum: number
  /** It wants reason strings and user properties with acknowledgements [MQTT-3.1.2-29]. */
  readonly requestProblemInformation: boolean
  /** It would like response information in CONNACK. */
  readonly requestResponseInformation: boolean
}

export const DEFAULT_SETTINGS: ClientSettings = {
  receiveMaximum: 65_535,
  maximumPacketSize: Number.POSITIVE_INFINITY,
  topicAliasMaximum: 0,
  requestProblemInformation: true,
  requestResponseInformation: false,
}

export function settingsOf({ properties }: ConnectPacket): ClientSettings {
  return properties === undefined
    ? DEFAULT_SETTINGS
    : {
        receiveMaximum: properties.receiveMaximum ?? 65_535,
        maximumPacketSize: properties.maximumPacketSize ?? Number.POSITIVE_INFINITY,
        topicAliasMaximum: properties.topicAliasMaximum ?? 0,
        requestProblemInformation: properties.requestProblemInformation ?? true,
        requestResponseInformation: properties.requestResponseInformation ?? false,
      }
}
