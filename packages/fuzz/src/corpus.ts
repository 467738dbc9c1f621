/** Good packets: every type that a client may send in MQTT 3.1, 3.1.1 and 5.0, with every property. */
import type { Buffer } from 'node:buffer'
import type { Properties, Version } from '@mqtt-stack/conformance/wire'
import { encode } from '@mqtt-stack/conformance/wire'

export type { Version } from '@mqtt-stack/conformance/wire'

/**
 * When a packet is sent: as the first, after a CONNECT that was accepted, or (5.0) amid an enhanced authentication.
 */
export type Phase = 'first' | 'connected' | 'exchange'

export interface Sample {
  readonly name: string
  readonly version: Version
  /** Where it is no error, and the connection goes on. */
  readonly goodIn: readonly Phase[]
  /** Its bytes; a CONNECT is that of this client, whose identifier has {@link ID_LENGTH} characters. */
  make(clientId: string): Buffer
}

/** So that every client's CONNECT is equally long. */
export const ID_LENGTH = 6

/** A provider of the tests takes these: at once, or after one more step. */
export const METHOD = 'FUZZ'
export const METHOD_IN_STEPS = 'FUZZ-STEPS'

const users: Properties['userProperty'] = [
  ['a', 'b'],
  ['a', 'ü'],
]
const bytes = Uint8Array.of(0, 255, 7)

/** Every property of a message, but those of a will or PUBLISH alone. */
const message: Properties = {
  payloadFormat: 1,
  messageExpiry: 60,
  contentType: 'text/plain',
  responseTopic: 'answers',
  correlationData: bytes,
  userProperty: users,
}

/** The CONNECT that brings a client into a phase. */
export function connectFor(version: Version, phase: Phase, clientId: string): Buffer | undefined {
  if (phase === 'first') return undefined
  const authenticationMethod = phase === 'exchange' ? METHOD_IN_STEPS : METHOD
  const properties = { authenticationMethod, sessionExpiry: 1, topicAliasMaximum: 2 }
  return encode.connect(version, { clientId, ...(version === 5 && { properties }) })
}

/** The phases that a version knows. */
export function phasesOf(version: Version): readonly Phase[] {
  return version === 5 ? ['first', 'connected', 'exchange'] : ['first', 'connected']
}

function connects(version: Version): [name: string, input: encode.ConnectInput][] {
  const will = { topic: 'wills/one', payload: 'gone', qos: 1, retain: true }
  const plain: [string, encode.ConnectInput][] = [
    ['CONNECT', {}],
    ['CONNECT that keeps its session', { clean: false, keepAlive: 60 }],
    ['CONNECT with everything', { will, username: 'name', password: 'word', keepAlive: 10 }],
  ]
  if (version !== 5) return plain
  const properties: Properties = {
    sessionExpiry: 1,
    receiveMaximum: 10,
    maximumPacketSize: 100_000,
    topicAliasMaximum: 5,
    requestResponseInformation: 1,
    requestProblemInformation: 0,
    userProperty: users,
  }
  return [
    ...plain,
    ['CONNECT with properties', { properties }],
    ['CONNECT with a will with properties', { will: { ...will, properties: { ...message, willDelay: 1 } } }],
    ['CONNECT with a method', { properties: { authenticationMethod: METHOD, authenticationData: bytes } }],
    ['CONNECT with a method in steps', { properties: { authenticationMethod: METHOD_IN_STEPS } }],
  ]
}

