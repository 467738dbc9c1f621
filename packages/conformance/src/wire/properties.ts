/** Table 2-4 of MQTT 5.0: the properties, what they look like, and where they may stand. */
import type { PacketName } from './packet-types.ts'

/** How a property's value is encoded. */
export type PropertyKind = 'byte' | 'two' | 'four' | 'variable' | 'string' | 'binary' | 'pair'

/** Where properties stand: a packet, or the will in a CONNECT. */
export type PropertyPlace = PacketName | 'will'

/** One line of the table. */
export interface PropertySpec {
  readonly id: number
  readonly kind: PropertyKind
  readonly places: readonly PropertyPlace[]
  /** The least and the greatest value that is no protocol error; absent where all values are good. */
  readonly range?: readonly [least: number, greatest: number]
}

const message: readonly PropertyPlace[] = ['publish', 'will']
const session: readonly PropertyPlace[] = ['connect', 'connack']
const acknowledgements: readonly PropertyPlace[] = ['puback', 'pubrec', 'pubrel', 'pubcomp']
const authentication: readonly PropertyPlace[] = ['connect', 'connack', 'auth']
const reasons: readonly PropertyPlace[] = [
  'connack',
  ...acknowledgements,
  'suback',
  'unsuback',
  'disconnect',
  'auth',
]
const everywhere: readonly PropertyPlace[] = [
  'connect',
  'will',
  'publish',
  'subscribe',
  'unsubscribe',
  ...reasons,
]

/** The properties of a packet, with their values. */
export interface Properties {
  payloadFormat?: number
  messageExpiry?: number
  contentType?: string
  responseTopic?: string
  correlationData?: Uint8Array
  subscriptionIdentifier?: readonly number[]
  sessionExpiry?: number
  assignedClientId?: string
  serverKeepAlive?: number
  authenticationMethod?: string
  authenticationData?: Uint8Array
  requestProblemInformation?: number
  willDelay?: number
  requestResponseInformation?: number
  responseInformation?: string
  serverReference?: string
  reasonString?: string
  receiveMaximum?: number
  topicAliasMaximum?: number
  topicAlias?: number
  maximumQos?: number
  retainAvailable?: number
  /** In the order of the wire. */
  userProperty?: readonly (readonly [name: string, value: string])[]
  maximumPacketSize?: number
  wildcardSubscriptionAvailable?: number
  subscriptionIdentifierAvailable?: number
  sharedSubscriptionAvailable?: number
}

/** A property by its name. */
export type PropertyName = keyof Properties

/** The properties by name. */
export const PROPERTIES: Readonly<Record<PropertyName, PropertySpec>> = {
  payloadFormat: { id: 0x01, kind: 'byte', places: message, range: [0, 1] },
  messageExpiry: { id: 0x02, kind: 'four', places: message },
  contentType: { id: 0x03, kind: 'string', places: message },
  responseTopic: { id: 0x08, kind: 'string', places: message },
  correlationData: { id: 0x09, kind: 'binary', places: message },
  subscriptionIdentifier: {
    id: 0x0b,
    kind: 'variable',
    places: ['publish', 'subscribe'],
    range: [1, 268_435_455],
  },
  sessionExpiry: { id: 0x11, kind: 'four', places: ['connect', 'connack', 'disconnect'] },
  assignedClientId: { id: 0x12, kind: 'string', places: ['connack'] },
  serverKeepAlive: { id: 0x13, kind: 'two', places: ['connack'] },
  authenticationMethod: { id: 0x15, kind: 'string', places: authentication },
  authenticationData: { id: 0x16, kind: 'binary', places: authentication },
  requestProblemInformation: { id: 0x17, kind: 'byte', places: ['connect'], range: [0, 1] },
  willDelay: { id: 0x18, kind: 'four', places: ['will'] },
  requestResponseInformation: { id: 0x19, kind: 'byte', places: ['connect'], range: [0, 1] },
  responseInformation: { id: 0x1a, kind: 'string', places: ['connack'] },
  serverReference: { id: 0x1c, kind: 'string', places: ['connack', 'disconnect'] },
  reasonString: { id: 0x1f, kind: 'string', places: reasons },
  receiveMaximum: { id: 0x21, kind: 'two', places: session, range: [1, 65_535] },
  topicAliasMaximum: { id: 0x22, kind: 'two', places: session },
  topicAlias: { id: 0x23, kind: 'two', places: ['publish'], range: [1, 65_535] },
  maximumQos: { id: 0x24, kind: 'byte', places: ['connack'], range: [0, 1] },
  retainAvailable: { id: 0x25, kind: 'byte', places: ['connack'], range: [0, 1] },
  userProperty: { id: 0x26, kind: 'pair', places: everywhere },
  maximumPacketSize: { id: 0x27, kind: 'four', places: session, range: [1, 0xffff_ffff] },
  wildcardSubscriptionAvailable: { id: 0x28, kind: 'byte', places: ['connack'], range: [0, 1] },
  subscriptionIdentifierAvailable: { id: 0x29, kind: 'byte', places: ['connack'], range: [0, 1] },
  sharedSubscriptionAvailable: { id: 0x2a, kind: 'byte', places: ['connack'], range: [0, 1] },
}

/** All of them, name and line. */
export const PROPERTY_LIST: readonly (readonly [PropertyName, PropertySpec])[] = Object.entries(
  PROPERTIES,
) as [PropertyName, PropertySpec][]
