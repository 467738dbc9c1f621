/** The properties of MQTT 5.0: the standard's table 2-4, and the one way in which all of them are read. */
import { Buffer } from 'node:buffer'
import { ProtocolError, protocolError } from '../protocol-error.ts'
import { ReasonCode } from '../reason-codes.ts'
import { Fields } from './fields.ts'
import { malformed } from './malformed.ts'
import { checkTopicCharacters } from './topic-check.ts'

/** What carries properties: the packets that a client may send, and the will within CONNECT. */
export type PropertyOwner =
  | 'CONNECT'
  | 'WILL'
  | 'PUBLISH'
  | 'PUBACK'
  | 'PUBREC'
  | 'PUBREL'
  | 'PUBCOMP'
  | 'SUBSCRIBE'
  | 'UNSUBSCRIBE'
  | 'DISCONNECT'
  | 'AUTH'

type Kind = 'boolean' | 'uint16' | 'uint32' | 'variable' | 'string' | 'binary' | 'pair'

interface Row {
  readonly name: string
  readonly kind: Kind
  /** In which packets from a client it is allowed. */
  readonly owners: readonly PropertyOwner[]
  /** It may not be 0. */
  readonly positive?: boolean
}

const ACKS: readonly PropertyOwner[] = ['PUBACK', 'PUBREC', 'PUBREL', 'PUBCOMP']
const MESSAGE: readonly PropertyOwner[] = ['PUBLISH', 'WILL']

/** By identifier, with mqtt-packet's names. What only a server sends has no owner here. */
const TABLE: Readonly<Record<number, Row | undefined>> = {
  1: { name: 'payloadFormatIndicator', kind: 'boolean', owners: MESSAGE },
  2: { name: 'messageExpiryInterval', kind: 'uint32', owners: MESSAGE },
  3: { name: 'contentType', kind: 'string', owners: MESSAGE },
  8: { name: 'responseTopic', kind: 'string', owners: MESSAGE },
  9: { name: 'correlationData', kind: 'binary', owners: MESSAGE },
  11: { name: 'subscriptionIdentifier', kind: 'variable', owners: ['SUBSCRIBE'], positive: true },
  17: { name: 'sessionExpiryInterval', kind: 'uint32', owners: ['CONNECT', 'DISCONNECT'] },
  18: { name: 'assignedClientIdentifier', kind: 'string', owners: [] },
  19: { name: 'serverKeepAlive', kind: 'uint16', owners: [] },
  21: { name: 'authenticationMethod', kind: 'string', owners: ['CONNECT', 'AUTH'] },
  22: { name: 'authenticationData', kind: 'binary', owners: ['CONNECT', 'AUTH'] },
  23: { name: 'requestProblemInformation', kind: 'boolean', owners: ['CONNECT'] },
  24: { name: 'willDelayInterval', kind: 'uint32', owners: ['WILL'] },
  25: { name: 'requestResponseInformation', kind: 'boolean', owners: ['CONNECT'] },
  26: { name: 'responseInformation', kind: 'string', owners: [] },
  28: { name: 'serverReference', kind: 'string', owners: [] },
  31: { name: 'reasonString', kind: 'string', owners: [...ACKS, 'DISCONNECT', 'AUTH'] },
  33: { name: 'receiveMaximum', kind: 'uint16', owners: ['CONNECT'], positive: true },
  34: { name: 'topicAliasMaximum', kind: 'uint16', owners: ['CONNECT'] },
  35: { name: 'topicAlias', kind: 'uint16', owners: ['PUBLISH'], positive: true },
  36: { name: 'maximumQoS', kind: 'boolean', owners: [] },
  37: { name: 'retainAvailable', kind: 'boolean', owners: [] },
  38: {
    name: 'userProperties',
    kind: 'pair',
    owners: ['CONNECT', 'WILL', 'PUBLISH', ...ACKS, 'SUBSCRIBE', 'UNSUBSCRIBE', 'DISCONNECT', 'AUTH'],
  },
  39: { name: 'maximumPacketSize', kind: 'uint32', owners: ['CONNECT'], positive: true },
  40: { name: 'wildcardSubscriptionAvailable', kind: 'boolean', owners: [] },
  41: { name: 'subscriptionIdentifiersAvailable', kind: 'boolean', owners: [] },
  42: { name: 'sharedSubscriptionAvailable', kind: 'boolean', owners: [] },
}

