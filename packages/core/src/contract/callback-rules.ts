/**
 * The rules of the callbacks: how the answers of several handlers become one. The dispatcher enforces the table, and
 * `docs/callbacks.md` is printed from it.
 */
import type { SubscribeStore } from './callbacks.ts'
import type { RelayStore } from './contexts.ts'

/**
 * How the answers of several handlers become one. `all` run in order; `first` ends when one has decided; `veto` needs
 * a yes and ends with the first no; `one` has one answerer, and `start()` refuses two; `each` waits for one after the
 * other, and no failure or done keeps the others from being called; `told` is after the fact and waits for nobody.
 * Neither of the last two can fail the caller.
 */
export type MergeRule = 'all' | 'first' | 'veto' | 'one' | 'each' | 'told'

/** The rule of a callback and what its documentation says. */
export interface CallbackRule {
  readonly merge: MergeRule
  /** One line. */
  readonly doc: string
  /** Who executes it, and who answers it. */
  readonly by?: string
  readonly answered?: string
  /** Ends the chain early: whether the store has the answer. Follows from the rule for `first` and `veto` on `valid`. */
  // biome-ignore lint/suspicious/noExplicitAny: a store of any callback
  readonly stops?: (store: any) => boolean
  /** Notes in the store that a handler ended the chain with `done`. */
  // biome-ignore lint/suspicious/noExplicitAny: a store of any callback
  readonly ended?: (store: any) => void
}

const refused = (store: SubscribeStore): boolean => store.grant === false || (store.grant ?? 0) >= 0x80

