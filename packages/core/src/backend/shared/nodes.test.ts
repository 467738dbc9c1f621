/** Two and three nodes over one store: what one of them knows of the others. */
import { describe, it } from 'vitest'
import { TestService } from '../../../../../test/rig/nodes.ts'

describe('nodes of one service', () => {
  it('acknowledge a subscription when the others know of it', async () => {
    const service = new TestService()
    const one = await service.join('one')
    await service.join('two')
    const reader = await one.client({ clientId: 'reader' })
    await reader.subscribe('room/+', { qos: 1 })
  })
})
