/** Retained messages of a service, from client to client over its nodes. */
import { describe, expect, it } from 'vitest'
import { TestService } from '../../../../../test/rig/nodes.ts'

describe('retained messages of several nodes', () => {
  it('are there for who subscribes on another node behind PUBACK', async () => {
    const service = new TestService()
    const [one, two] = [await service.join('one'), await service.join('two')]
    const sensor = await one.client({ clientId: 'sensor' })
    for (const i of [1, 2, 3]) {
      await sensor.publish('room/1', `${i}`, { qos: 1, retain: true })
      const reader = await two.client({ clientId: `reader ${i}` })
      await reader.subscribe('room/+', { qos: 1 })
      expect(await reader.message()).toMatchObject({ topic: 'room/1', payload: `${i}`, retain: true })
      await reader.disconnect()
    }
    await sensor.publish('room/1', '', { qos: 1, retain: true })
    const late = await two.client({ clientId: 'late' })
    await late.subscribe('room/+', { qos: 1 })
    await late.expectNothing('publish')
    expect(service.store.left.retained).toBe(0)
  })

  it('are purged on all nodes, those of other nodes too', async () => {
    const service = new TestService()
    const [one, two] = [await service.join('one'), await service.join('two')]
    const sensor = await one.client({ clientId: 'sensor' })
    await sensor.publish('room/1', 'x', { qos: 1, retain: true })
    await sensor.publish('hall/1', 'x', { qos: 1, retain: true })
    const purged = { waiting: 0, retained: 0, wills: 0 }
    await two.stack.call('purgeMessages', { filter: 'room/#', only: 'retained' }, purged)
    expect(purged.retained).toBe(1)
    for (const node of [one, two]) {
      const reader = await node.client({ clientId: 'reader' })
      await reader.subscribe('#', { qos: 1 })
      expect(await reader.message()).toMatchObject({ topic: 'hall/1' })
      await reader.expectNothing('publish')
      await reader.disconnect()
    }
  })

  it('are there for a node that joins, and go on when all nodes have stopped', async () => {
    const service = new TestService()
    const one = await service.join('one')
    await (await one.client({ clientId: 'sensor' })).publish('t', 'x', { qos: 1, retain: true })
    const stopping = one.stop()
    // It waits for its inbox.
    await service.clock.advance(1_000)
    await stopping
    const joining = service.join('two')
    // It takes what the other has left.
    await service.clock.advance(60_000)
    const two = await joining
    const reader = await two.client({ clientId: 'reader' })
    await reader.subscribe('t', { qos: 1 })
    expect(await reader.message()).toMatchObject({ topic: 't', payload: 'x', retain: true })
  })
})
