import { MemoryService, VirtualClock } from '@mqtt-stack/testing'
import { describe, it } from 'vitest'
import { describeSharedStore } from './describe-shared-store.ts'

describe('in memory:', () => {
  describeSharedStore({
    describe,
    it,
    create: () => {
      const clock = new VirtualClock()
      const service = new MemoryService({ clock, feed: 100 })
      return { open: (node) => service.node(node), pass: (ms) => clock.advance(ms), feed: 100 }
    },
  })
})
