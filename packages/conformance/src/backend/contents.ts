/** The table of contents: what a backend promises, subject by subject. */
import type { Chapter } from './check.ts'
import * as checks from './checks/index.ts'

/** All checks. Those of the last chapters need a capability. */
export const CHAPTERS: readonly Chapter[] = [
  // What every backend does.
  checks.sessions,
  checks.epochs,
  checks.fences,
  checks.takeOver,
  checks.reconnects,
  checks.sessionExpiry,
  checks.subscriptions,
  checks.relay,
  checks.order,
  checks.messageLog,
  checks.inboundIdentifiers,
  checks.messageBytes,
  checks.sharedSubscriptions,
  checks.handOn,
  checks.wills,
  checks.retained,
  checks.retainedPages,
  checks.fromOutside,
  checks.bounds,
  checks.stopped,
  // What a durable one does besides.
  checks.restart,
  checks.crashes,
  checks.expiryOverCrash,
  checks.countersOverCrash,
  checks.willsOverCrash,
  checks.fromOutsideOverRestart,
  checks.commits,
  checks.units,
  checks.dueRetained,
  checks.failingWrites,
  checks.hangingStore,
  // What one does that several brokers share.
  checks.distributed,
  checks.movingSessions,
  checks.lostBrokers,
]
