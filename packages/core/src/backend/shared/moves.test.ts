/** Sessions that go from one node to another, while publishers on all of them go on. */
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { Counting, Device, upTo } from '../../../../../test/rig/counting.ts'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'

const STORED = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 3_000 } } as const

/** A publisher on each node, to a topic of its own below `t`. */
async function publishers(nodes: readonly TestNode[], qos: 1 | 2 = 2): Promise<Counting[]> {
  return Promise.all(
    nodes.map(async (node, i) => {
      const client = await node.client({ clientId: `p${i}` })
      return new Counting(client, `t/${i}`, qos).start()
    }),
  )
}

/** Until each publisher has so many more acknowledged. */
async function more(counting: readonly Counting[], messages: number): Promise<void> {
  const goals = counting.map(({ last }) => last + messages)
  while (counting.some(({ last }, i) => last < goals[i])) await new Promise(setImmediate)
}

async function expectAll(
  device: Device,
  counting: readonly Counting[],
  nodes: readonly TestNode[],
): Promise<void> {
  for (const [i, one] of counting.entries()) {
    const last = await one.stop()
    await nodes[i].settle()
    expect(device.of(`p${i}`)).toEqual(upTo(last))
  }
}

describe('a session that ends with its connection', () => {
  it('has one connection in the whole service: the earlier one, on another node, is closed before the later one is accepted', async () => {
    const service = new TestService()
    const [a, b] = [await service.join('a'), await service.join('b')]
    const first = await a.client({ clientId: 'bob', protocolVersion: 5 })
    const second = await b.client({ clientId: 'bob', protocolVersion: 5 })
    expect(await first.next('disconnect')).toMatchObject({ reasonCode: 0x8e })
    expect(a.events).toContain('disconnected bob')
    expect([a.backend.stats.sessions, b.backend.stats.sessions]).toEqual([0, 1])
    await second.disconnect()
    await b.settle()
    expect(service.store.left.names).toBe(0)
  })

  it('of somebody else is refused', async () => {
    const service = new TestService()
    const [a, b] = [await service.join('a'), await service.join('b')]
    const first = await a.client({ clientId: 'bob', username: 'bob' })
    const { returnCode } = await b.open({ clientId: 'bob' }).connect({ username: 'mallory' })
    expect(returnCode).toBe(2)
    await first.ping()
  })

  it('is wanted by two nodes at once: one of them has it in the end', async () => {
    const service = new TestService()
    const nodes = [await service.join('a'), await service.join('b'), await service.join('c')]
    const all = await Promise.all(nodes.map((node) => node.client({ clientId: 'bob' })))
    await nodes[0].settle()
    const open = await Promise.all(
      all.map((client) =>
        client.ping().then(
          () => true,
          () => false,
        ),
      ),
    )
    expect(open.filter(Boolean)).toHaveLength(1)
    expect(nodes.map(({ backend }) => backend.stats.sessions).sort()).toEqual([0, 0, 1])
  })
})

