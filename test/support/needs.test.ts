import { afterEach, describe, expect, it, vi } from 'vitest'
import { needs, programPath } from './needs.ts'

describe('needs', () => {
  afterEach(() => vi.unstubAllEnvs())

  it('finds what is installed', () => {
    expect(programPath('node')).toBeTruthy()
    expect(programPath('no-such-program')).toBeUndefined()
  })

  it('lets a test run where everything is there', () => {
    const skip = vi.fn()
    needs({ skip }, 'node')
    expect(skip).not.toHaveBeenCalled()
  })

  it('skips with a reason where a program is missing', () => {
    vi.stubEnv('CI', '')
    const skip = vi.fn()
    needs({ skip }, 'node', 'no-such-program')
    expect(skip).toHaveBeenCalledWith(expect.stringContaining('no-such-program'))
  })

  it('fails in CI instead', () => {
    vi.stubEnv('CI', 'true')
    expect(() => needs({ skip: vi.fn() }, 'no-such-program')).toThrow('no-such-program')
  })
})
