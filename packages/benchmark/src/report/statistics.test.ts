import { describe, expect, it } from 'vitest'
import { formatNumber, formatRatio, formatShare } from './format.ts'
import { median, percentile } from './statistics.ts'

describe('median', () => {
  it('is the middle one, or between the two', () => {
    expect(median([3, 1, 200])).toBe(3)
    expect(median([4, 1, 3, 2])).toBe(2.5)
  })
})

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1)

  it('is the smallest that the share does not exceed', () => {
    expect(percentile(hundred, 0.5)).toBe(50)
    expect(percentile(hundred, 0.99)).toBe(99)
    expect(percentile(hundred, 0.999)).toBe(100)
    expect(percentile(hundred, 0)).toBe(1)
  })

  it('of nothing is not a number', () => {
    expect(percentile([], 0.5)).toBeNaN()
  })
})

describe('figures', () => {
  it.each([
    [1_234_567, '1,230,000'],
    [123.4, '123'],
    [99.96, '100'],
    [4.337, '4.34'],
    [0.512, '0.512'],
    [0, '0'],
    [Number.NaN, '-'],
  ])('%d is printed as %s', (value, text) => {
    expect(formatNumber(value)).toBe(text)
  })

  it('ratios keep the digits that count', () => {
    expect([0.041, 0.5, 3.1449, 20.04].map(formatRatio)).toEqual(['0.041', '0.50', '3.14', '20.0'])
  })

  it('shares are of one core', () => {
    expect([1.13, undefined].map(formatShare)).toEqual(['113 %', '-'])
  })
})
