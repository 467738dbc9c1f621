/** Topics that the broker alone publishes to: no rule of a middleware can open them to clients. */

import type { Done, RelayContext, RelayStore } from '../contract/index.ts'
import { DONE } from '../contract/index.ts'
import { StackError } from '../errors/index.ts'
import { ReasonCode } from '../packets/index.ts'
import { isValidTopicName } from '../topics/index.ts'
import type { Step } from './chain.ts'

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

/** The first handler of relayMessage, whatever the stack is made of: vetoes what a client sends, and its will, and tells of it. */
export function controlGuard(roots: readonly string[], tell: (ctx: RelayContext) => void): Step {
  const guard = (ctx: RelayContext, store: RelayStore): void | Done => {
    const { client, publisher, packet } = ctx
    if (packet?.topic.charCodeAt(0) !== DOLLAR || !isControlTopic(packet.topic, roots)) return
    // The broker's own messages have a publisher without a name; the seed's context has none at all.
    if (client === undefined && (publisher?.clientId ?? '') === '') return
    store.reasonCode = ReasonCode.NOT_AUTHORIZED
    tell(ctx)
    return DONE
  }
  return { owner: { name: 'Stack' }, handler: guard, asks: false }
}
