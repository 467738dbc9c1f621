import { settle, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { Pace } from './pace.ts'
import type { Steps } from './steps.ts'
import { proceed } from './steps.ts'
import { Turn } from './turn.ts'

function setup(): { clock: VirtualClock; pace: Pace; turn: Turn } {
  const clock = new VirtualClock()
  const turn = new Turn((error) => {
    throw error
  })
  return { clock, turn, pace: new Pace(clock, turn) }
}

/** Turns of the event loop, one entry each, with what was done in them. */
function watchTurns(): { turns: string[][]; note: (what: string) => void; stop: () => void } {
  const turns: string[][] = [[]]
  let running = true
  const next = (): void => {
    if (!running) return
    turns.push([])
    setImmediate(next)
  }
  setImmediate(next)
  return {
    turns,
    note: (what) => void turns.at(-1)?.push(what),
    stop: () => {
      running = false
    },
  }
}

describe('the pace', () => {
  it('lets work go on at once as long as it takes no time', () => {
    const { pace } = setup()
    for (let i = 0; i < 1_000; i++) expect(pace.spent).toBe(false)
  })

  it('says that the time of a piece is used up, and gives the next piece time of its own', async () => {
    const { pace, clock } = setup()
    const other = pace.rest()
    expect(pace.spent).toBe(false)
    clock.spend(2)
    expect(pace.spent).toBe(false)
    clock.spend(1)
    expect(pace.spent).toBe(true)
    const mine = pace.rest()
    await other
    await mine
    expect(pace.spent).toBe(false)
  })

  it('gives work a whole turn while nobody rests', () => {
    const { pace, clock } = setup()
    expect(pace.spent).toBe(false)
    clock.spend(9)
    expect(pace.spent).toBe(false)
    clock.spend(1)
    expect(pace.spent).toBe(true)
  })

  it('gives all pieces of a turn no more than the turn has', async () => {
    const { pace, clock } = setup()
    const other = pace.rest()
    for (let i = 0; i < 3; i++) {
      pace.enter(clock.now())
      expect(pace.spent).toBe(false)
      clock.spend(4)
      expect(pace.spent).toBe(true)
    }
    pace.enter(clock.now())
    expect(pace.spent).toBe(true)
    await other
  })

  it('begins a new turn when the sockets were read', async () => {
    const { pace, clock } = setup()
    expect(pace.spent).toBe(false)
    clock.spend(100)
    expect(pace.spent).toBe(true)
    await settle()
    expect(pace.spent).toBe(false)
  })

  it('takes those who rest in the order of asking, nobody twice in a turn, as many as a turn has time for', async () => {
    const { pace, clock } = setup()
    const { turns, note, stop } = watchTurns()
    const work = function* (name: string): Steps {
      for (let i = 0; i < 3; i++) {
        yield pace.rest()
        note(name)
        clock.spend(4)
      }
    }
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) => proceed(work(name)))
    await Promise.all(all)
    stop()
    // Three of 4 ms pass the 10 ms of a turn.
    expect(turns.filter((turn) => turn.length > 0)).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e', 'a'],
      ['b', 'c', 'd'],
      ['e', 'a', 'b'],
      ['c', 'd', 'e'],
    ])
  })

  it('waits for all that follows from a piece before the next one begins', async () => {
    const { pace, clock } = setup()
    const done: string[] = []
    const slow = async (): Promise<void> => {
      await pace.rest()
      for (let i = 0; i < 50; i++) await undefined
      clock.spend(20)
      done.push('slow')
    }
    const quick = async (): Promise<void> => {
      await pace.rest()
      done.push(`quick at ${clock.now()}`)
    }
    await Promise.all([slow(), quick()])
    expect(done).toEqual(['slow', 'quick at 20'])
  })

  it('goes on behind the writes of the turn', async () => {
    const { pace, turn } = setup()
    const done: string[] = []
    const rested = pace.rest().then(() => done.push('piece'))
    turn.write({ endTurn: () => void done.push('write') })
    await rested
    expect(done).toEqual(['write', 'piece'])
  })

  it('lets a few go on in a turn of those who read large packets', async () => {
    const { pace } = setup()
    const { turns, note, stop } = watchTurns()
    await Promise.all(Array.from({ length: 16 }, () => pace.restReading().then(() => note('read'))))
    stop()
    expect(turns.map((turn) => turn.length).filter((count) => count > 0)).toEqual([6, 6, 4])
  })

  it('has bytes of large packets for a turn, though they take no time', async () => {
    const { pace } = setup()
    for (let turn = 0; turn < 3; turn++) {
      for (let i = 0; i < 7; i++) expect(pace.haveRead(65_536)).toBe(false)
      expect(pace.haveRead(65_536)).toBe(true)
      await settle()
    }
  })

  it('lets nobody read on in a large packet while others rest who do', async () => {
    const { pace } = setup()
    expect(pace.haveRead(1)).toBe(false)
    const other = pace.restReading()
    expect(pace.haveRead(1)).toBe(true)
    await other
    await settle()
    expect(pace.haveRead(1)).toBe(false)
  })

  it('keeps no process awake that has nothing to do', async () => {
    const { pace } = setup()
    expect(pace.spent).toBe(false)
    await pace.rest()
    await settle()
    expect(process.getActiveResourcesInfo()).not.toContain('Immediate')
  })

  it('counts steps until somebody looks at the clock', () => {
    const { pace } = setup()
    pace.count(30)
    pace.count(12)
    expect(pace.steps).toBe(42)
    expect(pace.spent).toBe(false)
    expect(pace.steps).toBe(0)
  })
})
