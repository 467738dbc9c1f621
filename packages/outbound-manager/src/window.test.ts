/** The window against the plain map that it stands for. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Inflight } from './inflight.ts'
import { Window } from './window.ts'

/** Sends with the next identifier, with more to know or not, or acknowledges the nth that is in flight. */
const steps = fc.array(
  fc.oneof(
    fc.record({ plain: fc.boolean() }),
    // Mostly the oldest, as clients do.
    fc.record({ acknowledge: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(70)) }),
  ),
  { maxLength: 600 },
)

const MANY = Number.POSITIVE_INFINITY
const sizeOf = (id: number): number => (id % 7) * 5_000

const entryOf = (id: number): Inflight => new Inflight(id, 2, 0, 0, sizeOf(id))

describe('Window', () => {
  it('holds what a map would hold, in any order of acknowledgements', () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 5, 16, 20, 64), fc.nat(65_534), steps, (limit, from, todo) => {
        const window = new Window(limit, 100_000)
        const model = new Map<number, Inflight | undefined>()
        let next = from
        for (const step of todo) {
          if ('plain' in step) {
            const id = 1 + (next % 65_535)
            expect(window.has(id)).toBe(model.has(id))
            if (window.room === 0 || window.has(id)) continue
            const entry = step.plain ? undefined : entryOf(id)
            window.add(id, sizeOf(id), entry)
            model.set(id, entry)
            next++
          } else {
            const id = [...model.keys()][step.acknowledge]
            if (id === undefined) continue
            const entry = window.get(id)
            expect(entry).toBe(model.get(id))
            expect(window.deletePlain(id)).toBe(entry === undefined)
            if (entry !== undefined) window.delete(entry)
            model.delete(id)
            expect(window.has(id)).toBe(false)
          }
          const bytes = [...model.keys()].reduce((sum, each) => sum + sizeOf(each), 0)
          expect(window.room).toBe(bytes >= 100_000 ? 0 : limit - model.size)
        }
        for (const id of model.keys()) expect(window.has(id)).toBe(true)
        const entries = [...model.values()].filter((entry) => entry !== undefined)
        expect(new Set(window.entries())).toEqual(new Set(entries))
      }),
    )
  })

  it.each([undefined, entryOf(1)])(
    'keeps one that is never acknowledged, however many pass it (%o)',
    (late) => {
      const window = new Window(64, MANY)
      window.add(1, 10, late)
      for (let id = 2; id < 1_000; id++) {
        window.add(id, 10, undefined)
        expect(window.deletePlain(id)).toBe(true)
      }
      expect([window.has(1), window.get(1), window.room]).toEqual([true, late, 63])
    },
  )

  it('knows nothing of identifiers that are not in flight', () => {
    const window = new Window(64, MANY)
    window.add(7, sizeOf(7), entryOf(7))
    expect([window.has(23), window.get(23), window.deletePlain(23), window.deletePlain(7)]).toEqual([
      false,
      undefined,
      false,
      false,
    ])
  })
})
