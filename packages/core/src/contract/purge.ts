import { StackError } from '../errors/index.ts'
import type { Publish } from '../packets/index.ts'
import { isValidTopicFilter, matchesFilter, parseShare } from '../topics/index.ts'
import type { Author } from './session.ts'
import type { Share } from './share.ts'
import { shareOf } from './share.ts'

/**
 * Which messages go: those that meet all terms that are given. One of `clientId`, `filter` and `author` must be given;
 * where none is, nothing goes.
 */
export interface PurgeTerms {
  /** They wait for this client; absent: for anybody. */
  readonly clientId?: string
  /** Their topic matches this filter. With `$share/group/filter` they wait for a member of that group. */
  readonly filter?: string
  /**
   * Who published them: all that is given here must be the same, a `clientId`, an `identity` or both. `identity: undefined`
   * stands for those who are anonymous; a `clientId` that is `undefined` is not given.
   */
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
 * @throws StackError `OPTION_INVALID` for an author of whom nothing is said, `FILTER_INVALID` for what is no topic filter.
 */
export function purgeTest(terms: PurgeTerms): (message: WaitingMessage) => boolean {
  const { clientId, filter, author } = terms
  if (clientId === undefined && filter === undefined && author === undefined) return () => false
  checkTerms(filter, author)
  const share = filter === undefined ? undefined : shareOf(filter)
  return (message) => {
    if (author !== undefined && !isBy(author, message.publisher)) return false
    if (share !== undefined) return isOf(share, message.share)
    return filter === undefined || matchesFilter(filter, message.packet.topic)
  }
}

/** A term that says nothing would be met by every message. */
function checkTerms(filter: string | undefined, author: Partial<Author> | undefined): void {
  if (author !== undefined && author.clientId === undefined && !('identity' in author)) {
    const fix = 'name the author’s clientId or identity, or leave author out'
    throw new StackError('OPTION_INVALID', `purgeMessages: an author of whom nothing is said: ${fix}`)
  }
  if (filter !== undefined && !isFilter(filter))
    throw new StackError('FILTER_INVALID', `purgeMessages: not a topic filter: ${JSON.stringify(filter)}`)
}

function isFilter(filter: string): boolean {
  return isValidTopicFilter(filter) && parseShare(filter)?.malformed !== true
}

function isBy(author: Partial<Author>, publisher: Author | undefined): boolean {
  if (publisher === undefined) return false
  if (author.clientId !== undefined && author.clientId !== publisher.clientId) return false
  return !('identity' in author) || author.identity === publisher.identity
}

function isOf({ group, filter }: Share, share: Share | undefined): boolean {
  return share !== undefined && share.group === group && share.filter === filter
}
