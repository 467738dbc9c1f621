/** Two and three nodes over one store: what one of them knows of the others. */
import { describe, expect, it } from 'vitest'
import { TestService } from '../../../../../test/rig/nodes.ts'

const publish = (topic: string, messageId: number) =>
  ({ cmd: 'publish', topic, payload: 'x', qos: 1, messageId, dup: false, retain: false }) as const

describe('a subscription', () => {
  it('is acknowledged when all other nodes know of it, and not before', async () => {
    const service = new TestService()
    const one = await service.join('one')
    await service.join('two')
    const reader = await one.client({ clientId: 'reader' })
    service.store.hang('two')
    reader.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 1 }] })
    await service.clock.advance(1_000)
    await reader.expectNothing()
    service.store.heal('two')
    expect(await reader.next()).toMatchObject({ cmd: 'suback', messageId: 1 })
  })

  it('of a filter that is being told waits for that too', async () => {
    const service = new TestService()
    const one = await service.join('one')
    await service.join('two')
    const readers = [await one.client({ clientId: 'a' }), await one.client({ clientId: 'b' })]
    service.store.hang('two')
    for (const reader of readers) {
      reader.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 1 }] })
      await service.settle()
    }
    await readers[1].expectNothing()
    service.store.heal('two')
    for (const reader of readers) expect(await reader.next()).toMatchObject({ cmd: 'suback' })
  })

  it('of a filter that all know is acknowledged at once', async () => {
    const service = new TestService()
    const one = await service.join('one')
    await service.join('two')
    const first = await one.client({ clientId: 'first' })
    await first.subscribe('a')
    service.store.hang('two')
    const second = await one.client({ clientId: 'second' })
    await second.subscribe('a')
    service.store.heal('two')
  })

  it('does not wait for a node that is dead', async () => {
    const service = new TestService()
    const one = await service.join('one')
    await service.join('two')
    service.store.kill('two')
    const reader = await one.client({ clientId: 'reader' })
    reader.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 1 }] })
    await service.clock.advance(1_000)
    await reader.expectNothing()
    await service.clock.advance(service.store.lease + service.store.lease / 3)
    expect(await reader.next()).toMatchObject({ cmd: 'suback' })
  })
})

describe('a node that joins', () => {
  it('knows the subscriptions of all others when it has started', async () => {
    const service = new TestService()
    const one = await service.join('one')
    const reader = await one.client({ clientId: 'reader' })
    for (let i = 0; i < 30; i++) await reader.subscribe([`a/${i}`, `b/${i}/#`])
    const two = await service.join('two')
    const sender = await two.client({ clientId: 'sender', protocolVersion: 5 })
    for (const topic of ['a/7', 'b/9/x'])
      expect(await sender.publish(topic, '', { qos: 1 })).toMatchObject({ reasonCode: 0 })
    expect(await sender.publish('c', '', { qos: 1 })).toMatchObject({ reasonCode: 0x10 })
  })

  it('learns from others what a dead node has of stored sessions', async () => {
    const service = new TestService()
    await service.join('one')
    const two = await service.join('two')
    const away = await two.client({ clientId: 'away', clean: false })
    await away.subscribe('a', { qos: 1 })
    service.store.kill('two')
    await service.clock.advance(service.store.lease + 100)
    const three = await service.join('three')
    const before = service.store.left.parts.two?.entries
    const sender = await three.client({ clientId: 'sender', protocolVersion: 5 })
    expect(await sender.publish('a', '', { qos: 1 })).toMatchObject({ reasonCode: 0 })
    expect(service.store.left.parts.two?.entries).toBe((before ?? 0) + 1)
  })

  it('makes itself known, so that others wait for it', async () => {
    const service = new TestService()
    const one = await service.join('one')
    await service.join('two')
    await service.join('three')
    service.store.hang('three')
    const reader = await one.client({ clientId: 'reader' })
    reader.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 1 }] })
    await service.settle()
    await reader.expectNothing()
    service.store.heal('three')
    expect(await reader.next()).toMatchObject({ cmd: 'suback' })
  })
})

