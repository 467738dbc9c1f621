import { describe, expect, it } from 'vitest'
import { VirtualClock } from './virtual-clock.ts'

describe('VirtualClock', () => {
  it('stands still until it is advanced', async () => {
    const clock = new VirtualClock({ now: 5, wall: 1_000 })
    expect([clock.now(), clock.wall()]).toEqual([5, 1_000])
    await clock.advance(250)
    expect([clock.now(), clock.wall()]).toEqual([255, 1_250])
  })

  it('fires timers in the order in which they are due, each at its own time', async () => {
    const clock = new VirtualClock()
    const fired: [string, number][] = []
    const note = (name: string) => (): void => void fired.push([name, clock.now()])
    clock.after(30, note('late'))
    clock.after(10, note('early'))
    clock.after(10, note('early, set second'))
    clock.every(12, note('every 12'))
    await clock.advance(30)
    expect(fired).toEqual([
      ['early', 10],
      ['early, set second', 10],
      ['every 12', 12],
      ['every 12', 24],
      ['late', 30],
    ])
  })

  it('fires nothing that is due later', async () => {
    const clock = new VirtualClock()
    let fired = 0
    clock.after(11, () => fired++)
    await clock.advance(10)
    expect(fired).toBe(0)
    await clock.advance(1)
    expect(fired).toBe(1)
  })

  it('lets what follows from a timer settle before the next one fires', async () => {
    const clock = new VirtualClock()
    const order: string[] = []
    clock.after(10, async () => {
      await null
      await new Promise((resolve) => process.nextTick(resolve))
      await new Promise((resolve) => setImmediate(resolve))
      await new Promise((resolve) => setImmediate(resolve))
      order.push(`first is through at ${clock.now()}`)
    })
    clock.after(11, () => order.push('second'))
    await clock.advance(20)
    expect(order).toEqual(['first is through at 10', 'second'])
  })

  it('fires timers that were set meanwhile', async () => {
    const clock = new VirtualClock()
    const fired: number[] = []
    clock.after(10, () => clock.after(10, () => fired.push(clock.now())))
    await clock.advance(25)
    expect(fired).toEqual([20])
  })

  it('never fires what was cancelled, not even by a timer of the same moment', async () => {
    const clock = new VirtualClock()
    const fired: string[] = []
    clock.after(10, () => {
      fired.push('first')
      second.cancel()
      tick.cancel()
    })
    const second = clock.after(10, () => fired.push('second'))
    const tick = clock.every(10, () => fired.push('tick'))
    await clock.advance(50)
    expect(fired).toEqual(['first'])
    expect(clock.timers).toBe(0)
  })

  it('passes hours of a ticking timer in no time', async () => {
    const clock = new VirtualClock()
    let ticks = 0
    clock.every(1_000, () => ticks++)
    await clock.advance(3_600_000)
    expect(ticks).toBe(3_600)
  })

  it('advances one after the other when it is not awaited', async () => {
    const clock = new VirtualClock()
    const seen: number[] = []
    clock.after(10, () => seen.push(clock.now()))
    clock.after(20, () => seen.push(clock.now()))
    void clock.advance(10)
    await clock.advance(10)
    expect(seen).toEqual([10, 20])
    expect(clock.now()).toBe(20)
  })

  it('rejects with what a timer threw, and goes on afterwards', async () => {
    const clock = new VirtualClock()
    clock.after(10, () => {
      throw new Error('from the timer')
    })
    await expect(clock.advance(20)).rejects.toThrow('from the timer')
    await clock.advance(5)
    expect(clock.now()).toBe(15)
  })

  it('leaps: what came due meanwhile fires once, then, and periods go on from there', async () => {
    const clock = new VirtualClock()
    const fired: [string, number][] = []
    const note = (name: string) => (): void => void fired.push([name, clock.now()])
    clock.every(10, note('every 10'))
    clock.after(25, note('once'))
    await clock.leap(1_005)
    expect(fired).toEqual([
      ['every 10', 1_005],
      ['once', 1_005],
    ])
    await clock.advance(10)
    expect(fired.slice(2)).toEqual([['every 10', 1_015]])
  })

  it('sets the wall clock without firing anything', async () => {
    const clock = new VirtualClock()
    let fired = 0
    clock.after(10, () => fired++)
    clock.set(Date.UTC(2030, 0, 1))
    await clock.advance(5)
    expect(clock.wall()).toBe(Date.UTC(2030, 0, 1) + 5)
    expect([clock.now(), fired]).toEqual([5, 0])
  })
})
