import type { Parts } from './parts.ts'

/** How much a backend holds; all are 0 when every session is over and nothing is retained. */
export interface BackendStats {
  /** Sessions, connected or not. */
  readonly sessions: number
  /** Sessions without a connection that end when their time is over. */
  readonly expiring: number
  /** Subscriptions, one a session and filter. */
  readonly subscriptions: number
  /** Messages in the logs of sessions. */
  readonly messages: number
  /** Bytes that they take, about. */
  readonly messageBytes: number
  /** QoS 2 packet identifiers that await PUBREL. */
  readonly awaitingRelease: number
  /** Topics with a retained message. */
  readonly retained: number
  /** Wills that wait for their time. */
  readonly wills: number
}

/** Counted at each call. */
export function statsOf({ sessions, subscriptions, retained, wills }: Parts): BackendStats {
  let [messages, messageBytes, awaitingRelease] = [0, 0, 0]
  for (const { state } of sessions.all) {
    if (state === undefined) continue
    const { log, inbound } = state
    messages += log.size
    messageBytes += log.bytes
    awaitingRelease += inbound.size
  }
  return {
    sessions: sessions.size,
    expiring: sessions.expiring,
    subscriptions: subscriptions.size,
    messages,
    messageBytes,
    awaitingRelease,
    retained: retained.size,
    wills: wills.size,
  }
}
