/** Everything that can go wrong between nodes and store, at random: every message is accounted for. */
import { describe, expect, it } from 'vitest'
import { upTo } from '../../../../../test/rig/counting.ts'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'
import { randomOf } from '../../../../../test/rig/random.ts'
import { Steady } from '../../../../../test/rig/steady.ts'

const NAMES = ['one', 'two', 'three']
/** What a session misses while it is moved has room in its log. */
const ROOM = { shared: { sessionMessages: 10_000 } }

/** What trouble is made in. */
interface Scene {
  readonly service: TestService
  readonly nodes: TestNode[]
  readonly clients: readonly Steady[]
  readonly random: () => number
}

/** Of one of the nodes. */
type Trouble = (scene: Scene, at: number) => Promise<void>

/** What goes wrong, and how often. */
const TROUBLES: Record<string, [rounds: number, trouble: Trouble]> = {
  'answers that are lost, and asked for again': [
    10,
    async ({ service, random }, at) =>
      service.store.lose(NAMES[at], random() < 0.5 ? 'write' : 'send', 'retried'),
  ],
  'answers that are lost for good': [
    10,
    async ({ service, random }, at) =>
      service.store.lose(NAMES[at], random() < 0.5 ? 'write' : 'send', 'failed'),
  ],
  'nodes that hang for a while': [
    6,
    async ({ service: { store, clock }, random }, at) => {
      store.hang(NAMES[at])
      await clock.advance(random() * 3_000)
      store.heal(NAMES[at])
    },
  ],
  'nodes that are cut off for a while': [
    6,
    async ({ service: { store, clock }, random }, at) => {
      store.cut(NAMES[at])
      await clock.advance(random() * 5_000)
      store.heal(NAMES[at])
    },
  ],
  'nodes that are cut off until others have claimed what they have': [
    3,
    async ({ service: { store, clock } }, at) => {
      store.cut(NAMES[at])
      await clock.advance(3 * store.lease)
      store.heal(NAMES[at])
      await clock.advance(2 * store.lease)
    },
  ],
  'nodes that are killed, and begin again': [
    3,
    async ({ service, nodes, clients, random }, at) => {
      const [node] = nodes.splice(at, 1)
      service.store.kill(NAMES[at], random() < 0.5 ? 'lost' : 'written')
      for (const client of clients) client.leave(node)
      // Sometimes before it is adopted, sometimes behind.
      await service.clock.advance(service.store.lease * (1.1 + 3 * random()))
      const next = service.join(NAMES[at], ROOM)
      await service.clock.advance(2 * service.store.lease)
      nodes.splice(at, 0, await next)
    },
  ],
  'nodes that are killed, and others that lapse while what these have left is taken': [
    2,
    async ({ service, nodes, clients, random }, at) => {
      const { store, clock } = service
      const [node] = nodes.splice(at, 1)
      const other = NAMES[(at + 1 + Math.floor(random() * 2)) % NAMES.length]
      store.lag = [3, 40, 150][Math.floor(random() * 3)]
      store.kill(NAMES[at], 'written')
      for (const client of clients) client.leave(node)
      await clock.advance(store.lease * (0.8 + 2 * random()))
      store.hang(other)
      await clock.advance(store.lease * (0.4 + 1.2 * random()))
      store.heal(other)
      for (let i = 0; i < 20 && NAMES[at] in store.left.parts; i++) await clock.advance(store.lease)
      expect(Object.keys(store.left.parts)).not.toContain(NAMES[at])
      const next = service.join(NAMES[at], ROOM)
      await clock.advance(3 * store.lease)
      nodes.splice(at, 0, await next)
      store.lag = 3
    },
  ],
}

describe('with QoS 2, stored sessions and', () => {
  const cases = Object.entries(TROUBLES).flatMap(([name, [rounds, trouble]]) =>
    [1, 2].map((seed) => [name, seed, rounds, trouble] as const),
  )
  it.each(cases)('%s (seed %i) every message comes once, in order', async (_, seed, rounds, trouble) => {
    const service = new TestService()
    const random = randomOf(seed)
    const nodes: TestNode[] = []
    for (const name of NAMES) nodes.push(await service.join(name, ROOM))
    service.store.lag = 3
    const steady = (clientId: string, what: { topic?: string; filter?: string }) =>
      new Steady(clientId, () => nodes, { ...what, random }).start(service.clock)
    const readers = ['a', 'b', 'c'].map((name) => steady(name, { filter: 't/#' }))
    await service.clock.advance(2_000)
    expect(readers.map(({ isReady }) => isReady)).toEqual([true, true, true])
    const senders = ['p', 'q', 'r'].map((name) => steady(name, { topic: `t/${name}` }))
    const scene = { service, nodes, clients: [...readers, ...senders], random }
    for (let i = 0; i < rounds; i++) {
      await service.clock.advance(500)
      await trouble(scene, Math.floor(random() * NAMES.length))
    }
    for (const sender of senders) sender.stopPublishing()
    for (let i = 0; i < 60 && !senders.every(({ isIdle }) => isIdle); i++) await service.clock.advance(1_000)
    await service.clock.advance(20_000)
    for (const sender of senders) {
      expect(sender).toMatchObject({ isIdle: true, lost: 0 })
      expect(sender.last).toBeGreaterThan(5)
      for (const reader of readers) {
        const found = reader.device.of(sender.clientId)
        expect(found, `${reader.clientId} of ${sender.clientId}`).toEqual(upTo(sender.last))
        expect(reader.lost).toBe(0)
      }
    }
  })
})
