import { VirtualClock } from '@mqtt-stack/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fromWall, systemClock, toWall } from './clock.ts'

describe('systemClock', () => {
  beforeEach(
    () =>
      void vi.useFakeTimers({
        toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'],
      }),
  )
  afterEach(() => void vi.useRealTimers())

  it('fires once, after the time', () => {
    let fired = 0
    systemClock.after(1_000, () => fired++)
    vi.advanceTimersByTime(999)
    expect(fired).toBe(0)
    vi.advanceTimersByTime(10_000)
    expect(fired).toBe(1)
  })

  it('fires every time', () => {
    let fired = 0
    const timer = systemClock.every(1_000, () => fired++)
    vi.advanceTimersByTime(3_500)
    timer.cancel()
    vi.advanceTimersByTime(3_500)
    expect(fired).toBe(3)
  })

  it('never fires what was cancelled', () => {
    let fired = 0
    systemClock.after(1_000, () => fired++).cancel()
    vi.advanceTimersByTime(3_500)
    expect(fired).toBe(0)
  })

  it('tells time that has passed, and time of day', () => {
    const [now, wall] = [systemClock.now(), systemClock.wall()]
    vi.advanceTimersByTime(1_500)
    expect(systemClock.now() - now).toBe(1_500)
    expect(systemClock.wall() - wall).toBe(1_500)
  })
})

describe('what outlives the process', () => {
  it('is written down by the wall clock, and read back in another process as what is left', () => {
    const before = new VirtualClock({ now: 5_000, wall: 1_000_000 })
    const written = toWall(before, before.now() + 60_000)
    expect(written).toBe(1_060_000)
    const after = new VirtualClock({ now: 0, wall: 1_020_000 })
    expect(fromWall(after, written) - after.now()).toBe(40_000)
  })

  it('0 stays never, and infinity infinite', () => {
    const clock = new VirtualClock({ now: 7, wall: 1_000 })
    expect([toWall(clock, 0), fromWall(clock, 0)]).toEqual([0, 0])
    const never = Number.POSITIVE_INFINITY
    expect([toWall(clock, never), fromWall(clock, never)]).toEqual([never, never])
  })

  it('what was over before the process began is over, and is not never', () => {
    const clock = new VirtualClock({ now: 0, wall: 1_000_000 })
    expect(fromWall(clock, 1_000_000)).toBeLessThan(0)
    expect(fromWall(clock, 400_000)).toBe(-600_000)
  })

  it('has no more left than its interval where the wall clock was set back in between', () => {
    const before = new VirtualClock({ wall: 100_000_000 })
    const written = toWall(before, before.now() + 60_000)
    const after = new VirtualClock({ now: 10, wall: 0 })
    expect(fromWall(after, written, 60) - after.now()).toBe(60_000)
  })
})
