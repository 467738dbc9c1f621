import { expect, it } from 'vitest'
import { Recent } from './recent.ts'

const made = (): { n: number } => ({ n: 0 })

it('an entry lasts as long as it is used', () => {
  const table = new Recent<{ n: number }>(100)
  const first = table.use('a', 0, made)
  expect(table.use('a', 99, made)).toBe(first)
  expect(table.get('a', 198)).toBe(first)
  expect(table.get('a', 199)).toBeUndefined()
  expect(table.use('a', 199, made)).not.toBe(first)
})

it('where there are too many the one goes that was used least lately', () => {
  const table = new Recent<{ n: number }>(100, 2)
  table.use('a', 0, made)
  table.use('b', 1, made)
  table.use('a', 2, made)
  table.use('c', 3, made)
  expect(table.size).toBe(2)
  expect(['a', 'b', 'c'].map((key) => table.get(key, 3) !== undefined)).toEqual([true, false, true])
})

it('a sweep forgets what was not used', () => {
  const table = new Recent<{ n: number }>(100)
  table.use('a', 0, made)
  table.use('b', 50, made)
  table.sweep(120)
  expect(table.size).toBe(1)
  table.sweep(150)
  expect(table.size).toBe(0)
})
