import { StackError } from '../errors/index.ts'
import type { Publish } from '../packets/index.ts'
import { isValidTopicFilter, matchesFilter, parseShare } from '../topics/index.ts'
import type { Author } from './session.ts'
import type { Share } from './share.ts'
import { shareOf } from './share.ts'

/**
 * Which messages go: those that meet all terms that are given. One of `clientId`, `filter`, `author` and `where` must be
 * given; where none is, nothing goes.
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
  /**
   * Asked about each message that meets the other terms: whether it goes. It answers at once, and may be asked twice. For
   * what no filter and no author says, such as rights that have changed.
   */
  readonly where?: (message: WaitingMessage) => boolean
  /**
   * Those that wait for a client, retained ones, or wills, of clients that are connected too; absent: all. With `clientId`
   * no retained message goes, and no will: they wait for nobody.
   */
  readonly only?: 'waiting' | 'retained' | 'wills'
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
  const { clientId, filter, author, where } = terms
  if (clientId === undefined && filter === undefined && author === undefined && where === undefined)
    return () => false
  checkTerms(filter, author)
  const share = filter === undefined ? undefined : shareOf(filter)
  return (message) => {
    if (author !== undefined && !isBy(author, message.publisher)) return false
    if (share !== undefined && !isOf(share, message.share)) return false
    if (share === undefined && filter !== undefined && !matchesFilter(filter, message.packet.topic))
      return false
    return where === undefined || where(message)
  }
}

/**
 * Whether a message is of an author, as far as the terms say.
 * @throws StackError `OPTION_INVALID` for an author of whom nothing is said.
 */
export function authorTest(author: Partial<Author>): (message: Pick<WaitingMessage, 'publisher'>) => boolean {
  checkTerms(undefined, author)
  return ({ publisher }) => isBy(author, publisher)
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
