import { Buffer } from 'node:buffer'
import { MemoryStore } from '@mqtt-stack/testing'
import { expect, it } from 'vitest'
import type { Entry } from './ordered-store.ts'
import { PAGE_BYTES } from './ordered-store.ts'
import { readPages } from './read-pages.ts'

const ALL = { from: Buffer.from([1]), to: Buffer.from([2]) }

function put(number: number, bytes: number, kind = 1): Entry {
  const key = Buffer.alloc(5, kind)
  key.writeUInt32BE(number, 1)
  return { key, value: Buffer.alloc(bytes) }
}

/** How many entries each page of a store had, and how many were asked of it. */
async function pagesOf(entries: readonly Entry[]): Promise<{ sizes: number[]; reads: number }> {
  const store = new MemoryStore()
  await store.open()
  await store.write([...entries, put(0, 1, 2)])
  let reads = 0
  const read = async (...asked: Parameters<MemoryStore['read']>) => {
    reads++
    return store.read(...asked)
  }
  const sizes: number[] = []
  for await (const page of readPages({ read }, ALL)) sizes.push(page.length)
  await store.close()
  return { sizes, reads }
}

it('reads a range a thousand entries at a time, and asks no further where a page was not full', async () => {
  const entries = Array.from({ length: 2_500 }, (_, i) => put(i, 10))
  expect(await pagesOf(entries)).toEqual({ sizes: [1_000, 1_000, 500], reads: 3 })
  expect(await pagesOf([])).toEqual({ sizes: [], reads: 1 })
})

it('reads on where a store has ended a page because its values are large', async () => {
  const entries = Array.from({ length: 5 }, (_, i) => put(i, PAGE_BYTES / 2))
  expect(await pagesOf(entries)).toEqual({ sizes: [2, 2, 1], reads: 3 })
  expect(await pagesOf(entries.slice(0, 2))).toEqual({ sizes: [2], reads: 2 })
  expect(await pagesOf([put(0, 3 * PAGE_BYTES), put(1, 1)])).toEqual({ sizes: [1, 1], reads: 2 })
})
