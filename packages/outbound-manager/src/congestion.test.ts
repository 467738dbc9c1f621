/** Receivers that do not read: what becomes of their messages, and that nobody else notices. */
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'

const KIB = 'x'.repeat(1_024)
/** 1 KiB that begins with its number. */
const numbered = (i: number): string => `${i} ${KIB}`
const numbersOf = (client: TestClient): number[] =>
  client.received.flatMap((packet) =>
    packet.cmd === 'publish' ? [Number.parseInt(packet.payload.toString(), 10)] : [],
  )
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

describe.each(BACKENDS)('a client that does not read, on a backend %s', (_name, backend) => {
  const options = { highWater: 32_768 }

  it('loses QoS 0 above four times the high-water mark, which is told; the other 99 lose nothing', async () => {
    const { client, drops, settle } = await defaultStack({ backend, stack: { highWater: 8_192 } })
    const readers = await Promise.all(upTo(99).map(() => client()))
    const frozen = await client({ clientId: 'frozen' })
    for (const one of [...readers, frozen]) await one.subscribe('t')
    frozen.freeze()
    const alice = await client()
    for (const i of upTo(60)) await alice.publish('t', numbered(i))
    for (const reader of readers) expect(numbersOf(reader)).toEqual(upTo(60))

    const lost = drops.map(({ payload }) => Number.parseInt(payload, 10))
    expect(drops.every(({ clientId, reason }) => clientId === 'frozen' && reason === 'outbox-full')).toBe(
      true,
    )
    expect(lost.length).toBeGreaterThan(20)
    frozen.thaw()
    await settle()
    // Each was either delivered or told as dropped, and what was delivered is in order.
    expect(numbersOf(frozen)).toEqual(upTo(60).filter((i) => !lost.includes(i)))
    await alice.publish('t', numbered(60))
    expect(numbersOf(frozen).at(-1)).toBe(60)
  })

  it('loses no QoS 0 below that: of one large write nobody sees how much it has taken', async () => {
    const { client, drops, settle } = await defaultStack({ backend, stack: options })
    const slow = await client()
    await slow.subscribe('t')
    slow.freeze()
    const alice = await client()
    // Twice the high-water mark and more.
    for (const i of upTo(100)) await alice.publish('t', numbered(i))
    expect(drops).toEqual([])
    slow.thaw()
    await settle()
    expect(numbersOf(slow)).toEqual(upTo(100))
  })

  it('gets QoS 1 and 2 later, all and in order, whether or not its session outlives the connection', async () => {
    for (const clean of [true, false]) {
      const { client, drops, settle } = await defaultStack({ backend, stack: options })
      const frozen = await client({ clean })
      const reader = await client()
      for (const one of [frozen, reader]) await one.subscribe('t', { qos: 2 })
      frozen.freeze()
      const alice = await client()
      for (const i of upTo(150)) await alice.publish('t', numbered(i), { qos: i % 2 === 0 ? 1 : 2 })
      expect(numbersOf(reader)).toEqual(upTo(150))
      frozen.thaw()
      await settle()
      expect(numbersOf(frozen)).toEqual(upTo(150))
      expect(drops).toEqual([])
    }
  })

  it('keeps no more than the bound of its queue, or of its log; further ones are dropped and told', async () => {
    for (const clean of [true, false]) {
      const outbound = { queueMessages: 20, inflight: 10 }
      const memory = { sessionMessages: 30 }
      const { client, drops, settle } = await defaultStack({
        backend,
        stack: options,
        outboundManager: outbound,
        memory,
      })
      const frozen = await client({ clean, clientId: 'frozen', autoAck: false })
      await frozen.subscribe('t', { qos: 1 })
      const alice = await client()
      for (const i of upTo(40)) await alice.publish('t', numbered(i), { qos: 1 })
      const reason = clean ? 'queue-full' : 'log-full'
      expect(
        drops.map(({ payload, ...drop }) => ({ ...drop, number: Number.parseInt(payload, 10) })),
      ).toEqual(upTo(10).map((i) => ({ clientId: 'frozen', topic: 't', reason, number: i + 30 })))
      frozen.autoAck = true
      for (const messageId of upTo(10)) frozen.send({ cmd: 'puback', messageId: messageId + 1 })
      await settle()
      expect(numbersOf(frozen)).toEqual(upTo(30))
      // There is room again.
      await alice.publish('t', numbered(30), { qos: 1 })
      expect(numbersOf(frozen).at(-1)).toBe(30)
    }
  })

  it('is closed when it takes nothing for the drain timeout; its session keeps the messages', async () => {
    const { client, clock, settle } = await defaultStack({
      backend,
      stack: { ...options, drainTimeout: 5_000 },
    })
    const frozen = await client({ clean: false, clientId: 'frozen' })
    await frozen.subscribe('t', { qos: 1 })
    frozen.freeze()
    const alice = await client()
    for (const i of upTo(100)) await alice.publish('t', numbered(i), { qos: 1 })
    await clock.advance(10_000)
    expect(frozen.stream.destroyed).toBe(true)
    const back = await client({ clean: false, clientId: 'frozen' })
    await settle()
    expect(numbersOf(back)).toEqual(upTo(100))
  })
})
