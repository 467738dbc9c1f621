import { describe, expect, it } from 'vitest'
import {
  parseProcessorTime,
  processTree,
  residentBytes,
  usedProcessorTime,
  waitedForCore,
} from './processes.ts'

describe('processor time', () => {
  it('is read behind a name with spaces and parentheses', () => {
    const fields = Array.from({ length: 50 }, (_, i) => i + 3).join(' ')
    // Fields 14 and 15 of proc(5): 150 and 50 ticks of a hundredth.
    const stat = `7 (a (b) c) ${fields.replace(' 14 15 ', ' 150 50 ')}`
    expect(parseProcessorTime(stat)).toBe(2)
  })

  it('of a process that ended is none', () => {
    expect(parseProcessorTime('')).toBe(0)
  })

  it.runIf(process.platform === 'linux')('and memory of this process are known', () => {
    const tree = processTree(process.pid)
    expect(tree[0]).toBe(process.pid)
    expect(usedProcessorTime([process.pid])).toBeGreaterThan(0)
    expect(residentBytes([process.pid])).toBeGreaterThan(1_000_000)
  })

  it('of a process that there is not: nothing', () => {
    expect(processTree(2 ** 30)).toEqual([])
    expect(residentBytes([])).toBeNaN()
    expect(waitedForCore(2 ** 30)).toBeNaN()
  })
})