/** Every callback that core knows. */
export const CALLBACKS: Readonly<Record<string, CallbackRule>> = {
  authenticateConnection: {
    merge: 'first',
    by: 'authentication',
    answered: 'providers',
    doc: 'Is this user who it claims to be? `valid` decides; nobody answering refuses.',
  },
  authenticateExchange: {
    merge: 'first',
    by: 'authentication',
    answered: 'providers',
    stops: (store) => store.state !== undefined,
    doc: 'The next step of an enhanced authentication (5.0); nobody knowing the method refuses the client.',
  },
  lookupConnackProperties: {
    merge: 'all',
    by: 'session-manager; lastwill before it takes a will',
    answered: 'each middleware, its own keys',
    doc: 'What CONNACK says besides (5.0): `store.set(key, value)`; each key has one owner.',
  },
  authorizePacket: {
    merge: 'veto',
    by: 'authorize',
    answered: 'access rules',
    doc: 'May this client publish, subscribe, leave this will? Needs one `valid: true` and no `false`; `grants` are lowered filter by filter.',
  },
  closeClient: {
    merge: 'all',
    by: 'anyone',
    answered: 'connection',
    doc: 'Ends a connection, with the reason code that the client is told.',
  },
  settleClient: {
    merge: 'each',
    by: 'connection',
    answered: 'inbound-manager',
    doc: 'An accepted connection is over: answered when nothing that its packets began is under way, so that its session may be closed and handed on. Before clean or unclean disconnect.',
  },
  cleanDisconnect: {
    merge: 'each',
    by: 'connection',
    answered: 'lastwill, outbound-manager, session-manager',
    doc: 'An accepted connection ended with DISCONNECT. Exactly one of clean and unclean, once.',
  },
  uncleanDisconnect: {
    merge: 'each',
    by: 'connection',
    answered: 'lastwill, outbound-manager, session-manager',
    doc: 'An accepted connection ended in any other way.',
  },
  openSession: {
    merge: 'one',
    by: 'session-manager',
    answered: 'backend',
    doc: 'The only way into a session: compares the identity, ends an older connection and waits until it is settled, claims the session, hands out the epoch. A session whose time is over is not resumed; a client that has gone meanwhile is refused. Answered when all that was staged for older epochs is committed; `inboundIds` are those of then.',
  },
  sessionTakenOver: {
    merge: 'all',
    by: 'backend',
    answered: 'connection',
    doc: 'The connection with this epoch must go; answered when it is gone and its calls are settled.',
  },
  resumeSession: {
    merge: 'all',
    by: 'session-manager',
    answered: 'lastwill, outbound-manager, retain-manager',
    doc: 'CONNACK is written: what was unacknowledged and what was missed may be sent.',
  },
  closeSession: {
    merge: 'one',
    by: 'session-manager',
    answered: 'backend',
    doc: 'The connection of this session is gone; with `expiryInterval` 0 the session goes too.',
  },
  lookupExpiredSessions: {
    merge: 'one',
    by: 'session-manager',
    answered: 'backend',
    doc: 'Sessions whose time is over, claimed by the caller.',
  },
  removeSession: {
    merge: 'one',
    by: 'session-manager',
    answered: 'backend',
    doc: 'Subscriptions, log and identifiers of a session go, as one unit.',
  },
  sessionEnded: {
    merge: 'told',
    by: 'session-manager',
    answered: 'anyone',
    doc: 'A session is over, before it is removed.',
  },
  storeSubscription: {
    merge: 'one',
    by: 'session-manager',
    answered: 'backend',
    doc: 'Keeps a subscription with the session.',
  },
  removeSubscription: {
    merge: 'one',
    by: 'session-manager',
    answered: 'backend',
    doc: 'Forgets a kept subscription.',
  },
  clearSubscriptions: {
    merge: 'all',
    by: 'session-manager',
    answered: 'backend',
    doc: 'Forgets all subscriptions of the session, and what is due of them.',
  },
  lookupSubscriptions: {
    merge: 'one',
    by: 'session-manager',
    answered: 'backend',
    doc: 'The kept subscriptions, pushed to the store.',
  },
  subscribeTopic: {
    merge: 'all',
    by: 'subscription-manager; session-manager on resume',
    answered: 'authorize, session-manager, retain-manager, subscription-manager, backend',
    stops: refused,
    doc: 'Subscribes a client to a filter; ends with the first refusal.',
  },
  unsubscribeTopic: {
    merge: 'all',
    by: 'subscription-manager; session-manager for what may not be restored',
    answered: 'session-manager, subscription-manager, retain-manager, backend',
    doc: 'Ends a subscription; `existed` tells whether there was one.',
  },
  topicSubscribed: {
    merge: 'told',
    by: 'subscription-manager after SUBACK',
    answered: 'retain-manager',
    doc: 'A filter was granted and the client knows.',
  },
  relayMessage: {
    merge: 'all',
    by: 'inbound-manager, lastwill, broker.publish()',
    answered: 'authorize, rules of users, retain-manager, backend',
    ended: (store: RelayStore) => {
      store.vetoed = true
    },
    doc: 'A message for all who subscribed; a rule may change `packet`. `done` before the backend is a veto. What clients send to control topics the stack vetoes before anybody is asked.',
  },
  forwardMessage: {
    merge: 'all',
    by: 'backend, retain-manager',
    answered: 'outbound-manager',
    doc: 'A message for one connected receiver.',
  },
  handOnMessage: {
    merge: 'one',
    by: 'outbound-manager for a session without a log; backend for one with',
    answered: 'backend',
    doc: 'A message of a shared subscription that a session leaves behind goes to another member.',
  },
  drainClient: {
    merge: 'all',
    by: 'retain-manager',
    answered: 'outbound-manager',
    doc: 'Waits until what was forwarded to a client has left its queue: for whoever has more for it than a queue holds.',
  },
  storeOfflineMessage: {
    merge: 'one',
    by: 'backend’s relay, retain-manager',
    answered: 'backend',
    doc: 'Appends to the message log of a session that outlives its connection, connected or not; `sequence` is its place there. Any epoch of the session will do: a receiver that has come back meanwhile is no error of the publisher, nor is one that has gone, whose store stays empty.',
  },
  lookupOfflineMessages: {
    merge: 'one',
    by: 'outbound-manager',
    answered: 'backend',
    doc: 'The log after a sequence, in order, pushed to the store.',
  },
  releaseOfflineMessages: {
    merge: 'one',
    by: 'outbound-manager on PUBREC',
    answered: 'backend',
    doc: 'The receiver has these QoS 2 messages: only PUBREL is left, the payload may go.',
  },
  removeOfflineMessages: {
    merge: 'one',
    by: 'outbound-manager on PUBACK and PUBCOMP',
    answered: 'backend',
    doc: 'These are delivered.',
  },
  clearOfflineMessages: { merge: 'all', by: 'session-manager', answered: 'backend', doc: 'Empties the log.' },
  storeInboundMessage: {
    merge: 'one',
    by: 'inbound-manager',
    answered: 'backend',
    doc: 'Keeps the identifier of a QoS 2 message that is not relayed.',
  },
  releaseInboundMessages: {
    merge: 'one',
    by: 'inbound-manager on PUBREL',
    answered: 'backend',
    doc: 'These QoS 2 identifiers are free again.',
  },
  storeRetainedMessage: {
    merge: 'one',
    by: 'retain-manager',
    answered: 'backend',
    doc: 'Replaces the retained message of a topic; an empty payload clears it.',
  },
  lookupRetainedMessages: {
    merge: 'one',
    by: 'retain-manager',
    answered: 'backend',
    doc: 'Retained messages that match a filter, a page at a time.',
  },
  storeDueRetained: {
    merge: 'one',
    by: 'retain-manager',
    answered: 'stores that outlive the process',
    doc: 'Keeps, with the session, how far the retained messages of a filter were handed out; for a store that outlives the process.',
  },
  lookupDueRetained: {
    merge: 'one',
    by: 'retain-manager',
    answered: 'stores that outlive the process',
    doc: 'What retained messages a resumed session is still to get, pushed to the store, the oldest subscription first.',
  },
  clientConnected: {
    merge: 'told',
    by: 'session-manager',
    answered: 'anyone',
    doc: 'A connection was accepted.',
  },
  clientDisconnected: {
    merge: 'told',
    by: 'connection',
    answered: 'anyone',
    doc: 'An accepted connection is gone and settled.',
  },
  clientRefused: {
    merge: 'told',
    by: 'core; broker’s listeners',
    answered: 'anyone',
    doc: 'A connection was closed before it was accepted, and why. One that leaves by itself is not refused.',
  },
  subscriptionRefused: {
    merge: 'told',
    by: 'subscription-manager after SUBACK',
    answered: 'anyone',
    doc: 'A filter was refused and the client knows.',
  },
  topicUnsubscribed: {
    merge: 'told',
    by: 'subscription-manager after UNSUBACK',
    answered: 'anyone',
    doc: 'A client gave up a filter and knows that it is done.',
  },
  messagePublished: {
    merge: 'told',
    by: 'inbound-manager, lastwill, broker.publish()',
    answered: 'anyone',
    doc: 'A message was relayed: a client’s, a will, or the broker’s own.',
  },
  messageDropped: {
    merge: 'told',
    by: 'whoever drops',
    answered: 'anyone',
    doc: 'A message was dropped for one receiver, or refused to its publisher, and why.',
  },
  handlerStalled: {
    merge: 'told',
    by: 'core',
    answered: 'anyone',
    doc: 'A handler has not answered for the stall timeout.',
  },
}

/** What ends a chain early under a rule. */
// biome-ignore lint/suspicious/noExplicitAny: a store of any callback
export function stopsOf(rule: CallbackRule): ((store: any) => boolean) | undefined {
  if (rule.stops !== undefined) return rule.stops
  if (rule.merge === 'first') return (store) => store.valid !== undefined
  if (rule.merge === 'veto') return (store) => store.valid === false
  return undefined
}
