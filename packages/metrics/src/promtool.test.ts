import { MemoryStore } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { metered } from '../../../test/rig/metered.ts'
import { StoredBackend } from '../../../test/rig/stored-backend.ts'
import { needs, programPath } from '../../../test/support/needs.ts'
import { spawned } from '../../../test/support/spawned.ts'

describe('promtool check metrics', () => {
  it('finds nothing wrong', async (context) => {
    needs(context, 'promtool')
    const backend = new StoredBackend({}, new MemoryStore())
    const { client, metrics, families } = metered({}, { backend })
    const one = await client({ properties: { sessionExpiryInterval: 600 } })
    await one.subscribe('a', { qos: 1 })
    await one.publish('a', 'x', { qos: 1, retain: true })
    await one.drop()
    await families()
    const text = await metrics.text()
    expect(text).toContain('mqtt_store_commit_seconds_count')
    const promtool = spawned(programPath('promtool') as string, ['check', 'metrics'])
    promtool.child.stdin?.end(text)
    expect([await promtool.exited, promtool.stdout, promtool.stderr]).toEqual([0, '', ''])
  })
})