describe('a service whose nodes have all been killed', () => {
  it('starts when what they left is at home again, and nothing is lost', async () => {
    const service = new TestService()
    const one = await service.join('one')
    const two = await service.join('two')
    for (const node of [one, two]) {
      const away = await node.client({ clientId: `away-${node === one ? 'one' : 'two'}`, clean: false })
      await away.subscribe('a', { qos: 1 })
      await away.disconnect()
    }
    service.store.kill('one')
    service.store.kill('two')
    let started = false
    const starting = service.join('three').finally(() => {
      started = true
    })
    await service.clock.advance(service.store.lease)
    expect(started).toBe(false)
    await service.clock.advance(2 * service.store.lease)
    expect(started).toBe(true)
    const three = await starting
    const sender = await three.client({ clientId: 'sender', protocolVersion: 5 })
    expect(await sender.publish('a', 'x', { qos: 1 })).toMatchObject({ reasonCode: 0 })
    for (const clientId of ['away-one', 'away-two']) {
      const back = three.open({ clientId })
      expect(await back.connect({ clean: false })).toMatchObject({ sessionPresent: true })
      expect(await back.message()).toMatchObject({ payload: 'x' })
    }
    await service.settle()
    expect(Object.keys(service.store.left.parts)).toEqual(['three'])
  })
})

describe('a node that stops', () => {
  it('costs publishers on others nothing, whoever had subscribed there', async () => {
    const service = new TestService()
    const [one, two] = [await service.join('one'), await service.join('two')]
    const [reader, older] = [
      await one.client({ clientId: 'reader' }),
      await two.client({ clientId: 'older' }),
    ]
    await reader.subscribe('a', { qos: 1 })
    const sender = await two.client({ clientId: 'sender', protocolVersion: 5 })
    service.store.lag = 20
    const stopped = one.stack.stop()
    for (let i = 1; i < 60; i++) {
      sender.send(publish('a', i))
      older.send(publish('a', i))
      await service.clock.advance(10)
    }
    await service.clock.advance(3_000)
    await stopped
    const answers = sender.received.filter(({ cmd }) => cmd === 'puback')
    expect(answers.length).toBe(59)
    for (const { reasonCode } of answers as { reasonCode: number }[]) expect([0, 0x10]).toContain(reasonCode)
    expect(two.events).not.toContain('disconnected older')
    service.store.lag = 0
    expect(Object.keys(service.store.left.parts)).toEqual(['two'])
    expect(await sender.publish('a', '', { qos: 1, messageId: 100 })).toMatchObject({ reasonCode: 0x10 })
  })
})

describe('a node whose store is out of reach', () => {
  it('refuses a subscription that others do not hear of in time', async () => {
    const service = new TestService()
    const one = await service.join('one')
    await service.join('two')
    const reader = await one.client({ clientId: 'reader', protocolVersion: 5 })
    service.store.cut('one')
    reader.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 1 }] })
    await service.clock.advance(service.store.lease)
    await reader.expectNothing()
    await service.clock.advance(service.store.lease)
    expect(await reader.next()).toMatchObject({ cmd: 'suback', granted: [0x80] })
    expect(one.backend.stats).toMatchObject({ subscriptions: 0 })
  })

  it('keeps its clients and their QoS 0, lets QoS 1 wait and then refuses it, and new connections', async () => {
    const service = new TestService()
    const one = await service.join('one')
    const two = await service.join('two')
    const reader = await one.client({ clientId: 'reader' })
    await reader.subscribe('a', { qos: 1 })
    const far = await two.client({ clientId: 'far' })
    await far.subscribe('a', { qos: 1 })
    const sender = await one.client({ clientId: 'sender', protocolVersion: 5 })
    const older = await one.client({ clientId: 'older' })
    service.store.cut('one')
    await sender.publish('a', 'still here')
    expect(await reader.message()).toMatchObject({ payload: 'still here' })
    sender.send(publish('a', 1))
    older.send(publish('a', 1))
    await service.clock.advance(5_000)
    await sender.expectNothing()
    const late = one.open({ clientId: 'late', protocolVersion: 5 })
    expect(await late.connect()).toMatchObject({ reasonCode: 0x88 })
    const old = one.open({ clientId: 'late' })
    expect(await old.connect()).toMatchObject({ returnCode: 3 })
    await service.clock.advance(6_000)
    expect(await sender.next()).toMatchObject({ cmd: 'puback', reasonCode: 0x97 })
    expect(one.events).toContain('unclean older')
    expect(one.stack.clients.size).toBe(2)

    service.store.heal('one')
    await service.clock.advance(service.store.lease)
    expect(await sender.publish('a', 'again', { qos: 1 })).toMatchObject({ reasonCode: 0 })
    const texts = one.logger.lines
      .map(({ message }) => message)
      .filter((text) => text.startsWith('the store'))
    expect(texts).toEqual([
      'the store is out of reach: the store is out of reach; QoS 1 and 2 wait and are then refused',
      'the store is in reach again',
    ])
  })

  it('knows afterwards what was subscribed to meanwhile', async () => {
    const service = new TestService()
    const one = await service.join('one')
    const two = await service.join('two')
    const sender = await one.client({ clientId: 'sender', protocolVersion: 5 })
    service.store.cut('one')
    await service.clock.advance(service.store.lease + 3_000)
    const reader = await two.client({ clientId: 'reader' })
    await reader.subscribe('a', { qos: 1 })
    expect(await sender.publish('a', 'too early', { qos: 1 })).toMatchObject({ reasonCode: 0x97 })
    service.store.heal('one')
    await service.settle()
    expect(await sender.publish('a', 'x', { qos: 1 })).toMatchObject({ reasonCode: 0 })
    expect(await reader.message()).toMatchObject({ payload: 'x' })
  })
})

