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

  it('has the wills of its clients published once, those of stored sessions when they are due', async () => {
    const service = new TestService()
    const [a, b] = [await service.join('a'), await service.join('b'), await service.join('c')]
    const heir = await b.client({ clientId: 'heir' })
    await heir.subscribe('will/+', { qos: 2 })
    for (const [clientId, delay, expiry] of [
      ['brief', 0, 0],
      ['soon', 0, 3_000],
      ['later', 600, 3_000],
      ['away', 600, 3_000],
    ] as const) {
      const will = {
        topic: `will/${clientId}`,
        payload: Buffer.from(clientId),
        qos: 1,
        retain: false,
      } as const
      const client = await a.client({
        clientId,
        protocolVersion: 5,
        clean: false,
        properties: { sessionExpiryInterval: expiry },
        will: { ...will, properties: { willDelayInterval: delay } },
      })
      if (clientId === 'away') await client.drop()
    }
    await service.clock.advance(300_000)
    service.store.kill('a')
    const seen = async (ms: number): Promise<string[]> => {
      await service.clock.advance(ms)
      return heir.received
        .flatMap((packet) => (packet.cmd === 'publish' ? [packet.payload.toString()] : []))
        .sort()
    }
    expect(await seen(ADOPTED)).toEqual(['brief', 'soon'])
    expect(await seen(300_000)).toEqual(['away', 'brief', 'soon'])
    expect(await seen(400_000)).toEqual(['away', 'brief', 'later', 'soon'])
    expect(service.store.left.names).toBe(4)
  })

  it('has its sessions end when their time is over, told once', async () => {
    const service = new TestService()
    const nodes = [await service.join('a'), await service.join('b'), await service.join('c')]
    const bob = await nodes[0].client({ ...STORED, clientId: 'bob' })
    await bob.subscribe('t/#', { qos: 2 })
    await bob.drop()
    await service.clock.advance(10_000)
    service.store.kill('a')
    await service.clock.advance(ADOPTED)
    expect(nodes.slice(1).flatMap(({ events }) => events)).toEqual([])
    await service.clock.advance(3_000_000)
    expect(nodes.slice(1).flatMap(({ events }) => events)).toEqual(['ended bob (expired)'])
    expect(service.store.left.names).toBe(0)
  })

  it('leaves a message of many sessions as one, and nothing of sessions that ended with their connection', async () => {
    const service = new TestService()
    const [a, b] = [await service.join('a'), await service.join('b')]
    const many = 50
    for (let i = 0; i < many; i++) {
      const away = await a.client({ ...STORED, clientId: `away-${i}` })
      await away.subscribe('t', { qos: 1 })
      await away.disconnect({ reasonCode: 0 })
      await a.client({ clientId: `brief-${i}` })
    }
    const sender = await b.client({ clientId: 'sender' })
    await sender.publish('t', 'x', { qos: 1 })
    await service.clock.advance(1_000)
    const before = service.store.left.parts
    service.store.kill('a')
    await service.clock.advance(ADOPTED)
    const { parts, names } = service.store.left
    // Each has a record, a subscription and an entry; the message is there once.
    expect(parts.b.keys - before.b.keys).toBe(3 * many + 1)
    expect(names).toBe(many + 1)
    for (const at of [0, many - 1]) {
      const back = await b.client({ ...STORED, clientId: `away-${at}` })
      expect((await back.message()).payload).toBe('x')
    }
  })

  it('leaves messages of a shared subscription to its members, each to one', async () => {
    const service = new TestService()
    const [a, b, c] = [await service.join('a'), await service.join('b'), await service.join('c')]
    const clients = [
      await a.client({ ...STORED, clientId: 'w0' }),
      await b.client({ ...STORED, clientId: 'w1' }),
    ]
    for (const client of clients) await client.subscribe('$share/g/t', { qos: 2 })
    const sender = await c.client({ clientId: 'sender' })
    service.store.hang('a')
    for (let i = 1; i <= 20; i++) {
      await sender.publish('t', `sender ${i}`, { qos: 2 })
    }
    service.store.kill('a')
    await service.clock.advance(ADOPTED)
    const back = await c.client({ ...STORED, clientId: 'w0' })
    await service.clock.advance(1_000)
    const device = new Device()
    for (const client of [...clients, back]) device.read(client)
    expect(device.of('sender').sort((one, other) => one - other)).toEqual(upTo(20))
  })
})
