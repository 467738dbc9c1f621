/** What waits for a node that does not read has a bound. */
import type { TestClient } from '@mqtt-stack/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'

/** How much may wait for a node. */
const BOUND = 65_536
const BODY = 'x'.repeat(2_000)
/** So many of them, and there is no end. */
const MANY = 200

let service: TestService
let one: TestNode
let two: TestNode

beforeEach(async () => {
  service = new TestService()
  const shared = { inboxBytes: BOUND }
  one = await service.join('one', { shared })
  two = await service.join('two', { shared })
})

/** A session on node one whose messages are kept; its client is there. */
async function reader(filter: string, node: TestNode = one): Promise<TestClient> {
  const client = await node.client({ clientId: `reader of ${filter}`, clean: false })
  await client.subscribe(filter, { qos: 2 })
  return client
}

/** Publishes until it is refused; how many were taken. */
async function fill(sender: TestClient, topic: string, qos: 1 | 2 = 1): Promise<number> {
  for (let taken = 0; taken < MANY; taken++) {
    const answer = (await sender.publish(topic, BODY, { qos })) as { reasonCode?: number }
    if (answer.reasonCode === 0) continue
    expect(answer.reasonCode).toBe(0x97)
    return taken
  }
  throw new Error(`all ${MANY} messages were taken`)
}

