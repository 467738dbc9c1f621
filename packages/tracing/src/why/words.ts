/** What a drop means, for the person who asks. */
import type { DropReason } from '@mqtt-stack/core'

/** Behind "a message on TOPIC for CLIENT": why, and what to do about it. */
export const DROPPED: Readonly<Record<DropReason, string>> = {
  'outbox-full':
    'was dropped: the client reads too slowly, and QoS 0 cannot wait; it wants QoS 1, or a faster reader',
  'queue-full':
    'was dropped: the queue of its session is full (options queueMessages and queueBytes of outboundManager)',
  'log-full':
    'was dropped: the log of its session is full (options sessionMessages and sessionBytes of the store)',
  'not-connected': 'was dropped: the client was not connected, and QoS 0 does not wait',
  'retained-full':
    'was not retained: there is no room for another retained message (options of the store and limits)',
  'control-topic': 'was refused: only the broker publishes to control topics (option controlTopics)',
  'not-authorized': 'was refused: a rule denies it',
  refused: 'was refused by the broker: what CONNACK said it would not take',
  'memory-full': 'was dropped: memory for messages is used up (options memoryCeiling and memoryShare)',
  'too-large': 'was dropped: it is larger than the client said it takes (maximum packet size)',
  withheld: 'was withheld by a middleware that gave no reason',
  expired: 'was dropped: its expiry interval was over before it could be sent',
  purged: 'was purged by an operator',
}
