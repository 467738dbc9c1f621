/** Shared groups with members on several nodes. */
import type { TestClient } from '@mqtt-stack/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'
import { GroupChooser } from './groups.ts'
import type { NodeRoute } from './route-tree.ts'

let service: TestService

beforeEach(() => {
  service = new TestService()
})

/** A connected member of the group on a node. */
async function member(node: TestNode, clientId: string, clean = true): Promise<TestClient> {
  const client = await node.client({ clientId, clean })
  await client.subscribe('$share/workers/jobs/#', { qos: 1 })
  return client
}

/** What each has got and nobody took yet. */
async function payloads(...clients: TestClient[]): Promise<string[][]> {
  const all: string[][] = []
  for (const client of clients) {
    const found: string[] = []
    for (;;) {
      const packet = await client.message().catch(() => undefined)
      if (packet === undefined) break
      found.push(packet.payload)
    }
    all.push(found)
  }
  return all
}

const COUNT = [...Array(12).keys()].map(String)

describe('a shared group', () => {
  it.each([0, 1, 2] as const)('gets a message of QoS %i once in the whole service', async (qos) => {
    const nodes = [await service.join('one'), await service.join('two'), await service.join('three')]
    const members = [await member(nodes[0], 'a'), await member(nodes[1], 'b'), await member(nodes[1], 'c')]
    const sender = await nodes[2].client({ clientId: 'sender', clean: false })
    for (const payload of COUNT) await sender.publish('jobs/1', payload, { qos })
    const found = await payloads(...members)
    expect(found.flat().sort()).toEqual([...COUNT].sort())
    // Each node in turn, as often as it has members.
    expect(found.map(({ length }) => length)).toEqual([4, 4, 4])
  })

  it('prefers members of the node that the message came to', async () => {
    const [one, two] = [await service.join('one'), await service.join('two')]
    const members = [await member(one, 'a'), await member(two, 'b')]
    const sender = await two.client({ clientId: 'sender' })
    for (const payload of COUNT) await sender.publish('jobs/1', payload, { qos: 1 })
    expect(await payloads(...members)).toEqual([[], COUNT])
  })

  it('does not, where any is as good as another', async () => {
    const shared = { sharePreference: 'any' } as const
    const [one, two] = [await service.join('one', { shared }), await service.join('two', { shared })]
    const members = [await member(one, 'a'), await member(two, 'b')]
    const sender = await two.client({ clientId: 'sender' })
    for (const payload of COUNT) await sender.publish('jobs/1', payload, { qos: 1 })
    const found = await payloads(...members)
    expect(found.map(({ length }) => length)).toEqual([6, 6])
    expect(found.flat().sort()).toEqual([...COUNT].sort())
  })

  it('prefers a member that is connected, wherever it is', async () => {
    const [one, two] = [await service.join('one'), await service.join('two')]
    const near = await member(two, 'near', false)
    const far = await member(one, 'far')
    await near.disconnect()
    await service.settle()
    const sender = await two.client({ clientId: 'sender' })
    await sender.publish('jobs/1', 'x', { qos: 1 })
    expect(await payloads(far)).toEqual([['x']])
    const back = two.open({ clientId: 'near' })
    await back.connect({ clean: false })
    await service.settle()
    await sender.publish('jobs/1', 'y', { qos: 1 })
    expect(await payloads(far, back)).toEqual([[], ['y']])
  })

  it('whose last member here left messages behind hands them on to another node', async () => {
    const [one, two] = [await service.join('one'), await service.join('two')]
    const leaving = await member(two, 'leaving', false)
    await leaving.disconnect()
    const sender = await two.client({ clientId: 'sender' })
    for (const payload of ['1', '2']) await sender.publish('jobs/1', payload, { qos: 1 })
    const other = await member(one, 'other')
    const ending = two.open({ clientId: 'leaving' })
    await ending.connect({ clean: true })
    await service.settle()
    expect(await payloads(other)).toEqual([['1', '2']])
    expect(await payloads(ending)).toEqual([[]])
  })

  it('hands on what a member that is away has not had, where that is asked for', async () => {
    const shared = { shareOnDisconnect: true }
    const [one, two] = [await service.join('one', { shared }), await service.join('two', { shared })]
    const leaving = await member(two, 'leaving', false)
    const sender = await two.client({ clientId: 'sender' })
    leaving.autoAck = false
    await sender.publish('jobs/1', 'x', { qos: 1 })
    await service.settle()
    const other = await member(one, 'other')
    await service.settle()
    await leaving.disconnect()
    await service.settle()
    expect(await payloads(other)).toEqual([['x']])
  })

  it('whose members on the node that was chosen have no room for it gets it on another', async () => {
    const nodes = [
      await service.join('one', { shared: { sessionMessages: 1 } }),
      await service.join('two', { shared: { sessionMessages: 1 } }),
      await service.join('three'),
    ]
    const stored = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 3_000 } } as const
    const names = ['first', 'second', 'third']
    for (const [i, clientId] of names.entries()) {
      const client = await nodes[i].client({ ...stored, clientId })
      await client.subscribe('$share/workers/jobs/#', { qos: 1 })
      await client.disconnect({ reasonCode: 0 })
    }
    await service.settle()
    const sender = await nodes[0].client({ clientId: 'sender' })
    for (const payload of ['1', '2', '3', '4', '5']) await sender.publish('jobs/1', payload, { qos: 1 })
    await service.settle()
    const got: string[] = []
    for (const [i, clientId] of names.entries()) {
      const client = await nodes[i].client({ ...stored, clientId })
      await service.settle()
      for (const packet of client.received) if (packet.cmd === 'publish') got.push(packet.payload.toString())
    }
    expect(got.sort()).toEqual(['1', '2', '3', '4', '5'])
    expect(nodes.flatMap(({ drops }) => drops)).toEqual([])
  })

  it('that nobody has room for is dropped, and told once', async () => {
    const shared = { sessionMessages: 1 }
    const nodes = [await service.join('one', { shared }), await service.join('two', { shared })]
    const stored = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 3_000 } } as const
    for (const [i, clientId] of ['first', 'second'].entries()) {
      const client = await nodes[i].client({ ...stored, clientId })
      await client.subscribe('$share/workers/jobs/#', { qos: 1 })
      await client.disconnect({ reasonCode: 0 })
    }
    await service.settle()
    const sender = await nodes[0].client({ clientId: 'sender' })
    for (const payload of ['1', '2', '3']) await sender.publish('jobs/1', payload, { qos: 1 })
    await service.settle()
    const drops = nodes.flatMap((node) => node.drops)
    expect(drops.map(({ payload, reason }) => [payload, reason])).toEqual([['3', 'log-full']])
  })

  it.each([1, 2] as const)(
    'whose only member here is going gets it on a node that has one which may come back, at QoS %i',
    async (qos) => {
      const [one, two] = [await service.join('one'), await service.join('two')]
      const away = await member(one, 'away', false)
      await away.disconnect()
      const going = await member(two, 'going')
      const sender = await two.client({ clientId: 'sender', clean: false })
      const go = service.holdInbox('one')
      // What node one asked for already it gets.
      await sender.subscribe('sender')
      // Its session ends when this is answered.
      going.send({ cmd: 'subscribe', messageId: 9, subscriptions: [{ topic: 'new', qos: 1 }] })
      await service.settle()
      await going.drop()
      expect(two.events).not.toContain('ended going (closed)')
      await sender.publish('jobs/1', 'x', { qos })
      go()
      await service.clock.advance(2_000)
      const back = one.open({ clientId: 'away' })
      await back.connect({ clean: false })
      await service.settle()
      expect(await payloads(back)).toEqual([['x']])
    },
  )

  it('that has no member any more on the node that was chosen gets it on another', async () => {
    const nodes = [await service.join('one'), await service.join('two'), await service.join('three')]
    const [leaving, staying] = [await member(nodes[0], 'leaving'), await member(nodes[1], 'staying')]
    const sender = await nodes[2].client({ clientId: 'sender' })
    service.store.hang('one')
    for (const payload of ['1', '2']) await sender.publish('jobs/1', payload, { qos: 1 })
    leaving.send({ cmd: 'unsubscribe', messageId: 1, unsubscriptions: ['$share/workers/jobs/#'] })
    await service.settle()
    service.store.heal('one')
    await service.settle()
    expect((await payloads(staying)).flat().sort()).toEqual(['1', '2'])
  })
})

