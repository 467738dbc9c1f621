/** The window against the plain map that it stands for. */
import type { QoS } from '@mqtt-stack/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Window } from './window.ts'

/** Sends with the next identifier, or acknowledges the nth that is in flight. */
const steps = fc.array(
  fc.oneof(
    fc.record({ send: fc.constantFrom<QoS>(1, 2) }),
    // Mostly the oldest, as clients do.
    fc.record({ acknowledge: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(70)) }),
  ),
  { maxLength: 600 },
)

describe('Window', () => {
  it('holds what a map would hold, in any order of acknowledgements', () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 5, 16, 20, 64), fc.nat(65_534), steps, (limit, from, todo) => {
        const window = new Window(limit)
        const model = new Map<number, { qos: QoS; sequence: number }>()
        let sequence = from
        for (const step of todo) {
          if ('send' in step) {
            const id = 1 + (sequence % 65_535)
            if (window.room === 0 || window.get(id) !== undefined) continue
            window.add(id, step.send, sequence, ++sequence, undefined)
            model.set(id, { qos: step.send, sequence })
          } else {
            const id = [...model.keys()][step.acknowledge]
            if (id === undefined) continue
            window.delete(window.get(id)!)
            model.delete(id)
            expect(window.get(id)).toBeUndefined()
          }
          expect(window.room).toBe(limit - model.size)
        }
        for (const [id, { qos, sequence: at }] of model)
          expect(window.get(id)).toMatchObject({ id, qos, sequence: at, phase: 'sent' })
        expect(new Set(window.entries().map(({ id }) => id))).toEqual(new Set(model.keys()))
      }),
    )
  })

  it('keeps one that is never acknowledged, however many pass it', () => {
    const window = new Window(64)
    const late = window.add(1, 1, 0, 0, undefined)
    for (let id = 2; id < 1_000; id++) window.delete(window.add(id, 1, 0, 0, undefined))
    expect(window.get(1)).toBe(late)
    expect(window.room).toBe(63)
  })

  it('uses an entry again, but none of QoS 2, which a release may still hold', () => {
    const window = new Window(64)
    const once = window.add(1, 1, 0, 0, undefined)
    window.delete(once)
    expect(window.add(17, 1, 0, 0, undefined)).toBe(once)
    const twice = window.add(2, 2, 0, 0, undefined)
    window.delete(twice)
    expect(twice.id).toBe(2)
    expect(window.add(18, 2, 0, 0, undefined)).not.toBe(twice)
  })
})
