/** Members of a shared group who cannot take a message: another gets it. */
import type { BrokerOptions } from '@mqtt-stack/broker'
import type { Context, MiddlewareLike } from '@mqtt-stack/core'
import type { ConnectOptions, OpenOptions, TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'

type Given = ConnectOptions & OpenOptions

interface Group extends Broker5 {
  /** `client reason` of each message that was dropped. */
  drops: string[]
  /** Who shares `a`, at QoS 2, in the group `g`. */
  member(clientId: string, options?: Given): Promise<TestClient>
  publish(qos: 0 | 1 | 2, count: number, size?: number): Promise<void>
}

async function group(options: BrokerOptions = {}): Promise<Group> {
  const drops: string[] = []
  const watcher: MiddlewareLike = {
    name: 'Watcher',
    messageDropped: ({ clientId, reason }: Context<'messageDropped'>) =>
      void drops.push(`${clientId} ${reason}`),
  }
  const test = broker5({ ...options, use: [watcher] })
  const publisher = await test.client({ clientId: 'publisher' })
  let sent = 0
  return {
    ...test,
    drops,
    member: async (clientId, given) => {
      const client = await test.client({ clientId, ...given })
      await client.subscribe('$share/g/a', { qos: 2 })
      return client
    },
    publish: async (qos, count, size = 0) => {
      for (let i = 0; i < count; i++) await publisher.publish('a', String(sent++).padEnd(size), { qos })
      await test.seconds(0)
    },
  }
}

const lasting = (more: Given = {}): Given => ({
  clean: false,
  ...more,
  properties: { sessionExpiryInterval: 60, ...more.properties },
})

const countOf = ({ received }: TestClient): number => received.filter(({ cmd }) => cmd === 'publish').length

describe('a message of a shared subscription', () => {
  it.each([1, 2] as const)(
    'goes to the next when the queue of the chosen one is full, QoS %i',
    async (qos) => {
      const { member, publish, drops } = await group({ outboundManager: { inflight: 10, queueMessages: 20 } })
      const hung = await member('hung', { autoAck: false })
      const idle = await member('idle')
      await publish(qos, 100)
      expect(drops).toEqual([])
      expect([countOf(hung), countOf(idle)]).toEqual([10, 70])
    },
  )

  it.each([1, 2] as const)('goes to the next when the log of the chosen one is full, QoS %i', async (qos) => {
    const { member, publish, drops } = await group({ backend: { sessionMessages: 30 } })
    const hung = await member('hung', lasting({ autoAck: false }))
    const idle = await member('idle', lasting())
    await publish(qos, 100)
    expect(drops).toEqual([])
    expect([countOf(hung), countOf(idle)]).toEqual([30, 70])
  })

  it.each([0, 1, 2] as const)(
    'goes to the next when it is too large for the chosen one, QoS %i',
    async (qos) => {
      const { member, publish, drops } = await group()
      const small = await member('small', { properties: { maximumPacketSize: 100 } })
      const large = await member('large')
      await publish(qos, 10, 200)
      expect(drops).toEqual([])
      expect([countOf(small), countOf(large)]).toEqual([0, 10])
      await publish(qos, 10)
      expect([countOf(small), countOf(large)]).toEqual([5, 15])
    },
  )

  it.each([0, 1, 2] as const)('goes to those who read what they are sent, QoS %i', async (qos) => {
    const { member, publish, drops, seconds } = await group({ stack: { highWater: 8_192 } })
    const frozen = await member('frozen')
    const reader = await member('reader')
    frozen.freeze()
    await publish(qos, 200, 1_024)
    expect(drops).toEqual([])
    expect(countOf(reader)).toBeGreaterThan(150)
    frozen.thaw()
    await seconds(0)
    expect(countOf(frozen) + countOf(reader)).toBe(200)
  })

  it('is dropped and told once when nobody can take it', async () => {
    const { member, publish, drops } = await group({ outboundManager: { inflight: 1, queueMessages: 1 } })
    for (const clientId of ['one', 'two', 'three']) await member(clientId, { autoAck: false })
    await publish(1, 7)
    expect(drops).toEqual([expect.stringMatching(/^(one|two|three) queue-full$/)])
  })

  it('goes to the next as well when it was left behind', async () => {
    const { member, publish, drops } = await group({ outboundManager: { inflight: 5, queueMessages: 5 } })
    const leaver = await member('leaver', { autoAck: false })
    await publish(1, 10)
    await member('hung', { autoAck: false })
    await publish(1, 10)
    const idle = await member('idle')
    await leaver.drop()
    await publish(1, 0)
    expect(drops).toEqual([])
    expect(countOf(idle)).toBe(10)
  })
})
