/** Encoders for the few packets that a load needs; none of them is on the hot path, where packets are ready. */

export type Version = 4 | 5
export type Qos = 0 | 1 | 2

export const PacketType = {
  CONNECT: 1,
  CONNACK: 2,
  PUBLISH: 3,
  PUBACK: 4,
  PUBREC: 5,
  PUBREL: 6,
  PUBCOMP: 7,
  SUBSCRIBE: 8,
  SUBACK: 9,
  UNSUBSCRIBE: 10,
  UNSUBACK: 11,
  PINGRESP: 13,
  DISCONNECT: 14,
} as const

export interface ConnectFields {
  readonly clientId: string
  readonly version?: Version
  readonly clean?: boolean
  /** Seconds; long enough never to fire, so that the broker's bookkeeping for it is on, as for a real client. */
  readonly keepalive?: number
  /** 5.0 only: seconds that the session outlives its connection. */
  readonly sessionExpiry?: number
  readonly will?: WillFields
  readonly username?: string
  readonly password?: string
}

export interface WillFields {
  readonly topic: string
  readonly payload: Uint8Array
  /** 5.0 only: seconds that it waits. */
  readonly delay?: number
}

export interface PublishFields {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos?: Qos
  readonly retain?: boolean
  readonly packetId?: number
  readonly version?: Version
  /** 5.0 only: encoded properties without their length. */
  readonly properties?: Uint8Array
}

export const DISCONNECT: Buffer = Buffer.from([0xe0, 0])
export const PINGREQ: Buffer = Buffer.from([0xc0, 0])

export function connect(fields: ConnectFields): Buffer {
  const version = fields.version ?? 4
  // A subscriber that only receives is silent: longer than the longest run, or it is rightly closed.
  const keepalive = fields.keepalive ?? 3_600
  const { username, password } = fields
  const named = (username === undefined ? 0 : 0x80) | (password === undefined ? 0 : 0x40)
  const flags = named | ((fields.clean ?? true) ? 2 : 0) | (fields.will ? 4 : 0)
  const expiry = fields.sessionExpiry ? [0x11, ...uint32(fields.sessionExpiry)] : []
  return packet(
    0x10,
    string('MQTT'),
    [version, flags, ...uint16(keepalive)],
    properties(version, expiry),
    string(fields.clientId),
    ...(fields.will ? will(fields.will, version) : []),
    ...[username, password].flatMap((text) => (text === undefined ? [] : [string(text)])),
  )
}

function will({ topic, payload, delay = 0 }: WillFields, version: Version): ArrayLike<number>[] {
  const delayed = delay > 0 ? [0x18, ...uint32(delay)] : []
  return [properties(version, delayed), string(topic), uint16(payload.length), payload]
}

/** @param identifier 5.0 only: the subscription identifier; 0 for none. */
export function subscribe(
  packetId: number,
  filters: readonly string[],
  qos: Qos,
  version: Version,
  identifier = 0,
): Buffer {
  const entries = filters.map((filter) => Buffer.concat([string(filter), Uint8Array.of(qos)]))
  const own = identifier > 0 ? [0x0b, ...variableLength(identifier)] : []
  return packet(0x82, uint16(packetId), properties(version, own), Buffer.concat(entries))
}

export function unsubscribe(packetId: number, filters: readonly string[], version: Version): Buffer {
  return packet(0xa2, uint16(packetId), properties(version), ...filters.map(string))
}

export function publish(fields: PublishFields): Buffer {
  const qos = fields.qos ?? 0
  const first = 0x30 | (qos << 1) | (fields.retain ? 1 : 0)
  return packet(
    first,
    string(fields.topic),
    qos > 0 ? uint16(fields.packetId ?? 0) : [],
    properties(fields.version ?? 4, fields.properties),
    fields.payload,
  )
}

/** Writes one PUBACK, PUBREC, PUBREL or PUBCOMP at `at`: four bytes in every version. */
export function writeAcknowledgement(buffer: Buffer, at: number, type: number, packetId: number): void {
  buffer[at] = (type << 4) | (type === PacketType.PUBREL ? 2 : 0)
  buffer[at + 1] = 2
  buffer[at + 2] = packetId >> 8
  buffer[at + 3] = packetId & 0xff
}

export function variableLength(length: number): number[] {
  const bytes: number[] = []
  for (let rest = length; ; rest >>= 7) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest & 127) | 128)
  }
}

export function string(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Uint8Array.from(uint16(bytes.length)), bytes])
}

function properties(version: Version, bytes: ArrayLike<number> = []): number[] {
  return version === 5 ? [...variableLength(bytes.length), ...Array.from(bytes)] : []
}

function packet(first: number, ...parts: readonly ArrayLike<number>[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([
    Uint8Array.of(first, ...variableLength(length)),
    ...parts.map((part) => Uint8Array.from(part)),
  ])
}

function uint16(value: number): number[] {
  return [value >> 8, value & 0xff]
}

function uint32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
}
