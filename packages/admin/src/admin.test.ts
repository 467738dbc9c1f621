import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { openAdmin } from '../../../test/rig/admin.ts'

describe('clients', () => {
  it('lists them, and kicks one', async () => {
    const { url, ask, client, logger } = await openAdmin()
    const device = await client({ clientId: 'lamp/1' })
    assert.ok(url.startsWith('http://127.0.0.1:'))
    const { status, body } = await ask('/api/clients')
    assert.equal(status, 200)
    assert.deepEqual(
      body.items.map((one: { clientId: string }) => one.clientId),
      ['lamp/1'],
    )
    const kicked = await ask('/api/clients/lamp%2F1', { method: 'DELETE' })
    assert.equal(kicked.status, 204, JSON.stringify([kicked.body, logger.lines ?? logger]))
    await device.closed
  })
})
