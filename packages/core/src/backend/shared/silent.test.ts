/** A node that is alive and does not answer: who has not heard what its clients subscribed to acknowledges nothing. */
import { StackError } from '@mqtt-stack/core'
import { describe, expect, it } from 'vitest'
import { TestService } from '../../../../../test/rig/nodes.ts'

const STORED = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 3_000 } } as const

/** It waits for an entry that it would still read: that ends. */
async function hold(service: TestService, node: string): Promise<() => void> {
  const read = service.holdInbox(node)
  await service.clock.advance(2_000)
  return read
}

describe('a node that is alive and reads nothing', () => {
  it('keeps one that joins out of service, until it reads again', async () => {
    const service = new TestService()
    const a = await service.join('a')
    const reader = await a.client({ clientId: 'reader' })
    await reader.subscribe('t', { qos: 1 })
    const read = await hold(service, 'a')
    const joining = service.join('b')
    await service.clock.advance(8 * service.store.lease)
    read()
    await service.clock.advance(3 * service.store.lease)
    const b = await joining
    const sender = await b.client({ clientId: 'sender' })
    await sender.publish('t', 'x', { qos: 1 })
    await service.settle()
    expect(await reader.message()).toMatchObject({ payload: 'x' })
    expect(b.logger.lines.map(({ message }) => message)).toContain(
      'the node b is not in service: a did not answer it, and it asks again',
    )
  })

  it('lets nobody start in the end, who says why', async () => {
    const service = new TestService()
    await service.join('a')
    await service.join('b')
    for (const name of ['a', 'b']) await hold(service, name)
    const failed = expect(service.join('c')).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message:
        'the node c cannot join its service: a, b do not answer; start what hangs again, and bring all nodes to one version',
    })
    await service.clock.advance(25 * service.store.lease)
    await failed
  })

  it('has one that was away for a while wait, and refuse QoS 1 meanwhile', async () => {
    const service = new TestService()
    const [a, b] = [await service.join('a'), await service.join('b')]
    const sender = await b.client({ clientId: 'sender', protocolVersion: 5 })
    service.store.hang('b')
    await service.clock.advance(1.2 * service.store.lease)
    const reader = await a.client({ ...STORED, clientId: 'reader' })
    await reader.subscribe('t', { qos: 1 })
    const read = await hold(service, 'a')
    service.store.heal('b')
    await service.clock.advance(7 * service.store.lease)
    expect(await sender.publish('t', 'early', { qos: 1 })).toMatchObject({ reasonCode: 0x97 })
    read()
    await service.clock.advance(6 * service.store.lease)
    await sender.publish('t', 'late', { qos: 1 })
    expect(await reader.message()).toMatchObject({ payload: 'late' })
  })
})

describe('a node that stops, and leaves a stored session', () => {
  it('keeps no other session from moving, for it has said that it sends nothing more', async () => {
    const service = new TestService()
    const [a, b, c] = [await service.join('a'), await service.join('b'), await service.join('c')]
    for (const [node, clientId] of [
      [a, 'bob'],
      [c, 'carol'],
    ] as const) {
      const client = await node.client({ ...STORED, clientId })
      await client.subscribe('t', { qos: 1 })
      await client.disconnect({ reasonCode: 0 })
    }
    service.store.lag = 10
    const stopped = c.stop()
    await service.clock.advance(4_000)
    await stopped
    service.store.lag = 0
    expect(Object.keys(service.store.left.parts)).toEqual(['a', 'b', 'c'])
    const bob = b.open({ clientId: 'bob', protocolVersion: 5 })
    const { clean, properties } = STORED
    const protocol = { protocolId: 'MQTT', protocolVersion: 5, keepalive: 0 } as const
    bob.send({ cmd: 'connect', clientId: 'bob', clean, properties, ...protocol })
    await service.clock.advance(300)
    expect(await bob.next('connack')).toMatchObject({ reasonCode: 0, sessionPresent: true })
    const sender = await a.client({ clientId: 'sender' })
    await sender.publish('t', 'x', { qos: 1 })
    expect(await bob.message()).toMatchObject({ payload: 'x' })
    // What it left is taken as ever.
    await service.clock.advance(4 * service.store.lease)
    const carol = b.open({ clientId: 'carol', protocolVersion: 5 })
    expect(await carol.connect(STORED)).toMatchObject({ reasonCode: 0, sessionPresent: true })
    expect(await carol.message()).toMatchObject({ payload: 'x' })
  })
})

const failed = new StackError('STORE_DAMAGED', 'bytes that nobody wrote')

describe('a dead node', () => {
  it.each([
    ['whose records cannot be read', { read: () => Promise.reject(failed) }],
    ['that is being taken over for ever', { receive: () => new Promise<never>(() => {}) }],
  ])('%s keeps no session of others from moving', async (_, change) => {
    const service = new TestService()
    const [a, b] = [await service.join('a'), await service.join('b')]
    await service.join('c')
    const bob = await a.client({ ...STORED, clientId: 'bob' })
    await bob.disconnect({ reasonCode: 0 })
    for (const name of ['a', 'b']) {
      const store = service.storeOf(name)
      const claim = store.claim.bind(store)
      store.claim = async (left) => {
        const part = await claim(left)
        return part && Object.assign(part, change)
      }
    }
    service.store.kill('c')
    await service.clock.advance(4 * service.store.lease)
    const back = b.open({ clientId: 'bob', protocolVersion: 5 })
    const { clean, properties } = STORED
    const protocol = { protocolId: 'MQTT', protocolVersion: 5, keepalive: 0 } as const
    back.send({ cmd: 'connect', clientId: 'bob', clean, properties, ...protocol })
    await service.clock.advance(1.5 * service.store.lease)
    expect(await back.next('connack')).toMatchObject({ reasonCode: 0, sessionPresent: true })
  })
})
