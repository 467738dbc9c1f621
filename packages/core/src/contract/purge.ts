import type { Publish } from '../packets/index.ts'
import { matchesFilter } from '../topics/index.ts'
import type { Author } from './session.ts'
import type { Share } from './share.ts'
import { shareOf } from './share.ts'

/** Which messages go: those that meet all terms that are given. Of `clientId`, `filter` and `author` one must be given. */
export interface PurgeTerms {
  /** They wait for this client; absent: for anybody. */
  readonly clientId?: string
  /** Their topic matches this filter. With `$share/group/filter` they wait for a member of that group. */
  readonly filter?: string
  /** Who published them: all that is given here must be the same. */
  readonly author?: Partial<Author>
  /** Those that wait for a client, or retained ones; absent: both. With `clientId` no retained message goes. */
  readonly only?: 'waiting' | 'retained'
}

/** A message as it waits somewhere. */
export interface WaitingMessage {
  readonly packet: Publish
  readonly publisher?: Author | undefined
  readonly share?: Share | undefined
}

/**
 * Whether a message goes, by filter and author: whom it waits for is the caller's to know. Where none of the terms is
 * given nothing goes, so that a field that was forgotten does not empty the broker.
 */
export function purgeTest(terms: PurgeTerms): (message: WaitingMessage) => boolean {
  const { clientId, filter, author } = terms
  if (clientId === undefined && filter === undefined && author === undefined) return () => false
  const share = filter === undefined ? undefined : shareOf(filter)
  return (message) => {
    if (author !== undefined && !isBy(author, message.publisher)) return false
    if (share !== undefined) return isOf(share, message.share)
    return filter === undefined || matchesFilter(filter, message.packet.topic)
  }
}

function isBy(author: Partial<Author>, publisher: Author | undefined): boolean {
  if (publisher === undefined) return false
  if (author.clientId !== undefined && author.clientId !== publisher.clientId) return false
  return !('identity' in author) || author.identity === publisher.identity
}

function isOf({ group, filter }: Share, share: Share | undefined): boolean {
  return share !== undefined && share.group === group && share.filter === filter
}
