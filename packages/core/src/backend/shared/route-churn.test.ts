/** Subscriptions that come and go at a client's pace fill no inbox, shared ones neither, and in the end others know what there is. */
import type { TestClient } from '@mqtt-stack/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'

/** How much may wait for a node. */
const BOUND = 65_536
const STORED = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 3_000 } } as const
const FILTERS = Array.from({ length: 20 }, (_, i) => `$share/g/${'x'.repeat(150)}/${i}`)
const [FIRST] = FILTERS
const TOPIC = FIRST.slice('$share/g/'.length)

let service: TestService
let one: TestNode
let two: TestNode
/** A member of all groups, which stays. */
let stays: TestClient

beforeEach(async () => {
  service = new TestService()
  const shared = { inboxBytes: BOUND }
  one = await service.join('one', { shared })
  two = await service.join('two', { shared })
  stays = await two.client({ clientId: 'stays', protocolVersion: 5 })
  await stays.subscribe(FILTERS, { qos: 1 })
  await service.clock.advance(1_000)
})

function waiting(): number {
  return service.store.left.parts.one.bytes
}

/** What node one knows of the members of the first group on node two: whether messages of QoS 0, and of QoS 1, go there. */
async function reach(...members: TestClient[]): Promise<number[]> {
  const before = members.map(({ received }) => received.length)
  const sender = await one.client({ clientId: 'sender', protocolVersion: 5 })
  for (let i = 0; i < 4; i++) await sender.publish(TOPIC, 'x', { qos: 1 })
  await service.settle()
  await sender.disconnect()
  return members.map(
    ({ received }, i) => received.slice(before[i]).filter(({ cmd }) => cmd === 'publish').length,
  )
}

describe('what a node that does not read hears of groups', () => {
  it('has a bound where members subscribe and unsubscribe in a loop', async () => {
    const go = service.holdInbox('one')
    const client = await two.client({ clientId: 'comes and goes', protocolVersion: 5 })
    for (let i = 0; i < 60; i++) {
      expect(await client.subscribe(FILTERS, { qos: 1 })).toMatchObject({ granted: FILTERS.map(() => 1) })
      await client.unsubscribe(FILTERS)
      await service.clock.advance(100)
    }
    expect(waiting()).toBeLessThan(1.2 * BOUND)
    await client.subscribe(FILTERS, { qos: 1 })
    go()
    await service.clock.advance(5_000)
    expect(await reach(stays, client)).toEqual([2, 2])
    await client.unsubscribe(FILTERS)
    await service.settle()
    expect(await reach(stays, client)).toEqual([4, 0])
  })

  it('has a bound where a member with many groups connects and goes in a loop', async () => {
    let client = await two.client({ ...STORED, clientId: 'comes and goes' })
    await client.subscribe(FILTERS, { qos: 1 })
    await stays.drop()
    const go = service.holdInbox('one')
    for (let i = 0; i < 40; i++) {
      await client.drop()
      client = await two.client({ ...STORED, clientId: 'comes and goes' })
      await service.clock.advance(100)
    }
    expect(waiting()).toBeLessThan(1.2 * BOUND)
    go()
    await service.clock.advance(5_000)
    const other = await one.client({ ...STORED, clientId: 'other' })
    await other.subscribe(FIRST, { qos: 1 })
    await other.drop()
    expect(await reach(client)).toEqual([4])
    await client.drop()
    await service.settle()
    const back = await one.client({ ...STORED, clientId: 'other' })
    expect(await reach(back)).toEqual([4])
  })

  it('has a bound where the last member of groups comes and goes, who is refused with 0x97 then', async () => {
    await stays.drop()
    await service.clock.advance(1_000)
    const go = service.holdInbox('one')
    const subscriptions = FILTERS.map((topic) => ({ topic, qos: 1 as const }))
    const come = async (clientId: string): Promise<TestClient> => {
      const client = await two.client({ clientId, protocolVersion: 5 })
      client.send({ cmd: 'subscribe', messageId: 1, subscriptions })
      await service.settle()
      return client
    }
    for (let i = 0; i < 60; i++) await (await come(`comes and goes ${i}`)).drop()
    expect(waiting()).toBeLessThan(1.2 * BOUND)
    const refused = await come('refused')
    expect(await refused.next('suback')).toMatchObject({ granted: FILTERS.map(() => 0x97) })
    go()
    await service.clock.advance(5_000)
    expect(await refused.subscribe(FILTERS, { qos: 1 })).toMatchObject({ granted: FILTERS.map(() => 1) })
    expect(await reach(refused)).toEqual([4])
  })

  it('has a bound for marks, which its own clients ask for', async () => {
    const go = service.holdInbox('one')
    const filler = await two.client({ clientId: 'filler', protocolVersion: 5 })
    const near = await one.client({ clientId: 'near', protocolVersion: 5 })
    near.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 1 }] })
    await service.settle()
    for (let answer = 0; answer !== 0x97; )
      answer = ((await filler.publish('a', 'x'.repeat(2_000), { qos: 1 })) as { reasonCode: number })
        .reasonCode
    const before = waiting()
    const others: TestClient[] = []
    for (let i = 0; i < 50; i++) {
      const other = await one.client({ clientId: `other ${i}`, protocolVersion: 5 })
      other.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `b/${i}`, qos: 1 }] })
      await service.settle()
      others.push(other)
    }
    expect(waiting() - before).toBeLessThan(200)
    go()
    await service.clock.advance(5_000)
    for (const other of others) expect(await other.next('suback')).toMatchObject({ granted: [1] })
  })
})
