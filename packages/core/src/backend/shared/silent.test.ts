/** A node that is alive and does not answer: who has not heard what its clients subscribed to acknowledges nothing. */
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
