/** What a node applies again, because it could not commit it, is done once where nothing of it can be taken back. */
import type { TestClient } from '@mqtt-stack/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import type { TestNode } from '../../../../../test/rig/nodes.ts'
import { TestService } from '../../../../../test/rig/nodes.ts'

const SHARE = '$share/workers/jobs'
const STORED = { protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 3_000 } } as const

let service: TestService
let one: TestNode
let two: TestNode
let sender: TestClient

beforeEach(async () => {
  service = new TestService()
  one = await service.join('one')
  two = await service.join('two')
  sender = await two.client({ clientId: 'sender', clean: false })
})

/** A connected member of the group on node one, without a log. */
async function member(clientId: string, ...topics: string[]): Promise<TestClient> {
  const client = await one.client({ clientId })
  await client.subscribe([SHARE, ...topics], { qos: 2 })
  return client
}

function payloads(...clients: TestClient[]): string[] {
  const packets = clients.flatMap(({ received }) => received)
  return packets.flatMap((packet) => (packet.cmd === 'publish' ? [packet.payload.toString()] : [])).sort()
}

describe('what is applied again after a commit that failed', () => {
  it.each([1, 2] as const)('comes once to members of a group without a log, at QoS %i', async (qos) => {
    const members = [await member('a'), await member('b'), await member('c')]
    for (const payload of ['1', '2', '3', '4']) {
      service.store.lose('one', 'write', 'failed')
      await sender.publish('jobs', payload, { qos })
      await service.clock.advance(2_000)
    }
    expect(payloads(...members)).toEqual(['1', '2', '3', '4'])
  })

  it('comes once to them however often it fails', async () => {
    const members = [await member('a'), await member('b')]
    const store = service.storeOf('one')
    const write = store.write.bind(store)
    store.write = () => Promise.reject(new Error('no'))
    for (const payload of ['1', '2', '3']) await sender.publish('jobs', payload, { qos: 1 })
    await service.clock.advance(5_000)
    store.write = write
    await sender.publish('jobs', '4', { qos: 1 })
    await service.clock.advance(2_000)
    expect(payloads(...members)).toEqual(['1', '2', '3', '4'])
  })

  it('comes to each group once', async () => {
    const other = await one.client({ clientId: 'other' })
    await other.subscribe('$share/others/jobs', { qos: 1 })
    const members = [await member('a'), await member('b')]
    service.store.lose('one', 'write', 'failed')
    await sender.publish('jobs', '1', { qos: 2 })
    await service.clock.advance(2_000)
    expect([payloads(other), payloads(...members)]).toEqual([['1'], ['1']])
  })

  it('comes to a member with a log, which gave it back', async () => {
    const stored = await one.client({ ...STORED, clientId: 'stored' })
    await stored.subscribe(SHARE, { qos: 2 })
    service.store.lose('one', 'write', 'failed')
    await sender.publish('jobs', '1', { qos: 2 })
    await service.clock.advance(2_000)
    await sender.publish('jobs', '2', { qos: 2 })
    await service.clock.advance(2_000)
    expect(payloads(stored)).toEqual(['1', '2'])
  })

  it.each([1, 2] as const)(
    'comes once to a group that a member elsewhere left it behind for, at QoS %i',
    async (qos) => {
      const leaving = await two.client({ ...STORED, clientId: 'leaving' })
      await leaving.subscribe(SHARE, { qos: 2 })
      await leaving.disconnect({ reasonCode: 0 })
      for (const payload of ['1', '2']) await sender.publish('jobs', payload, { qos })
      const members = [await member('a'), await member('b')]
      service.store.lose('one', 'write', 'failed')
      await two.client({ clientId: 'leaving', clean: true })
      await service.clock.advance(3_000)
      expect(payloads(...members)).toEqual(['1', '2'])
    },
  )

  it('comes once where it goes on to another node', async () => {
    const three = await service.join('three')
    const members = [await three.client({ clientId: 'a' }), await three.client({ clientId: 'b' })]
    for (const other of members) await other.subscribe(SHARE, { qos: 1 })
    const leaving = await member('leaving')
    service.store.hang('one')
    const all = ['1', '2', '3', '4', '5', '6']
    for (const payload of all) await sender.publish('jobs', payload, { qos: 1 })
    expect(payloads(...members).length).toBeLessThan(6)
    leaving.send({ cmd: 'unsubscribe', messageId: 1, unsubscriptions: [SHARE] })
    await service.settle()
    service.store.lose('one', 'write', 'failed')
    service.store.heal('one')
    await service.clock.advance(3_000)
    expect(payloads(...members)).toEqual(all)
  })

  it('does not keep what comes behind it from those who have no log', async () => {
    const reader = await member('a', 'plain')
    service.store.lose('one', 'write', 'failed')
    await sender.publish('jobs', '1', { qos: 1 })
    await sender.publish('plain', '2', { qos: 1 })
    await sender.publish('jobs', '3', { qos: 1 })
    await service.clock.advance(3_000)
    expect(payloads(reader)).toEqual(['1', '2', '3'])
  })

  it('is dropped once where nobody can take it', async () => {
    const shared = { sessionMessages: 1 }
    const three = await service.join('three', { shared })
    const full = await three.client({ ...STORED, clientId: 'full' })
    await full.subscribe('$share/full/f', { qos: 1 })
    await full.disconnect({ reasonCode: 0 })
    await sender.publish('f', '1', { qos: 1 })
    await service.clock.advance(1_000)
    service.store.lose('three', 'write', 'failed')
    await sender.publish('f', '2', { qos: 1 })
    await service.clock.advance(3_000)
    expect(three.drops).toMatchObject([{ clientId: 'full', payload: '2', reason: 'log-full' }])
  })
})