/** Valid in the packet type, but only when a server sends it: readable, and so a protocol error, not malformed. */
const FROM_SERVER_ONLY: ReadonlySet<string> = new Set(['PUBLISH 11', 'DISCONNECT 28'])

/** User properties that a packet may hold, and their bytes. */
const MAX_USER_PROPERTIES = 64
const MAX_USER_PROPERTY_BYTES = 16_384

/** Where in a packet its properties stand, and what of them the codec must know. One object, filled by each call. */
export class PropertyScan {
  /** Where the first begins, and the last ends. */
  start = 0
  end = 0
  /** Where the topic alias begins (its identifier byte); 0 for none. */
  aliasAt = 0
  alias = 0
  /** Where the four bytes of the message expiry interval begin; 0 for none. */
  expiryAt = 0
  hasMethod = false
  hasData = false
  payloadIsText = false
  responseTopic = false
}

const rows: (Row | undefined)[] = Array.from({ length: 43 }, (_, id) => TABLE[id])
const allowed = new Map<PropertyOwner, Uint8Array>()

function allowedIn(owner: PropertyOwner): Uint8Array {
  const known = allowed.get(owner)
  if (known !== undefined) return known
  const made = Uint8Array.from(rows, (row) => (row?.owners.includes(owner) ? 1 : 0))
  allowed.set(owner, made)
  return made
}

/**
 * Reads the properties at the fields' position and steps over them.
 * @throws ProtocolError 0x81 for what is unknown, not valid in that packet or not of its type; 0x82 for what is
 * repeated or out of range; 0x97 for more user properties than are taken.
 */
export function scanProperties(fields: Fields, owner: PropertyOwner, scan: PropertyScan): void {
  const length = fields.variable()
  scan.start = fields.at
  scan.end = fields.at + length
  scan.aliasAt = 0
  scan.alias = 0
  scan.expiryAt = 0
  scan.hasMethod = false
  scan.hasData = false
  scan.payloadIsText = false
  scan.responseTopic = false
  if (length === 0) return
  if (scan.end > fields.end) throw malformed(`a ${owner} that ends within its properties`)
  const bodyEnd = fields.end
  // No value may reach beyond the properties.
  fields.end = scan.end
  readAll(fields, owner, scan)
  fields.end = bodyEnd
}

function readAll(fields: Fields, owner: PropertyOwner, scan: PropertyScan): void {
  const may = allowedIn(owner)
  // Two words of bits: which identifiers came.
  let seenLow = 0
  let seenHigh = 0
  let users = 0
  let userBytes = 0
  while (!fields.done) {
    const at = fields.at
    // Every identifier is one byte long; a longer one is none.
    const id = fields.byte()
    const row = id < rows.length ? rows[id] : undefined
    if (row === undefined) throw malformed(`a ${owner} with the unknown property ${id}`, 'MQTT-2.2.2-2')
    if (may[id] === 0) throw misplaced(owner, id, row)
    if (id === 38) {
      const from = fields.at
      fields.text()
      fields.text()
      users++
      userBytes += fields.at - from
      if (users > MAX_USER_PROPERTIES || userBytes > MAX_USER_PROPERTY_BYTES) throw tooMany(owner)
      continue
    }
    const bit = 1 << (id & 31)
    if (((id < 32 ? seenLow : seenHigh) & bit) !== 0) throw protocolError(`a ${owner} with two ${row.name}`)
    if (id < 32) seenLow |= bit
    else seenHigh |= bit
    readValue(fields, owner, row, id, at, scan)
  }
}

