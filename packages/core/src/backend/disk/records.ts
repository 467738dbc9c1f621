/** What is kept under a key, as bytes and back. Instants are of the wall clock: they outlive the process. */
import type { Author, DueRetained, Share, SubscriptionRecord } from '../../contract/index.ts'
import { FieldReader, FieldWriter } from './fields.ts'

/** The format of all that is kept: written once, read first. */
export const FORMAT = 1

/** A session as it is kept. */
export interface StoredSession {
  /** Begins the keys of all that is its own. */
  readonly id: number
  readonly clientId: string
  readonly identity: string | undefined
  /** On whose account of the ledger it is. */
  readonly owner: string
  readonly epoch: number
  readonly firstEpoch: number
  /** It outlives its connection. */
  readonly stored: boolean
  /** Seconds that it lasts without a connection. */
  readonly expiryInterval: number
  /** When it is over (ms since 1970); 0 while it has a connection, infinity for never. */
  readonly expiresAt: number
  /** Sequences up to here may have been handed out. */
  readonly sequences: number
  /** Messages up to here may have been sent; infinity while it has a connection. */
  readonly begun: number
  /** When its will is due (ms since 1970); infinity while it has a connection, 0 where there is none. */
  readonly willDueAt: number
}

export function writeSession(session: StoredSession): Uint8Array {
  const {
    id,
    clientId,
    identity,
    owner,
    epoch,
    firstEpoch,
    stored,
    expiryInterval,
    expiresAt,
    sequences,
    begun,
    willDueAt,
  } = session
  return new FieldWriter()
    .number(id)
    .text(clientId)
    .text(identity)
    .text(owner)
    .number(epoch)
    .number(firstEpoch)
    .byte(stored ? 1 : 0)
    .number(expiryInterval)
    .number(expiresAt)
    .number(sequences)
    .number(begun)
    .number(willDueAt)
    .done()
}

export function readSession(value: Uint8Array): StoredSession {
  const fields = new FieldReader(value)
  return {
    id: fields.number(),
    clientId: fields.text() ?? '',
    identity: fields.text(),
    owner: fields.text() ?? '',
    epoch: fields.number(),
    firstEpoch: fields.number(),
    stored: fields.byte() === 1,
    expiryInterval: fields.number(),
    expiresAt: fields.number(),
    sequences: fields.number(),
    begun: fields.number(),
    willDueAt: fields.number(),
  }
}

/** What is counted over all sessions. */
export interface Counters {
  /** Epochs up to here may have been handed out. */
  readonly epochs: number
}

export function writeCounters({ epochs }: Counters): Uint8Array {
  return new FieldWriter().number(epochs).done()
}

export function readCounters(value: Uint8Array): Counters {
  return { epochs: new FieldReader(value).number() }
}

export function writeSubscription({ topic, qos, options, identifier }: SubscriptionRecord): Uint8Array {
  return new FieldWriter()
    .text(topic)
    .byte(qos)
    .text(JSON.stringify(options))
    .number(identifier ?? 0)
    .done()
}

export function readSubscription(value: Uint8Array): SubscriptionRecord {
  const fields = new FieldReader(value)
  return {
    topic: fields.text() ?? '',
    qos: fields.byte() as SubscriptionRecord['qos'],
    options: JSON.parse(fields.text() ?? '{}') as SubscriptionRecord['options'],
    identifier: fields.number() || undefined,
  }
}

export function writeDue({ topic, since, qos, identifier, after }: DueRetained): Uint8Array {
  return new FieldWriter()
    .text(topic)
    .number(since)
    .byte(qos)
    .number(identifier ?? 0)
    .text(after)
    .done()
}

export function readDue(value: Uint8Array): DueRetained {
  const fields = new FieldReader(value)
  return {
    topic: fields.text() ?? '',
    since: fields.number(),
    qos: fields.byte() as DueRetained['qos'],
    identifier: fields.number() || undefined,
    after: fields.text(),
  }
}

