import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { heapUsed } from '../../../../test/rig/young.ts'
import { processorTime } from '../../../../test/support/processor-time.ts'
import { ChurnMap } from './churn-map.ts'
import { SmallMap } from './small-map.ts'

interface Value {
  readonly i: number
}

describe.each([
  ['ChurnMap', () => new ChurnMap<Value>()],
  ['SmallMap', () => new SmallMap<Value>()],
])('%s', (_, create) => {
  it('equals a Map', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('', 'a', 'b', '__proto__'), fc.boolean()), {
      maxLength: 40,
    })
    fc.assert(
      fc.property(steps, (sequence) => {
        const map = create()
        const model = new Map<string, Value>()
        for (const [i, [key, present]] of sequence.entries()) {
          if (present) {
            map.set(key, { i })
            model.set(key, { i })
          } else {
            expect(map.delete(key)).toBe(model.delete(key))
          }
          expect(map.size).toBe(model.size)
          for (const key of ['', 'a', 'b', '__proto__', 'toString'])
            expect(map.get(key)).toEqual(model.get(key))
          const values: Value[] = []
          map.pushInto(values)
          expect(values.sort((a, b) => a.i - b.i)).toEqual([...model.values()].sort((a, b) => a.i - b.i))
        }
      }),
    )
  })

  it('stays correct over more removals than are kept waiting', () => {
    const map = create()
    for (const key of ['x', 'y']) map.set(key, { i: 0 })
    for (let i = 0; i < 5000; i++) {
      map.set(`key${i % 3000}`, { i })
      expect(map.delete(`key${i % 3000}`)).toBe(true)
      if (i % 1000 !== 7) continue
      expect(map.delete('x')).toBe(true)
      map.set('x', { i })
    }
    expect(map.size).toBe(2)
    expect(map.get('x')).toEqual({ i: 4007 })
    expect(map.get('key5')).toBeUndefined()
    const values: Value[] = []
    map.pushInto(values)
    expect(values).toHaveLength(2)
  })

  it('stays correct where keys go and come one by one, of few and of very many', () => {
    for (const count of [3_000, 20_000]) {
      const map = create()
      for (let i = 0; i < count; i++) map.set(`${i}`, { i })
      let deleted = 0
      for (let i = 0; i < 3 * count; i++) {
        if (map.delete(`${i}`)) deleted++
        map.set(`${i + count}`, { i: i + count })
      }
      expect(deleted).toBe(3 * count)
      const values: Value[] = []
      map.pushInto(values)
      expect(values.map(({ i }) => i)).toEqual(Array.from({ length: count }, (_, i) => 3 * count + i))
      expect([map.size, map.get('0'), map.get(`${3 * count - 1}`)]).toEqual([count, undefined, undefined])
    }
  })

  it('does not slow down when one key among many comes and goes', () => {
    const map = create()
    for (let i = 0; i < 50_000; i++) map.set(`key${i}`, { i })
    const begin = processorTime()
    for (let i = 0; i < 20_000; i++) {
      map.set('restless', { i })
      map.delete('restless')
    }
    // A Map takes seconds for this.
    expect(processorTime() - begin).toBeLessThan(500)
  })
})

describe('the memory of what was removed', () => {
  it('is given back, however long the keys', () => {
    const map = new ChurnMap<Value>()
    map.set('stays', { i: 0 })
    const before = heapUsed()
    for (let i = 0; i < 50_000; i++) {
      map.set(`key${i}`, { i })
      map.delete(`key${i}`)
    }
    for (let i = 0; i < 200; i++) {
      const key = Buffer.alloc(60_000, `${i} `).toString()
      map.set(key, { i })
      map.delete(key)
    }
    expect(heapUsed() - before).toBeLessThan(2_000_000)
    expect(map.size).toBe(1)
  })
})
