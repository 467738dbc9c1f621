/** Sessions that are away, in the whole stack: what is kept for them, and how much of it. */
import type { TestClient } from '@mqtt-stack/testing'
import { settle } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import type { DefaultStack, DefaultStackOptions } from '../../../test/rig/default-stack.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'

const bob = ({ client }: DefaultStack): Promise<TestClient> => client({ clientId: 'bob', clean: false })

/** A stack, a session `bob` that is away, subscribed to `t` at QoS 2, and a publisher. */
async function away(options: DefaultStackOptions): Promise<DefaultStack & { alice: TestClient }> {
  const whole = await defaultStack(options)
  const first = await bob(whole)
  await first.subscribe('t', { qos: 2 })
  await first.disconnect()
  return Object.assign(whole, { alice: await whole.client({ clientId: 'alice' }) })
}

async function payloadsOf(client: TestClient): Promise<string[]> {
  await settle()
  return client.received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.payload.toString()] : []))
}

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => String(from + i))

describe.each(BACKENDS)('a session that is away, on a backend %s', (_, backend) => {
  it('[MQTT-3.1.2-5] is kept QoS 1 and 2, delivered in order when it is back', async () => {
    const whole = await away({ backend })
    for (const payload of numbers(1, 300))
      await whole.alice.publish('t', payload, { qos: Number(payload) % 2 ? 1 : 2 })
    const back = await bob(whole)
    expect(await payloadsOf(back)).toEqual(numbers(1, 300))
    expect(back.received.some((packet) => packet.cmd === 'publish' && packet.dup)).toBe(false)
    expect(whole.memory.stats).toMatchObject({ messages: 0, messageBytes: 0 })
  })

  it('[MQTT-3.1.2-5] is kept nothing of QoS 0, unless a rule of the stack says otherwise', async () => {
    const whole = await away({ backend })
    await whole.alice.publish('t', 'x')
    expect(whole.memory.stats.messages).toBe(0)
  })

  it('is kept as many as its log holds: the new one is dropped and told, and there is room again later', async () => {
    const whole = await away({ backend, memory: { sessionMessages: 5 } })
    for (const payload of numbers(1, 8)) await whole.alice.publish('t', payload, { qos: 1 })
    expect(whole.drops).toEqual(
      numbers(6, 8).map((payload) => ({ clientId: 'bob', topic: 't', payload, reason: 'log-full' })),
    )
    const back = await bob(whole)
    expect(await payloadsOf(back)).toEqual(numbers(1, 5))
    await whole.alice.publish('t', '9', { qos: 1 })
    expect((await payloadsOf(back)).at(-1)).toBe('9')
    expect(whole.drops).toHaveLength(3)
  })

  it('is kept as many bytes as its log holds', async () => {
    const whole = await away({ backend, memory: { sessionBytes: 5_000 } })
    for (let i = 0; i < 10; i++) await whole.alice.publish('t', String(i).padEnd(1_000), { qos: 1 })
    expect(whole.drops).toHaveLength(6)
    expect(whole.memory.stats.messageBytes).toBeLessThanOrEqual(5_000)
    expect(await payloadsOf(await bob(whole))).toHaveLength(4)
  })

  it('is kept nothing any more when its time is over, and its memory is given back', async () => {
    const whole = await away({ backend })
    for (const payload of numbers(1, 100)) await whole.alice.publish('t', payload, { qos: 1 })
    expect(whole.memory.stats).toMatchObject({ sessions: 2, expiring: 1, messages: 100, subscriptions: 1 })
    await whole.clock.leap(8 * 86_400_000)
    await whole.clock.advance(2_000)
    expect(whole.memory.stats).toMatchObject({ sessions: 1, expiring: 0, messages: 0, subscriptions: 0 })
  })

  it('[MQTT-3.1.2-6] is kept nothing any more once a clean session took its place', async () => {
    const whole = await away({ backend })
    await whole.alice.publish('t', 'lost', { qos: 1 })
    const clean = await whole.client({ clientId: 'bob', clean: true })
    expect(await payloadsOf(clean)).toEqual([])
    await clean.disconnect()
    const back = await bob(whole)
    await whole.alice.publish('t', 'not subscribed', { qos: 1 })
    expect(await payloadsOf(back)).toEqual([])
    expect(whole.memory.stats.messages).toBe(0)
  })

  it('is one of many that share the message’s bytes', async () => {
    const whole = await defaultStack({ backend })
    for (let i = 0; i < 20; i++) {
      const one = await whole.client({ clientId: `away ${i}`, clean: false })
      await one.subscribe('t', { qos: 1 })
      await one.drop()
    }
    const alice = await whole.client()
    await alice.publish('t', 'for all', { qos: 2 })
    for (let i = 0; i < 20; i++) {
      const one = await whole.client({ clientId: `away ${i}`, clean: false })
      expect(await one.message()).toMatchObject({ payload: 'for all', qos: 1, dup: false })
    }
  })
})
