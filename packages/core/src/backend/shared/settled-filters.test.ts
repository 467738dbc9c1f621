/** The filters of one packet wait for the other nodes at once. */
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'
import { decodeEntry } from './entry.ts'

const LAG = 50
const FILTERS = Array.from({ length: 50 }, (_, i) => `room/${i}`)
const STORED = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 300 } } as const

/** Two nodes, and how many marks the second has sent since. */
async function scene(): Promise<{ service: TestService; one: TestNode; two: TestNode; marks: () => number }> {
  const service = new TestService()
  const [one, two] = [await service.join('one'), await service.join('two')]
  let marks = 0
  service.onSend('two', (entry) => {
    marks += decodeEntry(entry).frames.filter(({ kind }) => kind === 'mark').length
  })
  return { service, one, two, marks: () => marks }
}

function subscribeTo(topics: readonly string[]) {
  const subscriptions = topics.map((topic) => ({ topic, qos: 1 as const }))
  return { cmd: 'subscribe', messageId: 7, subscriptions } as const
}

async function msUntilSuback(service: TestService, client: TestClient): Promise<number> {
  let ms = 0
  while (client.received.every(({ cmd }) => cmd !== 'suback')) {
    await service.clock.advance(10)
    ms += 10
    if (ms > 10_000) throw new Error('no SUBACK comes')
  }
  return ms
}

describe('a SUBSCRIBE of 50 filters', () => {
  it('costs one mark of another node, and one wait', async () => {
    const { service, one, two, marks } = await scene()
    const alone = await one.client({ clientId: 'alone' })
    const reader = await one.client({ clientId: 'reader' })
    service.store.lag = LAG
    const before = marks()
    alone.send(subscribeTo(['other']))
    const ms = await msUntilSuback(service, alone)
    expect(marks() - before).toBe(1)
    reader.send(subscribeTo(FILTERS))
    // An entry may have to wait for the one before it: one after another they would take 50 times as long.
    expect(await msUntilSuback(service, reader)).toBeLessThan(3 * ms)
    expect(marks() - before).toBe(2)
    expect(await reader.next('suback')).toMatchObject({ granted: FILTERS.map(() => 1) })
    service.store.lag = 0
    const sender = await two.client({ clientId: 'sender' })
    for (const topic of ['room/0', 'room/49']) {
      await sender.publish(topic, 'x', { qos: 1 })
      expect(await reader.message()).toMatchObject({ topic, payload: 'x' })
    }
  })

  it('waits for a node that stands still, and is granted when that goes on', async () => {
    const { service, one, two } = await scene()
    const reader = await one.client({ ...STORED, clientId: 'reader' })
    service.store.hang('two')
    reader.send(subscribeTo(FILTERS.slice(0, 3)))
    await service.clock.advance(5_000)
    await reader.expectNothing('suback')
    service.store.heal('two')
    expect(await reader.next('suback')).toMatchObject({ granted: [1, 1, 1] })
    const sender = await two.client({ clientId: 'sender' })
    await sender.publish('room/1', 'x', { qos: 1 })
    expect(await reader.message()).toMatchObject({ payload: 'x' })
  })

  it('that has a filter twice grants it twice, and keeps the last', async () => {
    const { one, two } = await scene()
    const reader = await one.client({ ...STORED, clientId: 'reader' })
    const subscriptions = [0, 1].map((qos) => ({ topic: 'a', qos: qos as 0 | 1 }))
    reader.send({ cmd: 'subscribe', messageId: 7, subscriptions })
    expect(await reader.next('suback')).toMatchObject({ granted: [0, 1] })
    const sender = await two.client({ clientId: 'sender' })
    await sender.publish('a', 'x', { qos: 1 })
    expect(await reader.message()).toMatchObject({ payload: 'x', qos: 1 })
  })
})
