/** A message that a handler puts in place of another, `ctx.packet = ctx.packet.with({ topic })`. */
import { StackError } from '../errors/index.ts'
import type { Publish } from '../packets/index.ts'
import { isValidTopicName } from '../topics/index.ts'

/**
 * Refuses what may not go on: whoever puts it there hears of it.
 * @throws StackError `ANSWER_INVALID`
 */
export function checkInPlace(packet: Publish, before: Publish): void {
  const wrong = faultOf(packet, before)
  if (wrong !== undefined)
    throw new StackError('ANSWER_INVALID', `ctx.packet was set to what is no message there: ${wrong}`)
}

function faultOf(packet: Publish | undefined, before: Publish): string | undefined {
  if (typeof packet?.layout !== 'function') return 'make it by packet.with() or Publish.from()'
  const { topic } = packet
  if (topic === before.topic || isValidTopicName(topic)) return undefined
  return `not a topic name: ${JSON.stringify(topic.length > 100 ? `${topic.slice(0, 100)}…` : topic)}`
}
