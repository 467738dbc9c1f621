/** Retained messages whose time is over, the bound on all of them, and what a look-up may take. */
import { Publish } from '@mqtt-stack/core'
import { testStack, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { MemoryBackend } from './memory-backend.ts'

/** Publishes retained messages at QoS 1; answers the reason codes. */
async function retain(test: Broker5, topics: string[], messageExpiryInterval?: number, payload = 'x') {
  const client = await test.client()
  const codes: (number | undefined)[] = []
  for (const topic of topics) {
    const properties = messageExpiryInterval === undefined ? {} : { messageExpiryInterval }
    const ack = await client.publish(topic, payload, { qos: 1, retain: true, properties })
    codes.push(ack?.cmd === 'puback' ? ack.reasonCode : undefined)
  }
  return codes
}

describe('retained messages whose time is over', () => {
  it('make room at once', async () => {
    const test = broker5({ backend: { retainedMessages: 2 } })
    await retain(test, ['a', 'b'], 1)
    expect(await retain(test, ['c'])).toEqual([0x97])
    test.clock.leap(1_500)
    await test.seconds(0.5)
    expect(await retain(test, ['c', 'd'])).toEqual([0x10, 0x10])
    expect(test.memory.stats.retained).toBe(2)
  })

  it('are swept, and given back to the ledger', async () => {
    const test = broker5()
    const { ledger } = test.broker.stack
    await retain(test, ['a', 'b', 'c'], 5)
    expect(test.memory.stats.retained).toBe(3)
    await test.seconds(7)
    expect(test.memory.stats.retained).toBe(0)
    for (const client of test.broker.stack.clients) client.close()
    await test.seconds(1)
    expect(ledger.held).toBe(0)
  })
})

describe('retained messages together', () => {
  it('have a bound in bytes: what passes it is refused with 0x97 and told', async () => {
    const told: string[] = []
    const test = broker5({
      backend: { retainedTotal: 10_000 },
      use: [{ name: 'Watcher', messageDropped: ({ reason }: { reason: string }) => void told.push(reason) }],
    })
    const big = 'x'.repeat(4_000)
    expect(await retain(test, ['a', 'b', 'c'], undefined, big)).toEqual([0x10, 0x10, 0x97])
    expect(told).toEqual(['retained-full'])
    expect(await retain(test, ['a'], undefined, '')).toEqual([0x10])
    expect(await retain(test, ['c'], undefined, big)).toEqual([0x10])
  })
})

describe('a look-up that finds little among many', () => {
  it('gives others their turn', async () => {
    const clock = new VirtualClock()
    const backend = new MemoryBackend()
    const { stack } = await testStack({ use: [backend], clock })
    for (let i = 0; i < 20_000; i++) {
      const packet = Publish.from({ topic: `${i}/x`, payload: 'x', retain: true })
      const ctx = {
        client: undefined,
        publisher: undefined,
        topic: packet.topic,
        packet,
        messageId: i,
        expiresAt: 0,
      }
      stack.execute('storeRetainedMessage', ctx as never)
    }
    // A look at the clock costs a millisecond here: after a few of them it is the others' turn.
    let now = 0
    clock.now = () => now++
    let turns = 0
    let answered = false
    const page: never[] = []
    const later = stack.run('lookupRetainedMessages', { topic: '+/z' }, page)
    expect(later).toBeInstanceOf(Promise)
    const over = Promise.resolve(later).then(() => {
      answered = true
    })
    while (!answered) {
      turns++
      await new Promise((resolve) => setImmediate(resolve))
    }
    await over
    expect(page).toEqual([])
    expect(turns).toBeGreaterThan(5)
  })
})
