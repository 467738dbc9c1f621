import type { OptionsSpec } from '@mqtt-stack/core'
import type { Measures } from './measures.ts'

/** Limits; 0 is none. Rows with `perListener` may be said for one listener, too. */
export interface RateLimitOptions {
  connections?: number
  connectionsPerAddress?: number
  connectionsPerUser?: number
  connectRate?: number
  connectRatePerAddress?: number
  messageRate?: number
  messageRatePerUser?: number
  byteRate?: number
  byteRatePerUser?: number
  sessionsPerUser?: number
  subscriptionsPerUser?: number
  retainedPerUser?: number
  burst?: number
  tooFast?: 'slow' | 'close'
  failures?: number
  failuresPerAddress?: number
  failuresPerName?: number
  refusalTime?: number
  memory?: number
  loopDelay?: number
  exempt?: readonly string[]
  measure?: () => Measures
}

export const RATE_LIMIT_OPTIONS: OptionsSpec<RateLimitOptions> = {
  connections: {
    kind: 'number',
    default: 0,
    live: true,
    perListener: true,
    doc: 'Connections in all; more are refused (0x97). 0: no limit.',
  },
  connectionsPerAddress: {
    kind: 'number',
    default: 1_000,
    live: true,
    perListener: true,
    doc: 'Connections of one address (of IPv6, a /64); more are refused (0x97). 0: no limit.',
  },
  connectionsPerUser: {
    kind: 'number',
    default: 0,
    live: true,
    doc: 'Connections of one user; more are refused (0x97). 0: no limit.',
  },
  connectRate: {
    kind: 'number',
    default: 0,
    live: true,
    perListener: true,
    doc: 'New connections a second in all; more are refused (0x9F). 0: no limit.',
  },
  connectRatePerAddress: {
    kind: 'number',
    default: 20,
    live: true,
    perListener: true,
    doc: 'New connections a second of one address; more are refused (0x9F). 0: no limit.',
  },
  messageRate: {
    kind: 'number',
    default: 0,
    unit: 'messages',
    live: true,
    perListener: true,
    doc: 'Messages a second that one client may publish; each filter of a SUBSCRIBE or UNSUBSCRIBE counts as one. 0: no limit.',
  },
  messageRatePerUser: {
    kind: 'number',
    default: 0,
    unit: 'messages',
    live: true,
    doc: 'Messages a second that all clients of one user together may publish, counted as those of `messageRate`. 0: no limit.',
  },
  byteRate: {
    kind: 'number',
    default: 0,
    unit: 'bytes',
    live: true,
    perListener: true,
    doc: 'Bytes of messages a second that one client may publish. 0: no limit.',
  },
  byteRatePerUser: {
    kind: 'number',
    default: 0,
    unit: 'bytes',
    live: true,
    doc: 'Bytes of messages a second that all clients of one user together may publish. 0: no limit.',
  },
  sessionsPerUser: {
    kind: 'number',
    default: 0,
    live: true,
    doc: 'Sessions of one user that outlive their connections; clients that ask for more are refused (0x97). 0: no limit.',
  },
  subscriptionsPerUser: {
    kind: 'number',
    default: 0,
    live: true,
    doc: 'Subscriptions of one user, over all sessions; more are refused (0x97). 0: no limit.',
  },
  retainedPerUser: {
    kind: 'number',
    default: 0,
    unit: 'messages',
    live: true,
    doc: 'Topics that may have a retained message of one user; more are not retained (0x97). 0: no limit.',
  },
  burst: {
    kind: 'number',
    default: 5,
    min: 0.1,
    max: 3_600,
    unit: 's',
    live: true,
    perListener: true,
    doc: 'What so many seconds of a rate allow may come at once.',
  },
  tooFast: {
    kind: 'string',
    default: 'slow',
    choices: ['slow', 'close'],
    live: true,
    perListener: true,
    doc: 'A client above a rate of messages or bytes is read more slowly (`slow`), or closed with 0x96 (`close`).',
  },
  failures: {
    kind: 'number',
    default: 10,
    live: true,
    perListener: true,
    doc: 'Failed authentications of one address with one user name; from a third of them on it has to wait, and then it is refused for `refusalTime` (0x8A). 0: no limit.',
  },
  failuresPerAddress: {
    kind: 'number',
    default: 100,
    live: true,
    perListener: true,
    doc: 'Failed authentications of one address, whatever the user names, with the same consequences as `failures`. 0: no limit.',
  },
  failuresPerName: {
    kind: 'number',
    default: 100,
    live: true,
    doc: 'Failed authentications with one user name, whatever the addresses; from then on addresses from where that user was not seen lately have to wait, for 4 s at most. 0: no limit.',
  },
  refusalTime: {
    kind: 'number',
    default: 60_000,
    min: 1_000,
    max: 86_400_000,
    unit: 'ms',
    live: true,
    perListener: true,
    doc: 'For how long failed authentications are remembered, and who had too many of them is refused.',
  },
  memory: {
    kind: 'number',
    default: 0.9,
    max: 1,
    live: true,
    doc: 'The part of the memory that the process may have, or of the engine’s heap, above which new clients are refused (0x97). 0: no limit.',
  },
  loopDelay: {
    kind: 'number',
    default: 250,
    unit: 'ms',
    live: true,
    doc: 'How late the event loop may be, on average over a second, before new clients are refused (0x89). 0: no limit.',
  },
  exempt: {
    kind: 'any',
    default: [],
    schema: { type: 'array', items: { type: 'string', minLength: 1 } },
    live: true,
    example: ['192.0.2.7', '10.0.0.0/8'],
    doc: 'Addresses and networks that may stand for many, such as of a health checker, a load balancer or one NAT: as for this machine, nothing is limited by them.',
  },
  measure: {
    kind: 'function',
    optional: true,
    doc: 'Measures memory and event loop in place of what is built in; called once a second.',
  },
}
