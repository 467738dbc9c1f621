import type { Posted } from '@mqtt-stack/core/backend'
import { describe, expect, it } from 'vitest'
import { PageSize } from './page-size.ts'

const MIB = 1_048_576

function entries(count: number, bytes: number): Posted[] {
  return Array.from({ length: count }, (_, i) => ({ position: `${i}`, bytes: Buffer.alloc(bytes) }))
}

describe('PageSize', () => {
  it('asks for few large entries at a time, and for many small ones', () => {
    const page = new PageSize()
    expect(page.next(64)).toBe(64)
    expect(page.next(500)).toBe(256)
    page.seen(entries(64, MIB))
    expect(page.next(500)).toBe(3)
    page.seen(entries(3, 1_000))
    expect(page.next(500)).toBe(12)
    for (let i = 0; i < 4; i++) page.seen(entries(12, 1_000))
    expect(page.next(500)).toBe(500)
  })

  it('asks for one where each is larger than a page', () => {
    const page = new PageSize()
    page.seen(entries(1, 20 * MIB))
    expect(page.next(64)).toBe(1)
    page.seen([])
    expect(page.next(64)).toBe(1)
  })
})
