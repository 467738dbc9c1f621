/** Many messages at once: none is lost, doubled or overtaken, and the call stack does not grow. */
import type { Context, MiddlewareLike } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import type { DefaultStackOptions } from '../../../test/rig/default-stack.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'

const COUNT = 100_000
/** So many bytes are not even half taken in a turn. */
const options = { highWater: 64 * 1_048_576 }

/** A user's middleware that thinks about every message, the later the longer or the shorter. */
const thinking: MiddlewareLike = {
  name: 'Thinking',
  async relayMessage({ payload }: Context<'relayMessage'>) {
    for (let i = payload[payload.length - 1] % 4; i > 0; i--) await null
  },
}

/** PUBLISH packets to `t` in one chunk, numbered by their payloads. */
function chunk(count: number, qos: 0 | 1 | 2): Buffer {
  const size = qos === 0 ? 9 : 11
  const bytes = Buffer.alloc(count * size)
  for (let i = 0, at = 0; i < count; i++, at += size) {
    bytes.set([0x30 | (qos << 1), size - 2, 0, 1, 0x74], at)
    if (qos > 0) bytes.writeUInt16BE((i % 65_535) + 1, at + 5)
    bytes.writeUInt32BE(i, at + size - 4)
  }
  return bytes
}

/** Counts the messages of a client, each of which must be the next. */
function counted(client: TestClient): { readonly messages: number } {
  let messages = 0
  for (const packet of client.received) {
    if (packet.cmd !== 'publish') continue
    const number = (packet.payload as Buffer).readUInt32BE()
    if (number !== messages++) throw new Error(`${number} came in the place of ${messages - 1}`)
  }
  return { messages }
}

const USERS: readonly (readonly [string, DefaultStackOptions])[] = [
  ['nobody else', {}],
  ['an asynchronous middleware', { use: [thinking] }],
]

describe.each(USERS)('with %s in relayMessage', (_name, more) => {
  it('100,000 PUBLISH in one chunk arrive in order', async () => {
    const { client, open, settle } = await defaultStack({ stack: options, ...more })
    const reader = await client()
    await reader.subscribe('t')
    const alice = open()
    await alice.connect()
    alice.raw(chunk(COUNT, 0))
    await settle()
    expect(counted(reader)).toEqual({ messages: COUNT })
  })

  it('a fan-out to 1,000 subscribers reaches each of them in order', async () => {
    const { client, settle } = await defaultStack({ stack: options, ...more })
    const readers = await Promise.all(Array.from({ length: 1_000 }, () => client()))
    for (const reader of readers)
      reader.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't', qos: 0 }] })
    await settle()
    const alice = await client()
    alice.raw(chunk(20, 0))
    await settle()
    for (const reader of readers) expect(counted(reader)).toEqual({ messages: 20 })
  })
})

describe.each(BACKENDS)('on a backend %s', (_name, backend) => {
  it('[MQTT-4.6.0-2] [MQTT-4.6.0-3] a chunk of QoS 1 and 2 is acknowledged in order and delivered once', async () => {
    for (const qos of [1, 2] as const) {
      const count = 3_000
      const outbound = { queueMessages: count }
      const { client, settle } = await defaultStack({
        stack: options,
        backend,
        outboundManager: outbound,
        inboundManager: { relays: 100 },
      })
      const reader = await client()
      await reader.subscribe('t', { qos })
      const alice = await client({ autoAck: false })
      alice.raw(chunk(count, qos))
      await settle()
      expect(counted(reader)).toEqual({ messages: count })
      expect(alice.received.slice(1).map(({ messageId }) => messageId)).toEqual(
        Array.from({ length: count }, (_, i) => i + 1),
      )
    }
  })
})
