/** What was acknowledged comes, and comes once, whatever happens to a node or to an answer of the store. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'

let service: TestService
let one: TestNode
let two: TestNode

beforeEach(async () => {
  service = new TestService()
  one = await service.join('one')
  two = await service.join('two')
})

/** A session on node one that is away, subscribed to `a` at QoS 2. */
async function awayReader(): Promise<void> {
  const reader = await one.client({ clientId: 'reader', clean: false })
  await reader.subscribe('a', { qos: 2 })
  await reader.disconnect()
}

/** What it gets when it is back. */
async function received(node: TestNode): Promise<string[]> {
  const back = node.open({ clientId: 'reader' })
  expect(await back.connect({ clean: false })).toMatchObject({ sessionPresent: true })
  const found: string[] = []
  for (;;) {
    const packet = await back.message().catch(() => undefined)
    if (packet === undefined) return found
    found.push(packet.payload)
  }
}

/** A process of this name takes the place of the one that was killed, when its lease has ended. */
async function again(name: string): Promise<TestNode> {
  await service.clock.advance(service.store.lease + 10)
  return service.join(name)
}

const qos2 = (payload: string, messageId: number) =>
  ({ cmd: 'publish', topic: 'a', payload, qos: 2, messageId, dup: false, retain: false }) as const

describe('a QoS 2 message', () => {
  it.each(['retried', 'failed'] as const)('whose sending was done and %s comes once', async (then) => {
    await awayReader()
    const sender = await two.client({ clientId: 'sender', clean: false })
    service.store.lose('two', 'send', then)
    await sender.publish('a', '1', { qos: 2 })
    await service.clock.advance(2_000)
    await sender.publish('a', '2', { qos: 2 })
    expect(await received(one)).toEqual(['1', '2'])
  })

  it.each(['retried', 'failed'] as const)('whose receiving was written and %s comes once', async (then) => {
    await awayReader()
    const sender = await two.client({ clientId: 'sender', clean: false })
    service.store.lose('one', 'write', then)
    await sender.publish('a', '1', { qos: 2 })
    await service.clock.advance(2_000)
    await sender.publish('a', '2', { qos: 2 })
    expect(await received(one)).toEqual(['1', '2'])
    service.store.kill('one')
    expect(await received(await again('one'))).toEqual([])
  })

  it('whose receiver, connected and without a log, was given it before the commit failed comes once', async () => {
    const reader = await one.client({ clientId: 'connected' })
    await reader.subscribe('a', { qos: 2 })
    const sender = await two.client({ clientId: 'sender', clean: false })
    service.store.lose('one', 'write', 'failed')
    await sender.publish('a', '1', { qos: 2 })
    await service.clock.advance(2_000)
    expect(await reader.message()).toMatchObject({ payload: '1' })
    await reader.expectNothing()
  })

  it('of a node that was killed when its intent was written is sent by the process that takes its place', async () => {
    await awayReader()
    const sender = await two.client({ clientId: 'sender', clean: false, autoAck: false })
    service.store.lag = 20
    sender.send(qos2('1', 1))
    await service.clock.advance(10)
    service.store.kill('two', 'written')
    service.store.lag = 0
    const next = await again('two')
    await service.settle()
    const back = next.open({ clientId: 'sender', autoAck: false })
    await back.connect({ clean: false })
    back.send({ ...qos2('1', 1), dup: true })
    expect(await back.next()).toMatchObject({ cmd: 'pubrec', messageId: 1 })
    expect(await received(one)).toEqual(['1'])
    await service.settle()
    expect(Object.keys(service.store.left.parts)).toEqual(['one', 'two'])
  })

  it('of a node that was killed when it was sent, before that was noted, comes once', async () => {
    await awayReader()
    const sender = await two.client({ clientId: 'sender', clean: false, autoAck: false })
    service.store.hang('one')
    sender.send(qos2('1', 1))
    await service.settle()
    expect(await sender.next()).toMatchObject({ cmd: 'pubrec', messageId: 1 })
    service.store.kill('two')
    service.store.heal('one')
    await again('two')
    await service.settle()
    expect(await received(one)).toEqual(['1'])
  })

  it('in the inbox of a node that was killed comes to the process that takes its place', async () => {
    await awayReader()
    const sender = await two.client({ clientId: 'sender', clean: false })
    await sender.publish('a', '1', { qos: 2 })
    service.store.hang('one')
    await sender.publish('a', '2', { qos: 2 })
    service.store.kill('one')
    const next = await again('one')
    await service.settle()
    expect(await received(next)).toEqual(['1', '2'])
  })

  it('that the store cannot take is refused, and leaves nothing', async () => {
    await awayReader()
    const sender = await two.client({
      clientId: 'sender',
      protocolVersion: 5,
      clean: false,
      properties: { sessionExpiryInterval: 60 },
    })
    service.store.lose('two', 'write', 'failed')
    expect(await sender.publish('a', '1', { qos: 2 })).toMatchObject({ reasonCode: 0x97 })
    await sender.publish('a', '2', { qos: 2 })
    expect(await received(one)).toEqual(['2'])
    service.store.kill('two')
    await again('two')
    await service.settle()
    expect(await received(one)).toEqual([])
  })
})

describe('a QoS 1 message', () => {
  it('whose sending failed is refused to a 5.0 client, and an older one is closed', async () => {
    await awayReader()
    const sender = await two.client({ clientId: 'sender', protocolVersion: 5 })
    service.store.lose('two', 'send', 'failed')
    expect(await sender.publish('a', '1', { qos: 1 })).toMatchObject({ reasonCode: 0x97 })
    const older = await two.client({ clientId: 'older' })
    service.store.lose('two', 'send', 'failed')
    older.send({ ...qos2('2', 2), qos: 1 })
    await service.settle()
    expect(two.events).toContain('disconnected older')
  })
})
