import type { Clock } from '../../time/index.ts'
import { toWall } from '../../time/index.ts'
import type { SessionRecord } from '../session-record.ts'
import type { StoredSession } from './records.ts'

/** A session as it is kept. */
export function storedSession(record: SessionRecord, clock: Clock): StoredSession {
  const { id, clientId, identity, epoch, firstEpoch, stored, expiryInterval, sequences, client } = record
  return {
    id,
    clientId,
    identity,
    owner: record.account.owner,
    epoch,
    firstEpoch,
    stored,
    expiryInterval,
    expiresAt: client === undefined ? toWall(clock, record.expiresAt) : 0,
    sequences,
    begun: client === undefined ? (record.state?.log.begun ?? 0) : Number.POSITIVE_INFINITY,
    willDueAt: record.will === undefined ? 0 : toWall(clock, record.will.dueAt),
  }
}
