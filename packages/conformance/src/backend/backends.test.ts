import { MemoryBackend } from '@mqtt-stack/memory-backend'
import { MemoryStore } from '@mqtt-stack/testing'
import { describe, it } from 'vitest'
import { describeBackend } from './describe-backend.ts'
import { overStore } from './over-store.ts'

describe('in memory', () => {
  describeBackend({ describe, it, create: (bounds) => ({ backend: new MemoryBackend(bounds) }) })
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
