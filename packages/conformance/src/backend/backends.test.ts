import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import { lateBackend, MemoryStore, slowBackend } from '@mqtt-stack/testing'
import { describe, it } from 'vitest'
import { DRIVERS } from '../../../../test/rig/real-store.ts'
import { describeBackend } from './describe-backend.ts'
import { overStore } from './over-store.ts'

describe('in memory', () => {
  describeBackend({ describe, it, create: (bounds) => ({ backend: new MemoryBackend(bounds) }) })
})

describe('on a slow disk', () => {
  describeBackend({
    describe,
    it,
    create: (bounds) => ({ backend: slowBackend(new MemoryBackend(bounds), 20) }),
  })
})

describe('that answers late', () => {
  describeBackend({
    describe,
    it,
    create: (bounds) => ({ backend: lateBackend(new MemoryBackend(bounds), { stages: true }) }),
  })
})

describe('over an ordered store', () => {
  const create = overStore(() => {
    const store = new MemoryStore()
    return { open: () => store }
  })
  describeBackend({ describe, it, create, capabilities: { durable: true } })
})

describe('over a slow ordered store', () => {
  const create = overStore(() => {
    const store = new MemoryStore({ commit: 20 })
    return { open: () => store }
  })
  describeBackend({ describe, it, create, capabilities: { durable: true } })
})

describe.each(DRIVERS)('over %s', (_, make) => {
  const create = overStore(() => {
    const path = mkdtempSync(join(tmpdir(), 'driver-'))
    return { open: () => make(path), remove: () => rmSync(path, { recursive: true, force: true }) }
  })
  describeBackend({ describe, it, create, capabilities: { durable: true } })
})
