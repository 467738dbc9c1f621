/** A broker may take shorter topics only than the standard allows, where it says so to whoever sends a longer one. */
import { Remark } from '../../harness/errors.ts'
import type { RawClient } from '../../harness/raw-client.ts'
import type { TestContext } from '../../harness/test-context.ts'
import * as encode from '../../wire/encode.ts'
import type { Received } from '../../wire/packets.ts'
import { describe } from '../../wire/packets.ts'

/** Reason codes of 5.0 that say that a topic is too long for this broker. */
const TOO_LONG = [0x83, 0x8f, 0x90, 0x95, 0x97]

/** Subscribes to a topic and publishes to it; skips where the broker refuses a topic of that length, and serves others. */
export async function carryLongTopic(t: TestContext, topic: string): Promise<void> {
  const client = await t.connect()
  client.send(encode.subscribe(t.version, { id: 1, filters: [topic] }))
  const suback = await answer(client)
  if (suback === undefined) return await refused(t, topic, 'the connection is closed')
  if (isRefusal(t, suback)) return await refused(t, topic, describe(suback))
  t.check(suback.type === 'suback' && suback.codes[0] === 0, `${describe(suback)}: it was not granted`)
  await client.publish({ topic, payload: 'x' })
  const message = await answer(client)
  if (message === undefined) return await refused(t, topic, 'the connection is closed')
  if (isRefusal(t, message)) return await refused(t, topic, describe(message))
  const whole = message.type === 'publish' && message.topic === topic && `${message.payload}` === 'x'
  t.check(whole, `a ${message.type.toUpperCase()} came, and not the message as it was published`)
}

/** The next packet; none where the broker closes the connection instead. */
async function answer(client: RawClient): Promise<Received | undefined> {
  try {
    return await client.next()
  } catch (error) {
    if (client.isClosed && client.problem === undefined) return undefined
    throw error
  }
}

function isRefusal({ version }: TestContext, packet: Received): boolean {
  if (packet.type === 'disconnect') return TOO_LONG.includes(packet.code)
  if (packet.type !== 'suback') return false
  return packet.codes.length === 1 && (version < 5 ? [0x80] : TOO_LONG).includes(packet.codes[0])
}

/** Before 5.0 a server that does not take a packet has nothing but to close the connection. */
async function refused(t: TestContext, topic: string, how: string): Promise<void> {
  const shorter = t.topic()
  const client = await t.connect()
  await client.subscribe(shorter)
  await client.publish({ topic: shorter, payload: 'x' })
  await client.message({ topic: shorter, payload: 'x' })
  const limit = `the broker takes no topic of ${topic.length.toLocaleString('en')} bytes (${how})`
  if (t.version === 5 && how.startsWith('the connection')) throw new Remark(`${limit}, and gives no reason`)
  t.skip(limit)
}
