import { describe, expect, it } from 'vitest'
import { randomOf } from '../../../../test/rig/random.ts'
import { heapUsed, keptYoungOf } from '../../../../test/rig/young.ts'
import { Sequenced } from './sequenced.ts'

interface Entry {
  readonly sequence: number
  readonly bytes?: number[]
}

describe('entries by their sequences', () => {
  it.each([1, 2, 3, 4, 5, 6])('are those of a Map, in order (seed %i)', (seed) => {
    const random = randomOf(seed)
    const entries = new Sequenced<Entry>()
    const model = new Map<number, Entry>()
    let last = 0
    for (let i = 0; i < 6_000; i++) {
      const choice = random()
      const known = [...model.keys()]
      const any = known[Math.floor(random() * known.length)] ?? 1
      const grows = i % 1_500 < 700 ? 0.6 : 0.25
      if (choice < grows) {
        // Mostly the next one; sometimes numbers are left out.
        last += random() < 0.95 ? 1 : 1 + Math.floor(random() * 1_000)
        add({ sequence: last })
      } else if (choice < grows + 0.01) add({ sequence: any })
      else if (choice < grows + 0.02) add({ sequence: Math.max(1, any - 1 - Math.floor(random() * 3)) })
      else {
        // Mostly from the front.
        const gone = random() < 0.8 ? (Math.min(...known.slice(0, 500), last + 1) as number) : any
        expect(entries.delete(gone)).toBe(model.delete(gone))
      }
      if (i % 2_900 === 2_899) {
        entries.clear()
        model.clear()
      }
      expect(entries.size).toBe(model.size)
      for (const sequence of [any, any - 1, any + 1, last, last + 1, 0])
        expect(entries.get(sequence)).toBe(model.get(sequence))
      if (i % 60 === 0) {
        const inOrder = [...model.values()].sort((one, other) => one.sequence - other.sequence)
        expect([...entries.values()]).toEqual(inOrder)
        expect([...entries.keys()]).toEqual(inOrder.map(({ sequence }) => sequence))
      }
    }

    function add(entry: Entry): void {
      entries.add(entry)
      model.set(entry.sequence, entry)
      last = Math.max(last, entry.sequence)
    }
  })

  it('may be taken out while they are gone through', () => {
    const entries = new Sequenced<Entry>()
    for (let sequence = 1; sequence <= 200; sequence++) entries.add({ sequence })
    for (const { sequence } of entries.values()) entries.delete(sequence)
    expect(entries.size).toBe(0)
  })

  it('are gone through as those of a Map while others come and go', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = randomOf(seed)
      const entries = new Sequenced<Entry>()
      const model = new Map<number, Entry>()
      let last = 0
      const change = (): void => {
        for (let i = Math.floor(random() * 12); i > 0; i--) {
          if (random() < 0.4) {
            const entry = { sequence: ++last }
            entries.add(entry)
            model.set(last, entry)
          } else {
            const gone = last - Math.floor(random() * 40)
            expect(entries.delete(gone)).toBe(model.delete(gone))
          }
        }
      }
      while (last < 40) change()
      const expected = model.values()
      for (const entry of entries.values()) {
        expect(entry).toBe(expected.next().value)
        if (last < 300) change()
      }
      expect(expected.next().done).toBe(true)
    }
  })

  it('leave no room behind when most of them are gone', () => {
    const all = Array.from({ length: 200 }, () => new Sequenced<Entry>())
    const before = heapUsed()
    for (const entries of all) {
      for (let sequence = 1; sequence <= 1_050; sequence++) entries.add({ sequence })
      for (let sequence = 1; sequence < 1_050; sequence++) entries.delete(sequence)
    }
    expect((heapUsed() - before) / all.length).toBeLessThan(1_000)
  })

  it('are found next to one that stays for ever without room for all that came since', () => {
    const entries = new Sequenced<Entry>()
    entries.add({ sequence: 1 })
    for (let sequence = 2; sequence < 200_000; sequence++) {
      entries.add({ sequence })
      expect(entries.delete(sequence)).toBe(true)
    }
    expect(entries.get(1)?.sequence).toBe(1)
    expect([...entries.keys()]).toEqual([1])
  })

  it('are not kept when they were taken out', async () => {
    const entries = new Sequenced<Entry>()
    let last = 0
    const kept = await keptYoungOf(4_000, () => {
      entries.add({ sequence: ++last, bytes: new Array<number>(250).fill(0) })
      entries.delete(last - 10)
    })
    // Each takes 2,000 and more.
    expect(kept).toBeLessThan(200)
  })
})
