/** A session that moves while messages to very many are given out in pieces. */
import { describe, expect, it } from 'vitest'
import { Counting, Device, upTo } from '../../../../../test/rig/counting.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'

const STORED = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 3_000 } } as const
/** From so many on a message is given in pieces. */
const WIDE = 2_001

describe.each(['a', 'b'] as const)('where very many have subscribed at node %s', (crowded) => {
  it('a session that comes and goes has each message once, in order', { timeout: 60_000 }, async () => {
    const service = new TestService()
    const nodes = { a: await service.join('a'), b: await service.join('b') }
    for (let i = 0; i < WIDE; i++) {
      const one = await nodes[crowded].client({ clientId: `many-${i}` })
      await one.subscribe('t/#')
    }
    const device = new Device()
    let bob = await nodes.a.client({ ...STORED, clientId: 'bob' })
    await bob.subscribe('t/#', { qos: 2 })
    const counting: Counting[] = []
    for (const name of ['a', 'b'] as const)
      for (const i of [1, 2]) {
        const sender = await nodes[name].client({ clientId: `p${name}${i}` })
        counting.push(new Counting(sender, `t/${name}`, 2).start())
      }
    for (const name of ['b', 'a', 'b', 'a'] as const) {
      const goals = counting.map(({ last }) => last + 2)
      while (counting.some(({ last }, i) => last < goals[i])) await new Promise(setImmediate)
      const next = nodes[name].open({ clientId: 'bob', protocolVersion: 5 })
      expect(await next.connect({ ...STORED })).toMatchObject({ reasonCode: 0, sessionPresent: true })
      device.read(bob)
      bob = next
    }
    const lasts = await Promise.all(counting.map((one) => one.stop()))
    await service.settle()
    device.read(bob)
    for (const [i, name] of ['pa1', 'pa2', 'pb1', 'pb2'].entries())
      expect(device.of(name)).toEqual(upTo(lasts[i]))
  })
})
