/** Nodes that die, or stand still, while a session is on its way: whenever that is, every message comes once, in order. */
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { Counting, Device } from '../../../../../test/rig/counting.ts'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'

const STORED = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 3_000 } } as const
/** What a call to the store takes, in ms. */
const LAG = 10
/** Time for a lease to end, to be seen as ended, and for what is left to be taken. */
const ADOPTED = 25_000

interface Scene {
  readonly service: TestService
  readonly nodes: Readonly<Record<'a' | 'b' | 'c', TestNode>>
  readonly device: Device
  readonly bob: TestClient
  readonly counting: readonly Counting[]
  /** Stops the publishers, and compares what they published with what bob has. */
  expectAll(last: TestClient): Promise<void>
}

/** Bob, whose session is at a; publishers on the nodes that live. */
async function scene(publishing: readonly ('a' | 'b' | 'c')[]): Promise<Scene> {
  const service = new TestService()
  const shared = { sessionMessages: 10_000 }
  const [a, b, c] = [
    await service.join('a', { shared }),
    await service.join('b', { shared }),
    await service.join('c', { shared }),
  ]
  const nodes = { a, b, c }
  const device = new Device()
  const bob = await nodes.a.client({ ...STORED, clientId: 'bob' })
  await bob.subscribe('t/#', { qos: 2 })
  const counting = await Promise.all(
    publishing.map(async (name) => {
      const client = await nodes[name].client({ clientId: `p${name}` })
      return new Counting(client, `t/${name}`, 2, { clock: service.clock, ms: 35 }).start()
    }),
  )
  service.store.lag = LAG
  await service.clock.advance(300)
  const expectAll = async (last: TestClient): Promise<void> => {
    const stopped = counting.map((one) => one.stop())
    await service.clock.advance(2_000)
    const lasts = await Promise.all(stopped)
    await service.clock.advance(5_000)
    device.read(last)
    for (const [i, name] of publishing.entries()) {
      expect(lasts[i]).toBeGreaterThan(10)
      expect(accountOf(device.of(`p${name}`), lasts[i])).toEqual([])
    }
  }
  return { service, nodes, device, bob, counting, expectAll }
}

/** What is wrong with numbers that are to be 1, 2, … up to the last: nothing is. */
function accountOf(numbers: readonly number[], last: number): string[] {
  const known = new Set(numbers)
  const wrong: string[] = []
  for (let number = 1; number <= last; number++) {
    const from = number
    while (number <= last && !known.has(number)) number++
    if (number > from) wrong.push(`${from} to ${number - 1} missing`)
  }
  for (const [i, number] of numbers.entries()) {
    if (numbers.indexOf(number) < i) wrong.push(`${number} twice`)
    else if (i > 0 && number < numbers[i - 1]) wrong.push(`${number} behind ${numbers[i - 1]}`)
  }
  return wrong
}

/** A client of a stored session connects, again and again where it is refused. */
async function connect(
  { service, device: bobs, bob }: Scene,
  node: TestNode,
  clientId = 'bob',
  device = bobs,
): Promise<TestClient> {
  for (let i = 0; i < 10; i++) {
    const client = begin(node, clientId)
    await service.clock.advance(5_000)
    if (device === bobs && i === 0) device.read(bob)
    device.read(client)
    if (client.received.some((packet) => packet.cmd === 'connack' && packet.reasonCode === 0)) return client
    await client.drop()
  }
  throw new Error(`${clientId} cannot connect`)
}

function begin(node: TestNode, clientId = 'bob'): TestClient {
  const client = node.open({ clientId, protocolVersion: 5 })
  const protocol = { protocolId: 'MQTT', protocolVersion: 5, keepalive: 0 } as const
  client.send({ cmd: 'connect', clientId, clean: false, properties: STORED.properties, ...protocol })
  return client
}

const MOMENTS = [0, 35, 75, 115, 180]

describe.each(MOMENTS)('%i ms after its client has come to another node', (moment) => {
  it('that node dies: the session is where it was, or is adopted', async () => {
    const all = await scene(['a', 'c'])
    const { service, nodes, device, bob } = all
    const second = begin(nodes.b)
    await service.clock.advance(moment)
    service.store.kill('b')
    device.read(bob).read(second)
    await service.clock.advance(ADOPTED)
    const third = await connect(all, nodes.c)
    await all.expectAll(third)
  })

  it('the node that it comes from dies', async () => {
    const all = await scene(['b', 'c'])
    const { service, nodes, device, bob } = all
    const second = begin(nodes.b)
    await service.clock.advance(moment)
    service.store.kill('a')
    device.read(bob)
    await service.clock.advance(ADOPTED)
    await second.drop()
    device.read(second)
    const third = await connect(all, nodes.c)
    await all.expectAll(third)
  })
})

