import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from './clock.ts'

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
