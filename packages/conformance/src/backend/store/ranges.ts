import assert from 'node:assert/strict'
import { hex, put, range } from './store-bench.ts'
import type { StoreChapter } from './store-check.ts'
import { storeChapter } from './store-check.ts'

/** In their order: short and long ones, with bytes below and above 0x80, and some that are no text. */
const SORTED: readonly Uint8Array[] = [
  [0],
  [0, 0],
  [0, 0xff, 0xff],
  [1],
  [1, 2, 3],
  [2],
  [0x41],
  [0x61],
  [0x61, 0],
  [0x7f, 0xff],
  [0x80],
  [0xc3, 0x28],
  [0xef, 0xbb, 0xbf],
  [0xff],
  [0xff, 0],
  [0xff, 0xff],
].map((bytes) => Uint8Array.from(bytes))
const HEX = SORTED.map(hex)

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

export const ranges: StoreChapter = storeChapter('order and ranges', (check) => {
  check('a store that is new holds nothing', async (bench) => {
    assert.deepEqual(await bench.keys(), [])
  })

  check(
    'keys come in the order of their bytes, however long they are and in whatever order they were written',
    async (bench) => {
      const mixed = SORTED.map((_, i) => SORTED[(i * 7 + 3) % SORTED.length])
      await bench.write(...mixed.slice(0, 9).map((key) => put(key, key)))
      for (const key of mixed.slice(9)) await bench.write(put(key, key))
      const read = await bench.read()
      assert.deepEqual(
        read.map(({ key }) => hex(key)),
        HEX,
      )
      assert.deepEqual(
        read.map(({ value }) => hex(value)),
        HEX,
      )
    },
  )

  check('every byte may be in a key, and has its place', async (bench) => {
    const keys = Array.from({ length: 256 }, (_, i) => bytes(0x20, 255 - i))
    await bench.write(...keys.map((key) => put(key, '')))
    assert.deepEqual(await bench.keys(), keys.map(hex).reverse())
  })

  check('a range begins with `from`, where there is such a key', async (bench) => {
    await bench.write(...['a', 'b', 'ba', 'c'].map((key) => put(key, key)))
    assert.deepEqual(await bench.keys(range('b', 'z')), ['62', '6261', '63'])
    assert.deepEqual(await bench.keys(range('aa', 'z')), ['62', '6261', '63'])
  })

  check('a range ends before `to`, where there is such a key', async (bench) => {
    await bench.write(...['a', 'b', 'ba', 'c'].map((key) => put(key, key)))
    assert.deepEqual(await bench.keys(range('a', 'c')), ['61', '62', '6261'])
    assert.deepEqual(await bench.keys(range('a', 'bb')), ['61', '62', '6261'])
  })

  check('what begins with `to` is behind it, and what begins with `from` is in the range', async (bench) => {
    await bench.write(...SORTED.map((key) => put(key, key)))
    assert.deepEqual(await bench.keys(range(bytes(1), bytes(2))), ['01', '010203'])
    assert.deepEqual(await bench.keys(range(bytes(0xff), bytes(0xff, 0xff))), ['ff', 'ff00'])
  })

  check('one key alone is a range: from it up to it with a byte 0 behind it', async (bench) => {
    await bench.write(...['a', 'a\0', 'b'].map((key) => put(key, key)))
    assert.deepEqual(await bench.keys(range('a', 'a\0')), ['61'])
  })

  check('a range in which nothing is, or nothing can be, is empty', async (bench) => {
    await bench.write(...['a', 'b', 'c'].map((key) => put(key, key)))
    assert.deepEqual(await bench.keys(range('ba', 'c')), [])
    assert.deepEqual(await bench.keys(range('d', 'z')), [])
    assert.deepEqual(await bench.keys(range(bytes(0), 'a')), [])
    assert.deepEqual(await bench.keys(range('b', 'b')), [])
  })

  check('no more than `limit` entries come, the first ones', async (bench) => {
    await bench.write(...SORTED.map((key) => put(key, key)))
    assert.deepEqual(await bench.keys(undefined, 1), HEX.slice(0, 1))
    assert.deepEqual(await bench.keys(undefined, 5), HEX.slice(0, 5))
    assert.deepEqual(await bench.keys(range(bytes(1), bytes(0x80)), 3), HEX.slice(3, 6))
  })

  check('a limit that is as high as there are keys, or higher, leaves none out', async (bench) => {
    await bench.write(...SORTED.map((key) => put(key, key)))
    assert.deepEqual(await bench.keys(undefined, HEX.length), HEX)
    assert.deepEqual(await bench.keys(undefined, HEX.length + 1), HEX)
  })

  check('pages, each from behind the last key of the one before, hold every key once', async (bench) => {
    const keys = Array.from({ length: 1_000 }, (_, i) => `key ${`${i}`.padStart(4, '0')}`)
    await bench.write(...keys.map((key) => put(key, key)))
    const found: string[] = []
    let from: Uint8Array = bytes(0)
    for (;;) {
      const page = await bench.read({ from, to: bytes(0xff) }, 64)
      assert.ok(page.length <= 64, `a page of 64 had ${page.length}`)
      found.push(...page.map(({ key }) => hex(key)))
      const last = page.at(-1)
      if (last === undefined || page.length < 64) break
      assert.ok(found.length <= keys.length, 'the pages do not end')
      from = Uint8Array.from([...last.key, 0])
    }
    assert.deepEqual(
      found,
      keys.map((key) => hex(new TextEncoder().encode(key))),
    )
  })

  check('ranges that are read at once are each answered', async (bench) => {
    await bench.write(...SORTED.map((key) => put(key, key)))
    const found = await Promise.all(
      SORTED.map((key) => bench.keys({ from: key, to: bytes(0xff, 0xff, 0) }, 1)),
    )
    assert.deepEqual(found.flat(), HEX)
  })
})