describe('the choice between nodes', () => {
  const node = (name: string, members: number, connected: boolean) => ({ node: name, members, connected })
  const choices = (chooser: GroupChooser, own: [number, boolean], ...members: NodeRoute[]) => {
    const others = { members, cursor: -1 }
    return [...Array(6)].map(() => chooser.choose({ members: own[0], connected: own[1] }, others, false))
  }

  it('is this node where it alone has connected members', () => {
    const chooser = new GroupChooser('any')
    expect(choices(chooser, [1, true], node('a', 9, false))).toEqual(Array(6).fill(undefined))
  })

  it('is this node where nobody is connected and it has members', () => {
    const chooser = new GroupChooser('any')
    expect(choices(chooser, [1, false], node('a', 9, false))).toEqual(Array(6).fill(undefined))
  })

  it('is each of the others by the number of its members where this one has none', () => {
    const chooser = new GroupChooser('local')
    expect(choices(chooser, [0, false], node('a', 2, false), node('b', 1, false))).toEqual([
      'a',
      'a',
      'b',
      'a',
      'a',
      'b',
    ])
  })

  it('is none of those without a connected member where nobody waits', () => {
    const chooser = new GroupChooser('local')
    const others = { members: [node('a', 1, false)], cursor: 0 }
    expect(chooser.choose({ members: 0, connected: false }, others, true)).toBeUndefined()
  })
})
