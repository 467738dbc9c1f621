/** Several clients at once under one identifier, on several nodes: in the end one has it, and nobody else is connected. */
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'
import { Random } from '../../../../../test/rig/quiet/random.ts'

const STORED = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 3_000 } } as const
const CONNECT = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 5, keepalive: 0 } as const
/** Seeds for each lag. */
const SEEDS = 6

function isIn(client: TestClient): boolean {
  const connack = client.received.find(({ cmd }) => cmd === 'connack')
  return connack?.cmd === 'connack' && connack.reasonCode === 0 && !client.stream.destroyed
}

function begin(node: TestNode, clean: boolean, isStored: boolean): TestClient {
  const client = node.open({ clientId: 'bob', protocolVersion: 5 })
  client.send({ ...CONNECT, clientId: 'bob', clean, properties: isStored ? STORED.properties : {} })
  return client
}

describe.each([0, 1, 10, 300, 600, 1_300])(
  'six clients on three nodes, calls to the store taking %i ms',
  (lag) => {
    it('one of them is connected in the end', async () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const random = new Random(seed + lag)
        const service = new TestService()
        const nodes = [await service.join('a'), await service.join('b'), await service.join('c')]
        if (random.chance(0.5)) {
          const first = await nodes[0].client({ ...STORED, clientId: 'bob' })
          await first.subscribe('t/#', { qos: 2 })
          if (random.chance(0.5)) await first.drop()
        }
        service.store.lag = lag
        const spread = random.pick([0, 0, 10, 200, 2_000])
        const clients: TestClient[] = []
        for (let i = 0; i < 6; i++) {
          clients.push(begin(nodes[i % 3], random.chance(0.2), random.chance(0.8)))
          await service.clock.advance(random.below(spread + 1))
        }
        await service.clock.advance(60_000)
        expect({ seed, connected: clients.filter(isIn).length }).toEqual({ seed, connected: 1 })
      }
    })
  },
)

it('a session that ended and was made anew is not taken by who had asked for the one before', async () => {
  const service = new TestService()
  const nodes = { a: await service.join('a'), b: await service.join('b'), c: await service.join('c') }
  // Found by chance: a node asks for a session that ends meanwhile, and another one of that name begins at the same place.
  service.store.lag = 600
  const clients: TestClient[] = []
  for (const [node, isStored, ms] of [
    ['a', false, 976],
    ['b', true, 1_685],
    ['c', false, 908],
    ['a', true, 1_337],
    ['b', true, 537],
    ['c', false, 1_000],
  ] as const) {
    clients.push(begin(nodes[node], false, isStored))
    await service.clock.advance(ms)
  }
  await service.clock.advance(60_000)
  expect(clients.filter(isIn)).toHaveLength(1)
})