function publishes(version: Version): [name: string, input: encode.PublishInput][] {
  const topic = 'a/b'
  const plain: [string, encode.PublishInput][] = [
    ['PUBLISH', { topic, payload: 'x' }],
    ['PUBLISH to retain', { topic, payload: 'kept', retain: true }],
    ['PUBLISH at QoS 1', { topic: 'ä/€/𝄞', payload: 'payload', qos: 1, id: 258 }],
    ['PUBLISH at QoS 1 again', { topic, payload: 'x', qos: 1, id: 65_535, dup: true, retain: true }],
    ['PUBLISH at QoS 2', { topic, payload: 'x', qos: 2, id: 1 }],
  ]
  if (version !== 5) return plain
  return [
    ...plain,
    ['PUBLISH with properties', { topic, payload: 'text', qos: 1, properties: message }],
    ['PUBLISH with an alias', { topic, payload: 'text', properties: { topicAlias: 3, userProperty: users } }],
  ]
}

function subscribes(version: Version): [name: string, input: encode.SubscribeInput][] {
  const filters: encode.FilterInput[] = [
    { filter: 'a/+/#', qos: 2 },
    { filter: '$SYS/#', qos: 1 },
    { filter: '$share/group/+/b', qos: 1 },
  ]
  const plain: [string, encode.SubscribeInput][] = [
    ['SUBSCRIBE', { filters: ['a/b'] }],
    ['SUBSCRIBE with filters', { id: 512, filters }],
  ]
  if (version !== 5) return plain
  const full = { filter: '#', qos: 1, noLocal: true, retainAsPublished: true, retainHandling: 1 }
  const properties = { subscriptionIdentifier: [300], userProperty: users }
  return [
    ...plain,
    ['SUBSCRIBE with properties', { filters: [full, { filter: '+', options: 0x21 }], properties }],
  ]
}

const ACKS = ['puback', 'pubrec', 'pubrel', 'pubcomp'] as const

function samplesOf(version: Version): Sample[] {
  const found: Sample[] = []
  const add = (name: string, goodIn: readonly Phase[], make: (clientId: string) => Buffer): void => {
    found.push({ name: `${name} of version ${version}`, version, goodIn, make })
  }
  const connected: readonly Phase[] = ['connected']
  for (const [name, input] of connects(version))
    add(name, ['first'], (clientId) => encode.connect(version, { ...input, clientId }))
  for (const [name, input] of publishes(version)) add(name, connected, () => encode.publish(version, input))
  for (const ack of ACKS) add(ack.toUpperCase(), connected, () => encode.ack(version, ack, 9))
  for (const [name, input] of subscribes(version))
    add(name, connected, () => encode.subscribe(version, input))
  add('UNSUBSCRIBE', connected, () => encode.unsubscribe(version, { filters: ['a/b', 'c/#'] }))
  add('PINGREQ', connected, () => encode.pingreq())
  add('DISCONNECT', [], () => encode.disconnect(version))
  if (version !== 5) return found
  for (const ack of ACKS) {
    const code = ack === 'puback' || ack === 'pubrec' ? 0x10 : 0x92
    add(`${ack.toUpperCase()} with a reason code`, connected, () => encode.ack(5, ack, 9, code))
    const properties = { reasonString: 'because', userProperty: users }
    add(`${ack.toUpperCase()} with properties`, connected, () => encode.ack(5, ack, 9, 0, properties))
  }
  const properties = { userProperty: users }
  add('UNSUBSCRIBE with properties', connected, () => encode.unsubscribe(5, { filters: ['a'], properties }))
  add('DISCONNECT with its will', [], () => encode.disconnect(5, 0x04))
  add('DISCONNECT with properties', [], () =>
    encode.disconnect(5, 0, { sessionExpiry: 1, reasonString: 'done', userProperty: users }),
  )
  const step = { authenticationMethod: METHOD_IN_STEPS, authenticationData: bytes, reasonString: 'next' }
  add('AUTH that goes on', ['exchange'], () => encode.auth(0x18, { ...step, userProperty: users }))
  add('AUTH that begins again', connected, () => encode.auth(0x19, { authenticationMethod: METHOD }))
  return found
}

/** All of them. */
export const CORPUS: readonly Sample[] = [...samplesOf(3), ...samplesOf(4), ...samplesOf(5)]
