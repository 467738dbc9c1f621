import { Buffer } from 'node:buffer'
import { StackError } from '../errors/index.ts'
import type { PublishInit } from '../packets/index.ts'
import { Publish } from '../packets/index.ts'
import { isValidTopicName, topicLevels } from '../topics/index.ts'
import { checkMessage } from './message-init.ts'
import { RelayContext } from './relay.ts'
import type { Publisher } from './session.ts'
import type { Stack } from './stack.ts'

/** Who publishes when the broker does: no client has an empty identifier once it is accepted. */
export const BROKER: Publisher = Object.freeze({ clientId: '', identity: undefined })

/**
 * A message of the broker's own, for a `Relayer`: it goes past authentication and access rules.
 * @throws StackError `TOPIC_INVALID` for what is no topic name, or larger than the stack's options allow; `OPTION_UNKNOWN`,
 * `OPTION_MISSING` or `OPTION_INVALID` for other parts.
 * @param owner Who errors say was called.
 */
export function ownMessage(stack: Stack, message: PublishInit, owner: string = 'publish'): RelayContext {
  checkMessage(owner, message)
  const { topic } = message
  const { topicLevels: levels, topicBytes: bytes } = stack.config
  if (topicLevels(topic) > levels || Buffer.byteLength(topic) > bytes || !isValidTopicName(topic))
    throw new StackError('TOPIC_INVALID', `not a topic name, or too large: ${JSON.stringify(topic)}`)
  return new RelayContext(undefined, Publish.from(message), BROKER, undefined, 'broker')
}
