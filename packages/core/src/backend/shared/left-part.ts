/** What a node that is dead has left, apart from its inbox. */
import { KIND, lastNumber, ownerOf, packetIdIn } from '../disk/keys.ts'
import type { StoredIntent } from '../disk/node-records.ts'
import * as nodeRecords from '../disk/node-records.ts'
import type { StoredSession, StoredWill } from '../disk/records.ts'
import * as records from '../disk/records.ts'
import type { Incoming } from './moving-records.ts'
import { readKind } from './part-reader.ts'
import type { NodePart } from './shared-store.ts'

type Readable = Pick<NodePart, 'read'>

/** How far it had come. */
export interface LeftPlace {
  readonly position: string
  readonly seqs: ReadonlyMap<string, number>
}

export async function readPlace(part: Readable): Promise<LeftPlace> {
  let position = ''
  const seqs = new Map<string, number>()
  for await (const { value } of readKind(part, KIND.position)) position = nodeRecords.readPosition(value)
  for await (const { value } of readKind(part, KIND.origin)) {
    const { node, seq } = nodeRecords.readOrigin(value)
    seqs.set(node, seq)
  }
  return { position, seqs }
}

export async function* readSessions(part: Readable): AsyncGenerator<StoredSession> {
  for await (const { value } of readKind(part, KIND.session)) yield records.readSession(value)
}

export async function* readIntents(part: Readable): AsyncGenerator<StoredIntent> {
  for await (const { key, value } of readKind(part, KIND.intent))
    yield nodeRecords.readIntent(lastNumber(key), Uint8Array.from(value))
}

/** Messages with a key of their own, by their number. */
export async function* readMessages(part: Readable): AsyncGenerator<readonly [number, Uint8Array]> {
  for await (const { key, value } of readKind(part, KIND.message))
    yield [lastNumber(key), Uint8Array.from(value)]
}

/** What there has to be before messages come. */
export async function giveFirst(
  part: Readable,
  of: (session: number) => Incoming | undefined,
): Promise<void> {
  for await (const { key, value } of readKind(part, KIND.subscription))
    of(ownerOf(key))?.subscription(records.readSubscription(value))
  for await (const { key, value } of readKind(part, KIND.due)) of(ownerOf(key))?.due(records.readDue(value))
}

/** The rest of what sessions have; each record is looked at for whether others are to have their turn. */
export async function giveLast(
  part: Readable,
  of: (session: number) => Incoming | undefined,
  rest: () => Promise<void> | undefined,
): Promise<void> {
  for await (const { key } of readKind(part, KIND.inbound)) of(ownerOf(key))?.inbound(packetIdIn(key))
  for await (const { key, value } of readKind(part, KIND.entry)) {
    of(ownerOf(key))?.entry(lastNumber(key), records.readEntry(value))
    await rest()
  }
}

/** A will, the number of its session, and the epoch of its opening. */
export interface LeftWill {
  readonly key: Uint8Array
  readonly session: number
  readonly epoch: number
  readonly will: StoredWill
}

export async function* readWills(part: Readable): AsyncGenerator<LeftWill> {
  for await (const { key, value } of readKind(part, KIND.will))
    yield { key, session: ownerOf(key), epoch: lastNumber(key), will: records.readWill(value) }
}
