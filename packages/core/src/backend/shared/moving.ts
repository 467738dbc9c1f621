/** What those who move sessions work with. */
import type { Client } from '../../contract/index.ts'
import { StackError } from '../../errors/index.ts'
import type { Steps } from '../../time/index.ts'
import type { Disk } from '../disk/disk.ts'
import type { Parts } from '../parts.ts'
import type { SessionRecord } from '../session-record.ts'
import type { Directory } from './directory.ts'
import type { Cuts } from './residence.ts'
import type { SharedNode } from './shared-node.ts'

/** Stages of the parts that nodes send each other of a session. */
export const STAGE = {
  /** From its old home: what there has to be before messages come. */
  first: 1,
  /** From its new home: the nodes that were asked for a mark. */
  counted: 2,
  /** From its old home: all the rest, page by page. */
  last: 3,
} as const

/** Stands before the name of a node that is dead, where the new home of a session names those that count: no mark of it comes. */
export const QUIET = '!'

/** What a session that is asked for is not: `gone` says it. */
export const REASON = {
  /** It is not there. */
  absent: 'absent',
  /** It was, and has ended, as it was to. */
  ended: 'ended',
  /** It is somebody else's. */
  foreign: 'foreign',
  /** Nobody wants it any more, or can give it. */
  givenUp: 'given up',
} as const

/** Who keeps the sessions of a node. */
export interface SessionKeeper {
  /** Works on the session of a client identifier while nobody opens it. */
  alone(clientId: string, work: Steps): Steps
  /** Closes the connection of a session; goes on when it is settled. */
  disconnect(record: SessionRecord, client: Client): Steps
}

/** The node that sessions come to and go from. */
export interface MovingParts {
  readonly parts: Parts
  readonly disk: Disk
  readonly node: SharedNode
  readonly keeper: SessionKeeper
}

/** The same, with what they share. */
export interface Moving extends MovingParts {
  readonly directory: Directory
  readonly cuts: Cuts
  /** Client identifiers whose new session is this node's to make, or about to be. */
  readonly making: Set<string>
}

/** After a failure the directory is asked again after this, in ms. */
const PAUSE = 1_000

/** Waits before the directory is asked again; rejects with `STORE_CLOSED` where this node stops, or has lost its lease. */
export async function restBeforeAsking({ node, parts }: MovingParts, isClosed: () => boolean): Promise<void> {
  await new Promise<void>((resolve) => void parts.stack.clock.after(PAUSE, resolve))
  if (isClosed() || node.state === 'lost' || node.state === 'stopped')
    throw new StackError('STORE_CLOSED', `the node ${node.node} stops`)
}
