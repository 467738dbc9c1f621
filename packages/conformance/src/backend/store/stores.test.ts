import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryStore } from '@mqtt-stack/testing'
import { describe, it } from 'vitest'
import { DRIVERS } from '../../../../../test/rig/real-store.ts'
import { describeStore } from './describe-store.ts'

describe.each([0, 20])('in memory, commits of %i ms:', (commit) => {
  describeStore({
    describe,
    it,
    create: () => {
      const store = new MemoryStore({ commit })
      return { open: () => store }
    },
  })
})

describe.each(DRIVERS)('%s:', (_, make) => {
  describeStore({
    describe,
    it,
    create: () => {
      const path = mkdtempSync(join(tmpdir(), 'store-'))
      return { open: () => make(path), remove: () => rmSync(path, { recursive: true, force: true }) }
    },
  })
})
