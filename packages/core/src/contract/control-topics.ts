/** Topics that the broker alone publishes to: no rule of a middleware can open them to clients. */

import { StackError } from '../errors/index.ts'
import { ReasonCode } from '../packets/index.ts'
import { isValidTopicName } from '../topics/index.ts'
import type { Done } from './done.ts'
import { DONE } from './done.ts'
import type { RelayContext, RelayStore } from './relay.ts'
import type { Stack } from './stack.ts'

const DOLLAR = 0x24

/** @throws StackError `OPTION_INVALID` */
export function checkControlTopics(roots: unknown): void {
  const valid =
    Array.isArray(roots) &&
    roots.every((one) => typeof one === 'string' && one.charCodeAt(0) === DOLLAR && isValidTopicName(one))
  if (valid) return
  throw new StackError(
    'OPTION_INVALID',
    `Stack: option "controlTopics" must be an array of topic names that begin with "$", not ${JSON.stringify(roots)}`,
  )
}

/** Where a bridge of Mosquitto says whether it is connected: by a retained message, and by its will. */
const BRIDGES = '$SYS/broker/connection'
const BRIDGE_STATE = /^\$SYS\/broker\/connection\/[^/]+\/state$/

/**
 * Whether a topic is one of `roots`, or below one. The state of a bridge is not, unless a root says so of bridges: a
 * bridge leaves it as its will, and would otherwise not be let in.
 */
export function isControlTopic(topic: string, roots: readonly string[]): boolean {
  if (topic.charCodeAt(0) !== DOLLAR) return false
  const state = BRIDGE_STATE.test(topic)
  return roots.some((root) => isBelow(topic, root) && (!state || isBelow(root, BRIDGES)))
}

function isBelow(topic: string, root: string): boolean {
  return topic.startsWith(root) && (topic.length === root.length || topic[root.length] === '/')
}

/** Vetoes what a client sends to a control topic, and its will, before anybody else sees it, and tells of it. */
export function guardControlTopics(ctx: RelayContext, store: RelayStore, stack: Stack): void | Done {
  const { client, publisher, origin, packet } = ctx
  if (packet?.topic.charCodeAt(0) !== DOLLAR || !stack.isControlTopic(packet.topic)) return
  const clientId = client?.id ?? publisher?.clientId ?? ''
  // The broker's own messages have a publisher without a name; the seed's context has none at all.
  if (client === undefined && clientId === '' && origin !== 'bridge') return
  store.reasonCode = ReasonCode.NOT_AUTHORIZED
  stack.tell('messageDropped', { clientId, client, packet, reason: 'control-topic', count: 1 })
  return DONE
}
