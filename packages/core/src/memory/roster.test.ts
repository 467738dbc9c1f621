import { describe, expect, it } from 'vitest'
import { randomOf } from '../../../../test/rig/random.ts'
import { keptYoungOf } from '../../../../test/rig/young.ts'
import { Roster, Seat } from './roster.ts'

interface Member {
  readonly name: number
}

describe('a roster', () => {
  it.each([1, 2, 3, 4, 5])('has, in order, whoever came and has not left (seed %i)', (seed) => {
    const random = randomOf(seed)
    const roster = new Roster<Member>()
    const seats: [Member, Seat<Member>][] = []
    for (let i = 0; i < 5_000; i++) {
      // It grows, and shrinks to nothing.
      const comes = i % 1_000 < 500 ? 0.7 : 0.2
      if (random() < comes) {
        const member = { name: i }
        seats.push([member, roster.add(new Seat(member))])
      } else if (seats.length > 0) {
        const [[, seat]] = seats.splice(Math.floor(random() * seats.length), 1)
        expect(roster.delete(seat)).toBe(true)
        expect(roster.delete(seat)).toBe(false)
      }
      expect(roster.size).toBe(seats.length)
      expect(roster.first).toBe(seats[0]?.[1])
      if (i % 50 === 0) expect([...roster]).toEqual(seats.map(([member]) => member))
    }
  })

  it('passes over whoever leaves while it is gone through, and shows all others once', () => {
    const roster = new Roster<Member>()
    const seats = Array.from({ length: 1_000 }, (_, name) => roster.add(new Seat({ name })))
    const seen: number[] = []
    for (const { name } of roster) {
      seen.push(name)
      // Most of them, so that it closes up meanwhile.
      if (name === 10) for (const seat of seats.slice(5, 995)) roster.delete(seat)
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 995, 996, 997, 998, 999])
    expect([...roster].map(({ name }) => name)).toEqual([0, 1, 2, 3, 4, 995, 996, 997, 998, 999])
  })

  it('takes a seat that was never given for one that is empty', () => {
    expect(new Roster().delete(undefined)).toBe(false)
  })

  it('keeps nobody who has left', async () => {
    const roster = new Roster<{ bytes: number[] }>()
    const seats: Seat<{ bytes: number[] }>[] = []
    const kept = await keptYoungOf(4_000, () => {
      seats.push(roster.add(new Seat({ bytes: new Array<number>(250).fill(0) })))
      if (seats.length > 10) roster.delete(seats.shift())
    })
    // Each takes 2,000 and more.
    expect(kept).toBeLessThan(200)
  })
})