/** An entry of a log as it is kept. */
export interface StoredEntry {
  readonly messageId: number
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  readonly released: boolean
  readonly identifiers: readonly number[] | undefined
  /** In ms since 1970; 0 for never. */
  readonly expiresAt: number
  readonly share: Share | undefined
  readonly publisher: Author | undefined
  /** Bytes that the message takes in memory. */
  readonly size: number
  /** Its message expiry interval in seconds; infinity where it has none. */
  readonly interval: number
  /** The message; `undefined` where it has a key of its own, or none is needed any more. */
  readonly message: Uint8Array | undefined
}

const RETAIN = 0x04
const RELEASED = 0x08
const INLINE = 0x10

export function writeEntry(entry: StoredEntry): Uint8Array {
  const {
    messageId,
    qos,
    retain,
    released,
    identifiers = [],
    expiresAt,
    share,
    publisher,
    size,
    interval,
    message,
  } = entry
  const flags = qos | (retain ? RETAIN : 0) | (released ? RELEASED : 0) | (message === undefined ? 0 : INLINE)
  const fields = new FieldWriter().byte(flags).number(messageId).number(expiresAt)
  fields.number(identifiers.length)
  for (const identifier of identifiers) fields.number(identifier)
  fields.text(share?.group).text(share?.filter).number(size).number(interval)
  writeAuthor(fields, publisher)
  if (message !== undefined) fields.bytes(message)
  return fields.done()
}

export function readEntry(value: Uint8Array): StoredEntry {
  const fields = new FieldReader(value)
  const flags = fields.byte()
  const messageId = fields.number()
  const expiresAt = fields.number()
  const identifiers = Array.from({ length: fields.number() }, () => fields.number())
  const group = fields.text()
  const filter = fields.text()
  const size = fields.number()
  const interval = fields.number()
  const publisher = readAuthor(fields)
  return {
    messageId,
    qos: (flags & 3) as StoredEntry['qos'],
    retain: (flags & RETAIN) !== 0,
    released: (flags & RELEASED) !== 0,
    identifiers: identifiers.length === 0 ? undefined : identifiers,
    expiresAt,
    share: group === undefined || filter === undefined ? undefined : { group, filter },
    size,
    interval,
    publisher,
    message: (flags & INLINE) === 0 ? undefined : fields.bytes(),
  }
}

function writeAuthor(fields: FieldWriter, author: Author | undefined): void {
  fields.text(author?.clientId).text(author?.identity)
}

function readAuthor(fields: FieldReader): Author | undefined {
  const clientId = fields.text()
  const identity = fields.text()
  return clientId === undefined ? undefined : { clientId, identity }
}

/** A retained message as it is kept. */
export interface StoredRetained {
  readonly topic: string
  /** On whose account of the ledger it is. */
  readonly owner: string
  readonly messageId: number
  /** In ms since 1970; 0 for never. */
  readonly expiresAt: number
  readonly publisher: Author | undefined
  readonly message: Uint8Array
}

export function writeRetained(retained: StoredRetained): Uint8Array {
  const { topic, owner, messageId, expiresAt, publisher, message } = retained
  const fields = new FieldWriter().text(topic).text(owner).number(messageId).number(expiresAt)
  writeAuthor(fields, publisher)
  return fields.bytes(message).done()
}

export function readRetained(value: Uint8Array): StoredRetained {
  const fields = new FieldReader(value)
  return {
    topic: fields.text() ?? '',
    owner: fields.text() ?? '',
    messageId: fields.number(),
    expiresAt: fields.number(),
    publisher: readAuthor(fields),
    message: fields.bytes(),
  }
}

/** A will as it is kept. */
export interface StoredWill {
  readonly clientId: string
  readonly identity: string | undefined
  /** On whose account of the ledger it is. */
  readonly owner: string
  /** Seconds between the end of the connection and its publication. */
  readonly delay: number
  readonly message: Uint8Array
}

export function writeWill({ clientId, identity, owner, delay, message }: StoredWill): Uint8Array {
  return new FieldWriter().text(clientId).text(identity).text(owner).number(delay).bytes(message).done()
}

export function readWill(value: Uint8Array): StoredWill {
  const fields = new FieldReader(value)
  return {
    clientId: fields.text() ?? '',
    identity: fields.text(),
    owner: fields.text() ?? '',
    delay: fields.number(),
    message: fields.bytes(),
  }
}
