/** The filters of one packet wait for the other nodes, and for the store, at once. */
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'
import { KIND } from '../disk/keys.ts'
import { decodeEntry } from './entry.ts'

const LAG = 50
const FILTERS = Array.from({ length: 50 }, (_, i) => `room/${i}`)
const STORED = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 300 } } as const

/** Counts the batches from now on that a node writes with a key of this kind. */
function countCommits(service: TestService, node: string, kind: number): () => number {
  const store = service.storeOf(node)
  const write = store.write.bind(store)
  let commits = 0
  store.write = (batch) => {
    // Its place in the inbox is written too.
    if (batch.some(({ key }) => key[0] === kind)) commits++
    return write(batch)
  }
  return () => commits
}

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

describe('a stored session', () => {
  it('has the filters of a packet in one commit, and those that it gives up', async () => {
    const { service, one, two } = await scene()
    const reader = await one.client({ ...STORED, clientId: 'reader' })
    await service.clock.advance(1_000)
    const commits = countCommits(service, 'one', KIND.subscription)
    const all = (qos: 1 | 2) => FILTERS.map((topic) => ({ topic, qos, rh: 2 as const }))
    expect(await reader.subscribe(all(1))).toMatchObject({ granted: FILTERS.map(() => 1) })
    expect(commits()).toBe(1)
    expect(await reader.subscribe(all(2))).toMatchObject({ granted: FILTERS.map(() => 2) })
    expect(commits()).toBe(2)
    const { granted: ended } = await reader.unsubscribe(['never', ...FILTERS.slice(1), FILTERS[1]])
    expect(ended).toEqual([0x11, ...FILTERS.slice(1).map(() => 0), 0x11])
    // The filter that stands twice is answered behind itself.
    expect(commits()).toBe(4)
    const sender = await two.client({ clientId: 'sender', protocolVersion: 5 })
    expect(await sender.publish(FILTERS[1], 'x', { qos: 1 })).toMatchObject({ reasonCode: 0x10 })
    await sender.publish(FILTERS[0], 'x', { qos: 2 })
    expect(await reader.message()).toMatchObject({ topic: FILTERS[0], qos: 2 })
  })

  it.each([0, 3])(
    'has what is due of retained messages in one commit before SUBACK, and gives it up in few, where %i topics have one',
    async (retained) => {
      const { service, one, two } = await scene()
      const sender = await two.client({ clientId: 'sender' })
      for (let i = 0; i < retained; i++) await sender.publish(`room/${i}`, `${i}`, { qos: 1, retain: true })
      const reader = await one.client({ ...STORED, clientId: 'reader' })
      await service.clock.advance(1_000)
      const commits = countCommits(service, 'one', KIND.due)
      reader.send(subscribeTo(FILTERS))
      expect(await reader.next('suback')).toMatchObject({ granted: FILTERS.map(() => 1) })
      expect(commits()).toBe(1)
      await service.clock.advance(1_000)
      for (let i = 0; i < retained; i++) expect(await reader.message()).toMatchObject({ payload: `${i}` })
      expect(commits()).toBeLessThanOrEqual(2 + 2 * retained)
      service.store.kill('one')
      await service.clock.advance(22_000)
      const back = await two.client({ ...STORED, clientId: 'reader' })
      await service.clock.advance(1_000)
      await back.expectNothing('publish')
    },
  )

  it('comes to another node with all its filters in a few commits, and goes in a few', async () => {
    const { service, one, two } = await scene()
    const reader = await one.client({ ...STORED, clientId: 'reader' })
    for (let i = 0; i < 10; i++)
      await reader.subscribe(
        FILTERS.map((filter) => `${i}/${filter}`),
        { qos: 1 },
      )
    await service.clock.advance(1_000)
    const [here, there] = [service.countWrites('one'), service.countWrites('two')]
    const back = await two.client({ ...STORED, clientId: 'reader' })
    const sender = await one.client({ clientId: 'sender' })
    await sender.publish('9/room/49', 'x', { qos: 1 })
    expect(await back.message()).toMatchObject({ topic: '9/room/49' })
    expect(here()).toBeLessThan(10)
    expect(there()).toBeLessThan(10)
  })

  it('whose filters cannot be committed has none of them, and those that it had are as they were', async () => {
    const { service, one, two } = await scene()
    const reader = await one.client({ ...STORED, clientId: 'reader' })
    await reader.subscribe('room/0', { qos: 0 })
    await service.clock.advance(1_000)
    service.store.lose('one', 'write', 'failed')
    const { granted } = await reader.subscribe(['room/0', 'room/1', '$share/g/room/2'], { qos: 1 })
    expect(granted).toEqual([0x80, 0x80, 0x80])
    await service.clock.advance(1_000)
    expect(one.backend.stats.subscriptions).toBe(1)
    const sender = await two.client({ clientId: 'sender', protocolVersion: 5 })
    for (const topic of ['room/1', 'room/2'])
      expect(await sender.publish(topic, 'x', { qos: 1 })).toMatchObject({ reasonCode: 0x10 })
    await sender.publish('room/0', 'x', { qos: 1 })
    expect(await reader.message()).toMatchObject({ topic: 'room/0', qos: 0 })
    service.store.kill('one')
    await service.clock.advance(22_000)
    const back = await two.client({ ...STORED, clientId: 'reader' })
    expect(await back.unsubscribe(['room/0', 'room/1', '$share/g/room/2'])).toMatchObject({
      granted: [0, 0x11, 0x11],
    })
  })
})