describe('what waits for a node that does not read', () => {
  it.each([1, 2] as const)(
    'has a bound: QoS %i is refused with 0x97, and comes again when it reads',
    async (qos) => {
      const got = await reader('a')
      const near = await reader('b', two)
      const properties = { sessionExpiryInterval: 600 }
      const sender = await two.client({ clientId: 'sender', clean: false, protocolVersion: 5, properties })
      const go = service.holdInbox('one')
      const taken = await fill(sender, 'a', qos)
      expect(taken).toBeGreaterThan(20)
      expect(service.store.left.parts.one.bytes).toBeLessThan(1.2 * BOUND)
      // Others hear what they subscribed to.
      expect(await sender.publish('b', 'near', { qos })).toMatchObject({ reasonCode: 0 })
      expect(await near.message()).toMatchObject({ payload: 'near' })
      await service.clock.advance(2_000)
      expect(await sender.publish('a', BODY, { qos })).toMatchObject({ reasonCode: 0x97 })
      go()
      await service.clock.advance(2_000)
      for (let i = 0; i < taken; i++) expect((await got.message()).payload).toBe(BODY)
      await got.expectNothing()
      await sender.publish('a', 'not yet', { qos })
      await service.settle()
      expect(await sender.publish('a', 'again', { qos })).toMatchObject({ reasonCode: 0 })
      expect(await got.message()).toMatchObject({ payload: 'again' })
    },
  )

  it('has a bound for filters that come and go too: new ones are refused with 0x97, until it reads', async () => {
    const near = await reader('near', two)
    const go = service.holdInbox('one')
    const long = 'x'.repeat(150)
    const subscribe = async (i: number): Promise<TestClient> => {
      const client = await two.client({ clientId: `churn-${i}`, protocolVersion: 5 })
      const subscriptions = [...Array(20).keys()].map((j) => ({
        topic: `${long}/${i}/${j}`,
        qos: 1 as const,
      }))
      client.send({ cmd: 'subscribe', messageId: 1, subscriptions })
      await service.settle()
      return client
    }
    for (let i = 0; i < MANY; i++) await (await subscribe(i)).drop()
    expect(service.store.left.parts.one.bytes).toBeLessThan(1.2 * BOUND)
    const refused = await (await subscribe(MANY)).next('suback')
    expect(refused).toMatchObject({ granted: Array(20).fill(0x97) })
    // Nobody has to be told of these.
    expect(await near.subscribe('near', { qos: 1 })).toMatchObject({ granted: [1] })
    const same = await two.client({ clientId: 'same', protocolVersion: 5 })
    expect(await same.subscribe('near', { qos: 1 })).toMatchObject({ granted: [1] })
    go()
    await service.clock.advance(3_000)
    await subscribe(MANY)
    await service.clock.advance(3_000)
    const late = await subscribe(MANY + 1)
    await service.clock.advance(1_000)
    expect(await late.next('suback')).toMatchObject({ granted: Array(20).fill(1) })
  })

  it('closes publishers of 3.1.1, which cannot be told', async () => {
    await reader('a')
    const told = await two.client({ clientId: 'told', protocolVersion: 5 })
    service.holdInbox('one')
    await fill(told, 'a')
    const older = await two.client({ clientId: 'older' })
    older.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 1, messageId: 1, dup: false, retain: false })
    await older.closed
    // What nobody waits for goes as it always does.
    expect(await told.publish('a', 'x', { qos: 0 })).toBeUndefined()
  })

  it('is bounded for one that is dead, until another node has taken what it left', async () => {
    const left = await reader('a')
    left.stream.destroy()
    const sender = await two.client({ clientId: 'sender', protocolVersion: 5 })
    service.store.kill('one')
    const taken = await fill(sender, 'a')
    expect(service.store.left.parts.one.bytes).toBeLessThan(1.2 * BOUND)
    await service.clock.advance(4 * service.store.lease)
    expect(Object.keys(service.store.left.parts)).toEqual(['two'])
    expect(await sender.publish('a', 'again', { qos: 1 })).toMatchObject({ reasonCode: 0 })
    const back = two.open({ clientId: 'reader of a' })
    await back.connect({ clean: false })
    for (let i = 0; i < taken; i++) expect((await back.message()).payload).toBe(BODY)
    expect(await back.message()).toMatchObject({ payload: 'again' })
  })

  it('is told in the log, once, and that it is over', async () => {
    await reader('a')
    const sender = await two.client({ clientId: 'sender', protocolVersion: 5 })
    const go = service.holdInbox('one')
    await fill(sender, 'a')
    await sender.publish('a', BODY, { qos: 1 })
    go()
    for (let i = 0; i < 3; i++) {
      await service.clock.advance(2_000)
      await sender.publish('a', 'x', { qos: 1 })
    }
    const said = two.logger.lines.filter(({ message }) => /^the node one .*read/.test(message))
    expect(said.map(({ message }) => message.replace(/\d{5}/, 'N'))).toEqual([
      'the node one does not read what is sent to it: N bytes wait, and messages of QoS 1 and 2 for its clients are refused (inboxBytes)',
      'the node one reads what is sent to it again',
    ])
  })

  it('goes to another node that has a member of the group, and is refused where none has', async () => {
    const share = '$share/workers/a'
    await reader(share)
    const three = await service.join('three')
    const other = await reader('b', three)
    await other.subscribe(share, { qos: 1 })
    const sender = await two.client({ clientId: 'sender', protocolVersion: 5 })
    await reader('c')
    service.holdInbox('one')
    await fill(sender, 'c')
    for (const payload of ['1', '2', '3'])
      expect(await sender.publish('a', payload, { qos: 1 })).toMatchObject({ reasonCode: 0 })
    for (const payload of ['1', '2', '3']) expect(await other.message()).toMatchObject({ payload })
    await other.unsubscribe(share)
    await service.settle()
    expect(await sender.publish('a', 'x', { qos: 1 })).toMatchObject({ reasonCode: 0x97 })
  })

  it('is dropped, and told, where a session leaves it behind for a group that is there alone', async () => {
    const share = '$share/workers/a'
    await reader(share)
    const near = await two.client({ clientId: 'near', clean: false })
    await near.subscribe(share, { qos: 1 })
    const sender = await two.client({ clientId: 'sender', protocolVersion: 5 })
    await reader('c')
    service.holdInbox('one')
    await fill(sender, 'c')
    await near.disconnect()
    await sender.publish('a', 'left', { qos: 1 })
    expect(two.drops).toEqual([])
    const again = await two.client({ clientId: 'near', clean: true })
    await again.disconnect()
    await service.settle()
    expect(two.drops).toMatchObject([{ clientId: 'near', payload: 'left', reason: 'memory-full' }])
  })
})
