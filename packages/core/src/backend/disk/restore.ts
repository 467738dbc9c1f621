import { Buffer } from 'node:buffer'
import type { DueRetained, RetainedMessage, SubscriptionRecord } from '../../contract/index.ts'
import { passMessageId } from '../../contract/index.ts'
import { StackError } from '../../errors/index.ts'
import { Publish } from '../../packets/index.ts'
import type { Clock } from '../../time/index.ts'
import { fromWall } from '../../time/index.ts'
import { LogEntry } from '../log-entry.ts'
import type { OrderedStore } from '../ordered-store.ts'
import { readPages } from '../read-pages.ts'
import type { Commits } from './commits.ts'
import type { Kind } from './keys.ts'
import * as keys from './keys.ts'
import type { StoredIntent, StoredOrigin } from './node-records.ts'
import * as nodeRecords from './node-records.ts'
import type { StoredEntry, StoredSession, StoredWill } from './records.ts'
import * as records from './records.ts'

/** Who takes what an earlier process left. Instants are of the stack's clock. */
export interface Restored {
  epochs(ceiling: number): void
  session(session: StoredSession): void
  /** Of a session that was told before; so are all behind. */
  subscription(id: number, subscription: SubscriptionRecord): void
  due(id: number, due: DueRetained): void
  inbound(id: number, packetId: number): void
  entry(id: number, entry: LogEntry): void
  will(id: number, epoch: number, will: StoredWill): void
  retained(message: RetainedMessage, owner: string): void
  /** What only a node of several has. */
  readonly node?: RestoredNode | undefined
}

/** How far it has come with what other nodes send to it, and it to them. */
export interface RestoredNode {
  position(position: string): void
  origin(origin: StoredOrigin): void
  /** In the order of their numbers. */
  intent(intent: StoredIntent): void
}

/**
 * Reads all that an earlier process left, what others refer to first. What has no owner is removed.
 * @throws StackError `STORE_FORMAT` for what a later version wrote, or nobody of ours; `STORE_DAMAGED` for what cannot be read.
 */
export async function restore(
  store: OrderedStore,
  commits: Commits,
  clock: Clock,
  into: Restored,
): Promise<void> {
  await checkFormat(store, commits)
  const sessions = new Set<number>()
  /** Messages with a key of their own. */
  const messages = new Map<number, Uint8Array>()
  /** Those of the messages that some log refers to. */
  const wanted = new Set<number>()

  async function each(kind: Kind, take: (key: Uint8Array, value: Uint8Array) => void): Promise<void> {
    for await (const page of readPages(store, keys.rangeOf(kind)))
      for (const { key, value } of page) readOne(key, () => take(key, value))
  }
  /** Of a session that is there. */
  const eachOwned = (
    kind: Kind,
    take: (id: number, key: Uint8Array, value: Uint8Array) => void,
  ): Promise<void> =>
    each(kind, (key, value) => {
      const id = keys.ownerOf(key)
      if (sessions.has(id)) take(id, key, value)
      else commits.put(Uint8Array.from(key), undefined)
    })

  await each(keys.KIND.counters, (_, value) => into.epochs(records.readCounters(value).epochs))
  await each(keys.KIND.session, (_, value) => {
    const session = records.readSession(value)
    sessions.add(session.id)
    passMessageId(session.id)
    into.session(session)
  })
  // Without a session too: that is over, and the will is due.
  await each(keys.KIND.will, (key, value) => {
    const id = keys.ownerOf(key)
    passMessageId(id)
    into.will(id, keys.lastNumber(key), records.readWill(value))
  })
  await eachOwned(keys.KIND.subscription, (id, _, value) =>
    into.subscription(id, records.readSubscription(value)),
  )
  await eachOwned(keys.KIND.due, (id, _, value) => into.due(id, records.readDue(value)))
  await eachOwned(keys.KIND.inbound, (id, key) => into.inbound(id, keys.packetIdIn(key)))
  await each(keys.KIND.message, (key, value) => messages.set(keys.lastNumber(key), Uint8Array.from(value)))
  await eachOwned(keys.KIND.entry, (id, key, value) => {
    const stored = records.readEntry(value)
    passMessageId(stored.messageId)
    const entry = entryOf(stored, keys.lastNumber(key), messages, clock)
    if (entry === undefined) return void commits.put(Uint8Array.from(key), undefined)
    if (entry.shared) wanted.add(stored.messageId)
    into.entry(id, entry)
  })
  for (const messageId of messages.keys())
    if (!wanted.has(messageId)) commits.put(keys.messageKey(messageId), undefined)
  await each(keys.KIND.retained, (_, value) => {
    const { topic, owner, messageId, expiresAt, publisher, message } = records.readRetained(value)
    passMessageId(messageId)
    const packet = Publish.decode(message)
    const retained = { topic, packet, messageId, expiresAt: instantOf(clock, expiresAt, packet), publisher }
    into.retained(retained, owner)
  })
  const { node } = into
  if (node === undefined) return
  await each(keys.KIND.position, (_, value) => node.position(nodeRecords.readPosition(value)))
  await each(keys.KIND.origin, (_, value) => node.origin(nodeRecords.readOrigin(value)))
  await each(keys.KIND.intent, (key, value) => {
    const id = keys.lastNumber(key)
    passMessageId(id)
    node.intent(nodeRecords.readIntent(id, Uint8Array.from(value)))
  })
}

/** @throws StackError `STORE_DAMAGED` for what cannot be read. */
function readOne(key: Uint8Array, read: () => void): void {
  try {
    read()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const name = Buffer.from(key).toString('hex')
    throw new StackError(
      'STORE_DAMAGED',
      `the record under the key ${name} (hex) cannot be read: ${reason}`,
      {
        cause,
      },
    )
  }
}

/** The message of an entry stays on the disk, unless others who share a subscription may want it. */
function entryOf(
  stored: StoredEntry,
  sequence: number,
  messages: ReadonlyMap<number, Uint8Array>,
  clock: Clock,
): LogEntry | undefined {
  const { messageId, message, released, size, interval, share } = stored
  const bytes = message ?? messages.get(messageId)
  if (bytes === undefined && !released) return undefined
  const expiresAt = fromWall(clock, stored.expiresAt, interval)
  const packet = bytes === undefined || share === undefined || released ? undefined : Publish.decode(bytes)
  const entry = new LogEntry({ packet, ...stored, expiresAt }, sequence, size)
  entry.released = released
  entry.shared = !released && message === undefined
  return entry
}

function instantOf(clock: Clock, wall: number, { expiryInterval }: Publish): number {
  return fromWall(clock, wall, expiryInterval)
}

/** Writes the format into an empty store. */
async function checkFormat(store: OrderedStore, commits: Commits): Promise<void> {
  const [found] = await store.read({ from: new Uint8Array(0), to: Uint8Array.of(0xff) }, 1)
  if (found === undefined) {
    commits.put(keys.FORMAT_KEY, Uint8Array.of(records.FORMAT))
    return commits.commit()
  }
  const isOurs = found.key.length === 1 && found.key[0] === keys.FORMAT_KEY[0] && found.value.length === 1
  if (isOurs && found.value[0] === records.FORMAT) return
  const what = isOurs
    ? `format ${found.value[0]}, and this version knows ${records.FORMAT}`
    : 'what no backend of ours wrote'
  throw new StackError('STORE_FORMAT', `the store holds ${what}`)
}
