import type { Resolved, Share, Stack } from '../contract/index.ts'
import { Disk } from './disk/disk.ts'
import type { BackendOptions } from './options.ts'
import type { OrderedStore } from './ordered-store.ts'
import type { Parts } from './parts.ts'
import { RetainedMessages } from './retained-messages.ts'
import type { SessionRecord } from './session-record.ts'
import { Sessions } from './sessions.ts'
import type { SharedOptions } from './shared/options.ts'
import { INBOX_BYTES } from './shared/options.ts'
import { SharedNode } from './shared/shared-node.ts'
import { SharedRetained } from './shared/shared-retained.ts'
import { isSharedStore } from './shared/shared-store.ts'
import { Subscriptions } from './subscriptions.ts'
import { Wills } from './wills.ts'

/** Who is told of what the parts cannot see to themselves. */
export interface PartsEvents {
  /** A record is over. */
  forget(record: SessionRecord): void
  /** Another node has claimed what was this one's own. */
  lost(): void
}

/**
 * Makes what a backend works on.
 * @param store What it is kept in; without it everything is in memory.
 */
export function makeParts(
  stack: Stack,
  bounds: Resolved<BackendOptions>,
  store: OrderedStore | undefined,
  { forget, lost }: PartsEvents,
): Parts {
  const { inboxBytes = INBOX_BYTES } = bounds as SharedOptions
  const { shareStrategy, retainedMessages, retainedBytes, retainedTotal } = bounds
  const isConnected = (share: Share): boolean => parts.subscriptions.isConnected(share)
  const shared =
    store !== undefined && isSharedStore(store)
      ? new SharedNode(store, stack, inboxBytes, isConnected, lost)
      : undefined
  const disk =
    shared === undefined
      ? store && new Disk(store, stack)
      : new Disk(shared.ordered, { log: stack.log, clock: shared.clock.asClock }, true)
  const limits = { messages: retainedMessages, payload: retainedBytes, bytes: retainedTotal }
  const retained = new RetainedMessages(limits, (topic, isBack, message) => {
    if (sharedRetained === undefined) disk?.dropRetained(topic, isBack)
    else if (message !== undefined) sharedRetained.expired(message)
  })
  const sharedRetained = shared && new SharedRetained(shared.store.retained, stack, retained, shared.clock)
  const parts: Parts = {
    stack,
    bounds,
    disk,
    shared,
    sessions: new Sessions(() => stack.ledger, forget),
    subscriptions: new Subscriptions(shareStrategy, (steps) => stack.pace.count(steps), shared?.routes),
    retained,
    sharedRetained,
    wills: new Wills(),
  }
  return parts
}
