/** What waits for clients whose sessions end with their connection is counted. */
import type { Context, MiddlewareLike } from '@mqtt-stack/core'
import { settle } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { broker5 } from '../../../test/rig/broker.ts'
import { messagesOf } from '../../../test/rig/bytes.ts'

const at = (remote: string) => ({ listener: { transport: 'memory', local: true, remote } })

describe('a queue', () => {
  it('takes what its client’s account has room for: the rest is dropped for it, and told', async () => {
    const dropped: string[] = []
    const told: MiddlewareLike = {
      name: 'Told',
      messageDropped: ({ clientId, reason }: Context<'messageDropped'>) =>
        void dropped.push(`${clientId} ${reason}`),
    }
    const { client, broker, memory } = broker5({
      stack: { memoryCeiling: 100_000 },
      use: [told],
      outboundManager: { inflight: 1 },
    })
    const { ledger } = broker.stack
    const slow = await client({ clientId: 'slow', autoAck: false, ...at('192.0.2.1:1') })
    const fast = await client({ clientId: 'fast', ...at('192.0.2.2:1') })
    for (const one of [slow, fast]) await one.subscribe('t', { qos: 1 })
    const publisher = await client({ clientId: 'publisher', ...at('192.0.2.3:1') })
    for (let i = 0; i < 20; i++) await publisher.publish('t', String(i).padEnd(10_000), { qos: 1 })
    expect(dropped.length).toBeGreaterThan(10)
    expect(new Set(dropped)).toEqual(new Set(['slow memory-full']))
    expect(ledger.held).toBeLessThanOrEqual(ledger.ceiling)
    expect(messagesOf(fast)).toHaveLength(20)
    for (const one of [slow, fast, publisher]) one.stream.destroy()
    await settle()
    expect([ledger.held, ledger.owners, memory.stats.sessions]).toEqual([0, 0, 0])
  })
})
