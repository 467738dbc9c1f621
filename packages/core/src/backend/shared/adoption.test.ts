/** What a node leaves that dies comes to those who live, while publishers on them go on. */
import { describe, expect, it } from 'vitest'
import { Counting, Device, upTo } from '../../../../../test/rig/counting.ts'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'

const STORED = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 3_000 } } as const
/** Time for a lease to end, to be seen as ended, and for what is left to be taken. */
const ADOPTED = 20_000

/** A publisher on each node, to a topic of its own below `t`, that rests between two messages. */
async function publishers(service: TestService, nodes: readonly TestNode[]): Promise<Counting[]> {
  return Promise.all(
    nodes.map(async (node, i) => {
      const client = await node.client({ clientId: `p${i}` })
      return new Counting(client, `t/${i}`, 2, { clock: service.clock, ms: 100 }).start()
    }),
  )
}

async function stopAll(service: TestService, counting: readonly Counting[]): Promise<void> {
  const stopped = counting.map((one) => one.stop())
  await service.clock.advance(1_000)
  await Promise.all(stopped)
}

describe('a node that is killed', () => {
  it('leaves its stored sessions to another one: every message once, in order, whoever published it', async () => {
    const service = new TestService()
    const [a, b, c] = [await service.join('a'), await service.join('b'), await service.join('c')]
    const device = new Device()
    const bob = await a.client({ ...STORED, clientId: 'bob' })
    await bob.subscribe('t/#', { qos: 2 })
    const counting = await publishers(service, [b, c])
    await service.clock.advance(1_000)
    service.store.kill('a')
    await service.clock.advance(ADOPTED)
    device.read(bob)
    const back = c.open({ clientId: 'bob', protocolVersion: 5 })
    expect(await back.connect({ ...STORED })).toMatchObject({ reasonCode: 0, sessionPresent: true })
    await service.clock.advance(1_000)
    await stopAll(service, counting)
    await service.settle()
    device.read(back)
    for (const [i, { last }] of counting.entries()) {
      expect(last).toBeGreaterThan(100)
      expect(device.of(`p${i}`)).toEqual(upTo(last))
    }
    expect(Object.keys(service.store.left.parts)).toEqual(['b', 'c'])
  })
})