describe.each([0, 45, 85, 125, 185])(
  '%i ms after a node has begun to take what a dead one left',
  (moment) => {
    it('it dies too: what both had comes to a third', async () => {
      const all = await scene(['c'])
      const { service, nodes, device, bob } = all
      const carol = new Device()
      const before = await connect(all, nodes.b, 'carol', carol)
      before.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't/c', qos: 2 }] })
      await service.clock.advance(500)
      const missed = all.counting[0].last
      service.store.kill('a')
      device.read(bob)
      const begun = (): boolean =>
        nodes.b.logger.lines.some(({ message }) => message.startsWith('the node a is dead'))
      for (let i = 0; i < 2_000 && !begun(); i++) await service.clock.advance(10)
      await service.clock.advance(moment)
      service.store.kill('b')
      carol.read(before)
      await service.clock.advance(2 * ADOPTED)
      const third = await connect(all, nodes.c)
      const back = await connect(all, nodes.c, 'carol', carol)
      await all.expectAll(third)
      const numbers = carol.read(back).of('pc')
      expect(numbers[0]).toBeLessThanOrEqual(missed)
      const first = numbers[0] - 1
      expect(
        accountOf(
          numbers.map((number) => number - first),
          all.counting[0].last - first,
        ),
      ).toEqual([])
      expect(Object.keys(service.store.left.parts)).toEqual(['c'])
    })
  },
)

describe.each(['a', 'b'] as const)('while node %s of the two does not reach the store', (name) => {
  it.each([
    [35, 3_000],
    [75, 3_000],
    [115, 3_000],
    [75, 15_000],
    [135, 15_000],
  ])(
    'from %i ms after its client has come to another node, for %i ms, nothing of it is lost',
    async (moment, time) => {
      const all = await scene(['c'])
      const { service, nodes, device, bob } = all
      const second = begin(nodes.b)
      await service.clock.advance(moment)
      service.store.cut(name)
      await service.clock.advance(time)
      service.store.heal(name)
      await service.clock.advance(ADOPTED)
      await second.drop()
      device.read(bob).read(second)
      const third = await connect(all, nodes.c)
      await all.expectAll(third)
    },
  )
})

it.each([1, 7, 30])(
  'a session that all nodes want at once, again and again, has one connection, and all that it is to have (a lag of %i ms)',
  async (lag) => {
    const all = await scene(['a', 'b', 'c'])
    const { service, nodes, device, bob } = all
    service.store.lag = lag
    const clients = [bob]
    /** Each connection is read as time goes on. */
    const pass = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 5) {
        await service.clock.advance(5)
        for (const client of clients) device.read(client)
      }
    }
    for (const name of ['b', 'c', 'a', 'b', 'a', 'c', 'c', 'b', 'a'] as const) {
      clients.push(begin(nodes[name]))
      await pass(35)
    }
    await pass(5_000)
    for (const client of clients) if (!client.stream.destroyed) client.send({ cmd: 'pingreq' })
    await pass(50)
    const open = clients.filter(({ received }) => received.some(({ cmd }) => cmd === 'pingresp'))
    expect(open).toHaveLength(1)
    const stopped = Promise.all(all.counting.map((one) => one.stop()))
    await pass(1_000)
    const lasts = await stopped
    for (const [i, name] of (['a', 'b', 'c'] as const).entries())
      expect(accountOf(device.of(`p${name}`), lasts[i])).toEqual([])
  },
)

describe('a node that stands still', () => {
  it('while its session is wanted elsewhere loses it, and has nothing of it when it goes on', async () => {
    const all = await scene(['b', 'c'])
    const { service, nodes, device, bob } = all
    service.store.hang('a')
    const second = begin(nodes.b)
    await service.clock.advance(ADOPTED)
    await second.drop()
    device.read(bob).read(second)
    const third = await connect(all, nodes.c)
    service.store.heal('a')
    await service.clock.advance(20_000)
    // Who has another connection reads nothing on the old one any more.
    await bob.closed
    expect(nodes.a.backend.stats.sessions).toBe(0)
    await all.expectAll(third)
    const fourth = await connect(all, nodes.a)
    expect(fourth.received[0]).toMatchObject({ cmd: 'connack', sessionPresent: true })
  })
})
