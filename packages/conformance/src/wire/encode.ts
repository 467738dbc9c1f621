/** What clients send, as bytes. Every part can be given a wrong value; what is left out gets a good one. */
import { Buffer } from 'node:buffer'
import { byte, field, join, packet, two } from './bytes.ts'
import type { PropertyInput } from './encode-properties.ts'
import { properties } from './encode-properties.ts'
import type { Version } from './packet-types.ts'
import { fixedFlags, TYPE } from './packet-types.ts'

/** Text, or bytes that need not be UTF-8. */
export type Text = string | Uint8Array

export interface WillInput {
  topic: Text
  payload?: Text
  qos?: number
  retain?: boolean
  properties?: PropertyInput
}

export interface ConnectInput {
  clientId?: Text
  /** Clean session, or clean start; true by default. */
  clean?: boolean
  /** Seconds; 0 by default. */
  keepAlive?: number
  will?: WillInput
  username?: Text
  password?: Text
  properties?: PropertyInput
  protocolName?: Text
  protocolLevel?: number
  /** Instead of the flags that follow from the other fields. */
  flags?: number
  /** Instead of the payload that follows from the other fields. */
  payload?: Uint8Array
}

export function connect(version: Version, input: ConnectInput = {}): Buffer {
  const { clean = true, keepAlive = 0, will, username, password } = input
  const flags =
    (username === undefined ? 0 : 0x80) |
    (password === undefined ? 0 : 0x40) |
    (will === undefined ? 0 : 0x04 | ((will.qos ?? 0) << 3) | (will.retain ? 0x20 : 0)) |
    (clean ? 0x02 : 0)
  return packet(
    TYPE.connect,
    0,
    field(input.protocolName ?? (version === 3 ? 'MQIsdp' : 'MQTT')),
    byte(input.protocolLevel ?? version),
    byte(input.flags ?? flags),
    two(keepAlive),
    version === 5 ? properties(input.properties) : none,
    input.payload ?? connectPayload(version, input),
  )
}

const none: Buffer = Buffer.alloc(0)

function connectPayload(version: Version, { clientId = '', will, username, password }: ConnectInput): Buffer {
  return join(
    field(clientId),
    will === undefined || version !== 5 ? none : properties(will.properties),
    will === undefined ? none : join(field(will.topic), field(will.payload ?? 'will')),
    username === undefined ? none : field(username),
    password === undefined ? none : field(password),
  )
}

export interface PublishInput {
  topic: Text
  payload?: Text
  qos?: number
  retain?: boolean
  dup?: boolean
  /** Only sent where the QoS asks for one. */
  id?: number
  properties?: PropertyInput
}

export function publish(version: Version, input: PublishInput): Buffer {
  const { topic, payload = '', qos = 0, retain = false, dup = false, id = 1 } = input
  return packet(
    TYPE.publish,
    (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0),
    field(topic),
    qos === 0 ? none : two(id),
    version === 5 ? properties(input.properties) : none,
    Buffer.from(payload as string),
  )
}

/** The packets that complete a PUBLISH. */
export type AckName = 'puback' | 'pubrec' | 'pubrel' | 'pubcomp'

/** Reason code and properties are only sent, in 5.0, where they are given. */
export function ack(
  version: Version,
  name: AckName,
  id: number,
  reasonCode?: number,
  input?: PropertyInput,
): Buffer {
  return packet(
    TYPE[name],
    fixedFlags(name),
    two(id),
    version === 5 && (reasonCode !== undefined || input !== undefined) ? byte(reasonCode ?? 0) : none,
    version === 5 && input !== undefined ? properties(input) : none,
  )
}

export interface FilterInput {
  filter: Text
  qos?: number
  noLocal?: boolean
  retainAsPublished?: boolean
  retainHandling?: number
  /** Instead of the options byte that follows from the other fields. */
  options?: number
}

export interface SubscribeInput {
  id?: number
  /** A text is a filter at QoS 0. */
  filters: readonly (Text | FilterInput)[]
  properties?: PropertyInput
}

export function subscribe(version: Version, { id = 1, filters, ...rest }: SubscribeInput): Buffer {
  return packet(
    TYPE.subscribe,
    fixedFlags('subscribe'),
    two(id),
    version === 5 ? properties(rest.properties) : none,
    ...filters.map((one) => {
      const input = typeof one === 'string' || one instanceof Uint8Array ? { filter: one } : one
      return join(field(input.filter), byte(input.options ?? options(input)))
    }),
  )
}

function options({ qos = 0, noLocal, retainAsPublished, retainHandling = 0 }: FilterInput): number {
  return qos | (noLocal ? 0x04 : 0) | (retainAsPublished ? 0x08 : 0) | (retainHandling << 4)
}

export interface UnsubscribeInput {
  id?: number
  filters: readonly Text[]
  properties?: PropertyInput
}

export function unsubscribe(version: Version, { id = 1, filters, ...rest }: UnsubscribeInput): Buffer {
  return packet(
    TYPE.unsubscribe,
    fixedFlags('unsubscribe'),
    two(id),
    version === 5 ? properties(rest.properties) : none,
    ...filters.map(field),
  )
}

export function pingreq(): Buffer {
  return packet(TYPE.pingreq, 0)
}

/** Reason code and properties are only sent, in 5.0, where they are given. */
export function disconnect(version: Version, reasonCode?: number, input?: PropertyInput): Buffer {
  return reasoned(TYPE.disconnect, version === 5 ? reasonCode : undefined, version === 5 ? input : undefined)
}

export function auth(reasonCode?: number, input?: PropertyInput): Buffer {
  return reasoned(TYPE.auth, reasonCode, input)
}

function reasoned(type: number, reasonCode?: number, input?: PropertyInput): Buffer {
  return packet(
    type,
    0,
    reasonCode === undefined && input === undefined ? none : byte(reasonCode ?? 0),
    input === undefined ? none : properties(input),
  )
}
