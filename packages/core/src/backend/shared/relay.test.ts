/** Messages from node to node. */
import { Buffer } from 'node:buffer'
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

const expiring = (messageExpiryInterval: number) =>
  ({ qos: 1, properties: { messageExpiryInterval } }) as const

describe('a message on another node', () => {
  it.each([0, 1, 2] as const)('of QoS %i comes to who subscribed, once, in order', async (qos) => {
    const reader = await one.client({ clientId: 'reader' })
    await reader.subscribe('room/+', { qos })
    await reader.subscribe('#', { qos })
    const sender = await two.client({ clientId: 'sender', clean: false })
    for (const payload of ['1', '2', '3']) await sender.publish('room/1', payload, { qos })
    for (const payload of ['1', '2', '3'])
      expect(await reader.message()).toMatchObject({ topic: 'room/1', payload, qos })
    await reader.expectNothing()
  })

  it('that nobody anywhere wants is acknowledged with 0x10, and one that somebody elsewhere wants is not', async () => {
    const reader = await one.client({ clientId: 'reader' })
    await reader.subscribe('wanted')
    const sender = await two.client({ clientId: 'sender', protocolVersion: 5 })
    expect(await sender.publish('unwanted', '', { qos: 1 })).toMatchObject({ reasonCode: 0x10 })
    expect(await sender.publish('wanted', '', { qos: 1 })).toMatchObject({ reasonCode: 0 })
    await reader.unsubscribe('wanted')
    await service.settle()
    expect(await sender.publish('wanted', '', { qos: 1 })).toMatchObject({ reasonCode: 0x10 })
  })

  it('goes once to a node, whatever the number of its subscribers, and not to a node without one', async () => {
    const three = await service.join('three')
    const readers = await Promise.all(['a', 'b', 'c'].map((clientId) => one.client({ clientId })))
    for (const reader of readers) await reader.subscribe('a')
    const sender = await two.client({ clientId: 'sender' })
    const before = service.store.left.parts
    service.store.hang('one')
    service.store.hang('three')
    sender.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 1, messageId: 1, dup: false, retain: false })
    await service.settle()
    const after = service.store.left.parts
    expect(after.one.entries - before.one.entries).toBe(1)
    expect(after.three.entries - before.three.entries).toBe(0)
    service.store.heal('one')
    service.store.heal('three')
    for (const reader of readers) expect(await reader.message()).toMatchObject({ payload: 'x' })
    expect(three.drops).toEqual([])
  })

  it('waits for a session that is away, and comes with what is left of its time', async () => {
    const reader = await one.client({
      clientId: 'reader',
      clean: false,
      protocolVersion: 5,
      properties: { sessionExpiryInterval: 600 },
    })
    await reader.subscribe('a', { qos: 1 })
    await reader.disconnect()
    const sender = await two.client({ clientId: 'sender', protocolVersion: 5 })
    await sender.publish('a', 'short', expiring(5))
    await sender.publish('a', 'long', expiring(60))
    await service.clock.advance(20_000)
    const back = one.open({ clientId: 'reader', protocolVersion: 5 })
    await back.connect({ clean: false, properties: { sessionExpiryInterval: 600 } })
    expect(await back.next('publish')).toMatchObject({
      payload: Buffer.from('long'),
      properties: { messageExpiryInterval: 40 },
    })
    expect(one.drops).toMatchObject([{ payload: 'short', reason: 'expired' }])
  })

  it('that was on its way for longer than its time is not delivered, and told', async () => {
    const reader = await one.client({ clientId: 'reader', protocolVersion: 5 })
    await reader.subscribe('a', { qos: 1 })
    const sender = await two.client({ clientId: 'sender', protocolVersion: 5 })
    service.store.hang('one')
    await sender.publish('a', 'late', expiring(2))
    await sender.publish('a', 'in time', expiring(30))
    await service.clock.advance(4_000)
    service.store.heal('one')
    expect(await reader.next('publish')).toMatchObject({
      payload: Buffer.from('in time'),
      properties: { messageExpiryInterval: 26 },
    })
    expect(one.drops).toMatchObject([{ clientId: 'reader', payload: 'late', reason: 'expired' }])
  })

  it('has its publisher, so that access rules know it', async () => {
    const seen: unknown[] = []
    const three = await service.join('three', {
      use: [{ name: 'Seen', sendMessage: ({ publisher }) => void seen.push(publisher) }],
    })
    const reader = await three.client({ clientId: 'reader' })
    await reader.subscribe('a')
    const sender = await two.client({ clientId: 'sender' })
    await sender.publish('a', 'x', { qos: 1 })
    await reader.message()
    expect(seen).toEqual([{ clientId: 'sender', identity: undefined }])
  })

  it('of a store that takes long is acknowledged when it is in the other inbox, and not before', async () => {
    const reader = await one.client({ clientId: 'reader' })
    await reader.subscribe('a', { qos: 1 })
    const sender = await two.client({ clientId: 'sender' })
    service.store.lag = 50
    sender.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 1, messageId: 1, dup: false, retain: false })
    await service.clock.advance(40)
    await sender.expectNothing()
    await service.clock.advance(20)
    expect(await sender.next()).toMatchObject({ cmd: 'puback' })
    service.store.lag = 0
  })
})