describe('a stored session', () => {
  it('comes to the node that its client connects to, with all that it has', async () => {
    const service = new TestService()
    const [a, b] = [await service.join('a'), await service.join('b')]
    const bob = await a.client({ ...STORED, clientId: 'bob' })
    await bob.subscribe(['t/#', '$share/g/s'], { qos: 2 })
    await bob.disconnect()
    const sender = await a.client({ clientId: 'sender' })
    for (const payload of ['1', '2']) await sender.publish('t/x', payload, { qos: 2 })
    const other = await b.client({ clientId: 'other' })
    await other.publish('t/x', '3', { qos: 1 })
    await other.publish('s', '4', { qos: 1 })
    const back = b.open({ clientId: 'bob', protocolVersion: 5 })
    expect(await back.connect({ ...STORED })).toMatchObject({ sessionPresent: true })
    const payloads: string[] = []
    for (let i = 0; i < 4; i++) payloads.push((await back.message()).payload)
    expect(payloads).toEqual(['1', '2', '3', '4'])
    await sender.publish('t/x', '5', { qos: 2 })
    await sender.publish('s', '6', { qos: 2 })
    expect([(await back.message()).payload, (await back.message()).payload]).toEqual(['5', '6'])
    await a.settle()
    expect(a.backend.stats).toMatchObject({ sessions: 1, subscriptions: 0, messages: 0 })
    expect(b.backend.stats).toMatchObject({ sessions: 2, subscriptions: 2, messages: 0 })
  })

  it('goes round all nodes, to and fro, while publishers on each go on: every message once, in order', async () => {
    const service = new TestService()
    const nodes = [await service.join('a'), await service.join('b'), await service.join('c')]
    const device = new Device()
    let bob: TestClient = await nodes[0].client({ ...STORED, clientId: 'bob' })
    await bob.subscribe('t/#', { qos: 2 })
    const counting = await publishers(nodes)
    for (const at of [1, 2, 0, 2, 1, 0]) {
      await more(counting, 5)
      const next = nodes[at].open({ clientId: 'bob', protocolVersion: 5 })
      expect(await next.connect({ ...STORED })).toMatchObject({ reasonCode: 0, sessionPresent: true })
      device.read(bob)
      bob = next
    }
    await more(counting, 5)
    for (const one of counting) await one.stop()
    await nodes[0].settle()
    device.read(bob)
    await expectAll(device, counting, nodes)
  })

  it('ends where its client begins anew on another node, and its will comes', async () => {
    const service = new TestService()
    const [a, b] = [await service.join('a'), await service.join('b')]
    const heir = await b.client({ clientId: 'heir' })
    await heir.subscribe('will', { qos: 1 })
    const will = { topic: 'will', payload: Buffer.from('gone'), qos: 1, retain: false } as const
    const bob = await a.client({
      ...STORED,
      clientId: 'bob',
      will: { ...will, properties: { willDelayInterval: 100 } },
    })
    await bob.subscribe('t/#', { qos: 1 })
    await bob.drop()
    const back = b.open({ clientId: 'bob', protocolVersion: 5 })
    expect(await back.connect({ ...STORED, clean: true })).toMatchObject({ sessionPresent: false })
    await a.clock.advance(2_000)
    expect((await heir.message()).payload).toBe('gone')
    expect(a.backend.stats).toMatchObject({ sessions: 0, subscriptions: 0, wills: 0 })
    expect(service.store.left.names).toBe(2)
  })

  it('takes along the identifiers of QoS 2 messages: one that is sent again is not relayed again', async () => {
    const service = new TestService()
    const [a, b] = [await service.join('a'), await service.join('b')]
    const reader = await b.client({ clientId: 'reader' })
    await reader.subscribe('t', { qos: 2 })
    const message = {
      cmd: 'publish',
      topic: 't',
      payload: 'once',
      qos: 2,
      messageId: 7,
      retain: false,
    } as const
    const bob = await a.client({ ...STORED, clientId: 'bob', autoAck: false })
    bob.send({ ...message, dup: false })
    await bob.next('pubrec')
    await bob.drop()
    const back = await b.client({ ...STORED, clientId: 'bob', autoAck: false })
    back.send({ ...message, dup: true })
    await back.next('pubrec')
    back.send({ cmd: 'pubrel', messageId: 7 })
    await back.next('pubcomp')
    expect((await reader.message()).payload).toBe('once')
    await reader.expectNothing('publish')
    expect([a.backend.stats.awaitingRelease, b.backend.stats.awaitingRelease]).toEqual([0, 0])
  })

  it('takes along its subscriptions as they are, and the place that its QoS 2 messages had', async () => {
    const service = new TestService()
    const [a, b] = [await service.join('a'), await service.join('b')]
    const bob = await a.client({ ...STORED, clientId: 'bob', autoAck: false })
    await bob.subscribe(
      { topic: 't/#', qos: 2, nl: true, rap: true },
      { properties: { subscriptionIdentifier: 7 } },
    )
    const sender = await b.client({ clientId: 'sender' })
    for (const payload of ['1', '2']) await sender.publish('t/x', payload, { qos: 2, retain: true })
    const first = await bob.next('publish')
    await bob.next('publish')
    // The first was received, the second was sent.
    bob.send({ cmd: 'pubrec', messageId: first.messageId })
    await bob.next('pubrel')
    await bob.drop()
    const back = await b.client({ ...STORED, clientId: 'bob', autoAck: false })
    expect(await back.next()).toMatchObject({ cmd: 'pubrel', messageId: first.messageId })
    expect(await back.next('publish')).toMatchObject({
      dup: true,
      retain: true,
      payload: Buffer.from('2'),
      properties: { subscriptionIdentifier: 7 },
    })
    await back.publish('t/own', 'mine', { qos: 0 })
    await back.expectNothing()
  })

  it('moves while the store is slow, and its answers are lost', async () => {
    const service = new TestService()
    const [a, b] = [await service.join('a'), await service.join('b')]
    const bob = await a.client({ ...STORED, clientId: 'bob' })
    await bob.subscribe('t', { qos: 1 })
    await bob.drop()
    const sender = await b.client({ clientId: 'sender' })
    for (const payload of ['1', '2', '3']) await sender.publish('t', payload, { qos: 1 })
    for (const asked of ['write', 'send'] as const)
      for (const name of ['a', 'b']) service.store.lose(name, asked)
    const back = await b.client({ ...STORED, clientId: 'bob' })
    const payloads: string[] = []
    for (let i = 0; i < 3; i++) payloads.push((await back.message()).payload)
    expect(payloads).toEqual(['1', '2', '3'])
    await back.expectNothing('publish')
  })

  it('stays where it is when its new home cannot write it, and moves when that can', async () => {
    const service = new TestService()
    const [a, b] = [await service.join('a'), await service.join('b')]
    const bob = await a.client({ ...STORED, clientId: 'bob' })
    await bob.subscribe(['t', '$share/g/s'], { qos: 1 })
    await bob.drop()
    service.store.cut('b')
    const refused = b.open({ clientId: 'bob', protocolVersion: 5 })
    expect(await refused.connect({ ...STORED })).toMatchObject({ reasonCode: 0x88 })
    const sender = await a.client({ clientId: 'sender' })
    for (const topic of ['t', 's']) await sender.publish(topic, topic, { qos: 1 })
    service.store.heal('b')
    await service.clock.advance(3_000)
    const back = await b.client({ ...STORED, clientId: 'bob' })
    expect([(await back.message()).payload, (await back.message()).payload]).toEqual(['t', 's'])
  })

  it('is at home where it was after its node begins anew under its name', async () => {
    const service = new TestService()
    const b = await service.join('b')
    const first = await service.join('a')
    const bob = await first.client({ ...STORED, clientId: 'bob' })
    await bob.subscribe('t', { qos: 1 })
    await bob.disconnect()
    await first.client({ clientId: 'brief' })
    const stopped = first.stop()
    await service.clock.advance(2_000)
    await stopped
    const second = await service.join('a')
    expect(service.store.left.names).toBe(1)
    const sender = await b.client({ clientId: 'sender' })
    await sender.publish('t', 'x', { qos: 1 })
    const back = await second.client({ ...STORED, clientId: 'bob' })
    expect((await back.message()).payload).toBe('x')
  })
})
