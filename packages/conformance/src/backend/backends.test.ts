import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import { lateBackend, MemoryService, MemoryStore, slowBackend, VirtualClock } from '@mqtt-stack/testing'
import { describe, it } from 'vitest'
import { DRIVERS } from '../../../../test/rig/real-store.ts'
import { describeBackend } from './describe-backend.ts'
import { overService } from './over-service.ts'
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

describe('over a store that several nodes share', () => {
  const create = overService(() => {
    const clock = new VirtualClock()
    const service = new MemoryService({ clock })
    const left = (): Record<string, number> => {
      const { parts, names, retained } = service.left
      const all = Object.values(parts)
      const sum = (count: (part: (typeof all)[number]) => number): number =>
        all.reduce((total, part) => total + count(part), 0)
      return { names, retained, keys: sum(({ keys }) => keys), entries: sum(({ entries }) => entries) }
    }
    const pass = (ms: number): Promise<void> => clock.advance(ms)
    return { clock, lease: service.lease, pass, left, open: (node) => service.node(node) }
  })
  describeBackend({ describe, it, create, capabilities: { distributed: true } })
})

describe.each(DRIVERS)('over %s', (_, make) => {
  const create = overStore(() => {
    const path = mkdtempSync(join(tmpdir(), 'driver-'))
    return { open: () => make(path), remove: () => rmSync(path, { recursive: true, force: true }) }
  })
  describeBackend({ describe, it, create, capabilities: { durable: true } })
})
