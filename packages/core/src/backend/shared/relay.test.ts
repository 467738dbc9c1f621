/** Messages from node to node. */
import { describe, expect, it } from 'vitest'
import { TestService } from '../../../../../test/rig/nodes.ts'

describe('a message on another node', () => {
  it.each([0, 1, 2] as const)('of QoS %i comes to who subscribed, once', async (qos) => {
    const service = new TestService()
    const [one, two] = [await service.join('one'), await service.join('two')]
    const reader = await one.client({ clientId: 'reader' })
    await reader.subscribe('room/+', { qos })
    await reader.subscribe('#', { qos })
    const sender = await two.client({ clientId: 'sender', clean: false })
    for (const payload of ['1', '2', '3']) await sender.publish('room/1', payload, { qos })
    for (const payload of ['1', '2', '3'])
      expect(await reader.message()).toMatchObject({ topic: 'room/1', payload, qos })
    await reader.expectNothing()
  })
})