describe('a node that stood still for longer than its lease', () => {
  it('acknowledges nothing before it knows what was subscribed to meanwhile', async () => {
    const service = new TestService()
    const [one, two] = [await service.join('one'), await service.join('two')]
    const sender = await one.client({ clientId: 'sender', protocolVersion: 5 })
    const reader = await two.client({ clientId: 'reader' })
    service.store.hang('one')
    await service.clock.advance(service.store.lease + 2_500)
    await reader.subscribe('a', { qos: 1 })
    service.store.heal('one')
    for (let i = 1; i <= 200; i++) {
      sender.send({ ...publish('a', i), payload: String(i) })
      await new Promise(setImmediate)
    }
    await service.settle()
    const taken: string[] = []
    for (const packet of sender.received)
      if (packet.cmd === 'puback' && packet.reasonCode === 0) taken.push(String(packet.messageId))
    const refused = sender.received.filter((packet) => packet.cmd === 'puback' && packet.reasonCode === 0x97)
    const found = reader.received.flatMap((packet) =>
      packet.cmd === 'publish' ? [packet.payload.toString()] : [],
    )
    expect(found).toEqual(taken)
    expect(refused.length).toBeGreaterThan(0)
    expect(taken.length).toBeGreaterThan(0)
  })
})

describe('a node that was claimed by another', () => {
  it('closes its clients, and joins anew with nothing', async () => {
    const service = new TestService()
    const one = await service.join('one')
    const two = await service.join('two')
    const client = await one.client({ clientId: 'client', protocolVersion: 5 })
    service.store.hang('one')
    await service.clock.advance(service.store.lease + 100)
    const claimed = await service.claim('two', 'one')
    service.store.heal('one')
    await service.settle()
    expect(await client.next()).toMatchObject({ cmd: 'disconnect', reasonCode: 0x89 })
    const late = one.open({ clientId: 'late', protocolVersion: 5 })
    expect(await late.connect()).toMatchObject({ reasonCode: 0x88 })
    expect(await claimed?.forget('~')).toBe(true)
    await service.clock.advance(service.store.lease)
    expect(one.backend.stats).toMatchObject({ sessions: 0, subscriptions: 0 })
    const reader = await one.client({ clientId: 'reader' })
    await reader.subscribe('a', { qos: 1 })
    const sender = await two.client({ clientId: 'sender' })
    await sender.publish('a', 'x', { qos: 1 })
    expect(await reader.message()).toMatchObject({ payload: 'x' })
  })
})

it('a node says in the log that it has joined, and how many there are', async () => {
  const service = new TestService()
  await service.join('one')
  const two = await service.join('two')
  expect(two.logger.lines.map(({ message }) => message)).toContain(
    'this broker is the node two of a service that has 2 now',
  )
  expect(two.logger.events('node.joined')).toMatchObject([{ node: 'two', count: 2 }])
})
