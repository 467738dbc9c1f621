import { describe, expect, it } from 'vitest'
import type { Steps } from './steps.ts'
import { proceed } from './steps.ts'

describe('proceed', () => {
  it('is done at once where no step waits', () => {
    function* work(): Steps<string> {
      yield undefined
      yield
      return 'done'
    }
    expect(proceed(work())).toBe('done')
  })

  it('waits for promises alone, in order', async () => {
    const seen: string[] = []
    function* inner(): Steps<number> {
      yield Promise.resolve().then(() => seen.push('first'))
      seen.push('second')
      yield undefined
      yield Promise.resolve().then(() => seen.push('third'))
      return 3
    }
    function* work(): Steps<number> {
      seen.push('begun')
      return (yield* inner()) + 1
    }
    const later = proceed(work())
    expect(later).toBeInstanceOf(Promise)
    expect(seen).toEqual(['begun'])
    expect(await later).toBe(4)
    expect(seen).toEqual(['begun', 'first', 'second', 'third'])
  })

  it('throws at once what is thrown before anything waits', () => {
    // biome-ignore lint/correctness/useYield: it fails before its first step
    function* work(): Steps {
      throw new Error('at once')
    }
    expect(() => proceed(work())).toThrow('at once')
  })

  it('throws a rejection where it was waited for, which may take it', async () => {
    function* work(failures: Error[]): Steps<string> {
      try {
        yield Promise.reject(new Error('one'))
      } catch (error) {
        failures.push(error as Error)
      }
      yield Promise.reject(new Error('two'))
      return 'never'
    }
    const failures: Error[] = []
    await expect(proceed(work(failures))).rejects.toThrow('two')
    expect(failures.map(({ message }) => message)).toEqual(['one'])
  })
})