function readValue(
  fields: Fields,
  owner: PropertyOwner,
  row: Row,
  id: number,
  at: number,
  scan: PropertyScan,
): void {
  let value = 1
  if (row.kind === 'string') {
    if (id === 8) {
      checkTopicCharacters(fields.string(), 'a response topic', 'MQTT-3.3.2-14')
      scan.responseTopic = true
    } else fields.text()
    if (id === 21) scan.hasMethod = true
  } else if (row.kind === 'uint32') {
    value = fields.uint32()
    if (id === 2) scan.expiryAt = at + 1
  } else if (row.kind === 'uint16') {
    value = fields.uint16()
    if (id === 35) {
      scan.aliasAt = at
      scan.alias = value
    }
  } else if (row.kind === 'boolean') {
    const flag = fields.byte()
    if (flag > 1) throw protocolError(`a ${owner} with ${row.name} ${flag}`)
    if (id === 1) scan.payloadIsText = flag === 1
  } else if (row.kind === 'variable') value = fields.variable()
  else {
    fields.binary()
    if (id === 22) scan.hasData = true
  }
  if (row.positive === true && value === 0) {
    // An alias of 0 has a reason code of its own.
    if (id === 35) throw protocolError('topic alias 0', 'MQTT-3.3.2-8', ReasonCode.TOPIC_ALIAS_INVALID)
    throw protocolError(`a ${owner} with ${row.name} 0`)
  }
}

function misplaced(owner: PropertyOwner, id: number, row: Row): ProtocolError {
  if (FROM_SERVER_ONLY.has(`${owner} ${id}`))
    return protocolError(`a ${owner} from a client with ${row.name}`, 'MQTT-3.3.4-6')
  return malformed(`a ${owner} with ${row.name}, which is not valid there`)
}

function tooMany(owner: PropertyOwner): ProtocolError {
  return new ProtocolError(
    'QUOTA_EXCEEDED',
    ReasonCode.QUOTA_EXCEEDED,
    `a ${owner} with more than ${MAX_USER_PROPERTIES} user properties or ${MAX_USER_PROPERTY_BYTES} bytes of them`,
  )
}

/** Properties that were scanned, by mqtt-packet's names, user properties as pairs; `undefined` when there are none. */
export function parseProperties(
  bytes: Buffer,
  start: number,
  end: number,
): Record<string, unknown> | undefined {
  if (start === end) return undefined
  const properties: Record<string, unknown> = {}
  const users: [name: string, value: string][] = []
  const fields = new Fields('PROPERTIES', bytes, start, end)
  while (!fields.done) {
    const { name, kind } = rows[fields.byte()] as Row
    if (kind === 'pair') users.push([fields.string(), fields.string()])
    else properties[name] = READERS[kind](fields)
  }
  if (users.length > 0) properties.userProperties = users
  return properties
}

/** Whether these bytes are properties of a message, whole and readable: however many, for the broker's own may be any. */
export function areProperties(bytes: Buffer): boolean {
  const may = allowedIn('PUBLISH')
  const fields = new Fields('PROPERTIES', bytes, 0, bytes.length)
  try {
    while (!fields.done) {
      const id = fields.byte()
      const row = rows[id]
      if (row === undefined || may[id] === 0) return false
      if (row.kind === 'pair') fields.text()
      PASSERS[row.kind](fields)
    }
    return true
  } catch {
    return false
  }
}

const PASSERS: Readonly<Record<Kind, (fields: Fields) => unknown>> = {
  boolean: (fields) => fields.byte(),
  uint16: (fields) => fields.uint16(),
  uint32: (fields) => fields.uint32(),
  variable: (fields) => fields.variable(),
  string: (fields) => fields.text(),
  binary: (fields) => fields.binary(),
  pair: (fields) => fields.text(),
}

const READERS: Readonly<Record<Exclude<Kind, 'pair'>, (fields: Fields) => unknown>> = {
  boolean: (fields) => fields.byte() === 1,
  uint16: (fields) => fields.uint16(),
  uint32: (fields) => fields.uint32(),
  variable: (fields) => fields.variable(),
  string: (fields) => fields.string(),
  binary: (fields) => Buffer.from(fields.bytes.subarray(fields.binary(), fields.at)),
}
