import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PacketIds } from './packet-ids.ts'

describe('a set of packet identifiers', () => {
  it('holds what was added and not deleted, as a set of numbers does', () => {
    const id = fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 1, max: 40 }))
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), id)), (actions) => {
        const [ids, model] = [new PacketIds(), new Set<number>()]
        for (const [adds, one] of actions) {
          if (adds) {
            const growth = ids.growth(one)
            const before = ids.bytes
            ids.add(one)
            model.add(one)
            expect(ids.bytes - before).toBe(growth)
          } else {
            ids.delete(one)
            model.delete(one)
          }
          expect(ids.has(one)).toBe(adds)
        }
        expect(ids.size).toBe(model.size)
        expect(ids.list()).toEqual([...model].sort((a, b) => a - b))
      }),
    )
  })

  it('takes 8 KiB for all that there can be', () => {
    const ids = PacketIds.of(Array.from({ length: 65_535 }, (_, i) => i + 1))
    expect([ids.size, ids.bytes]).toEqual([65_535, 8_192])
    expect(ids.list()).toHaveLength(65_535)
  })
})
