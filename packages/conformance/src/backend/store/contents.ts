import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import type { Entry } from '@mqtt-stack/core/backend'
import { MAX_KEY_BYTES } from '@mqtt-stack/core/backend'
import type { StoreBench } from './store-bench.ts'
import { hex, put, range, remove } from './store-bench.ts'
import type { StoreChapter } from './store-check.ts'
import { storeChapter } from './store-check.ts'

const MIB = 2 ** 20

export const contents: StoreChapter = storeChapter('keys and values', (check) => {
  check('a value of no bytes is a value: its key is there', async (bench) => {
    await bench.write(put('a', ''), put('b', 'x'))
    await bench.write(put('b', ''))
    assert.deepEqual(await bench.texts(), { a: '', b: '' })
    await bench.reopen()
    assert.deepEqual(await bench.texts(), { a: '', b: '' })
  })

  check('a value may hold every byte', async (bench) => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i)
    const invalid = Uint8Array.of(0xc3, 0x28, 0xff, 0, 0xed, 0xa0, 0x80)
    await bench.write(put('a', all), put('b', invalid), put('c', Uint8Array.of(0)))
    const found = (await bench.read()).map(({ value }) => hex(value))
    assert.deepEqual(found, [hex(all), hex(invalid), '00'])
  })

  check(`keys may have ${MAX_KEY_BYTES} bytes, and differ in the last one alone`, async (bench) => {
    const keys = [0, 1, 0xff].map((last) => longKey(0xab, last))
    const highest = longKey(0xff, 0xff)
    await bench.write(...[highest, ...keys].map((key) => put(key, key.subarray(-1))))
    assert.deepEqual(await bench.keys(), [...keys, highest].map(hex))
    assert.deepEqual(await bench.keys(range(keys[0], keys[2])), keys.slice(0, 2).map(hex))
    await bench.write(remove(keys[1]))
    await bench.reopen()
    assert.deepEqual(await bench.keys(), [keys[0], keys[2], highest].map(hex))
  })

  check('one key alone is a range for a key of the greatest length too', async (bench) => {
    const key = longKey(0xab, 0)
    await bench.write(put(key, 'x'), put(longKey(0xab, 1), 'x'))
    assert.deepEqual(await bench.keys({ from: key, to: Buffer.concat([key, Uint8Array.of(0)]) }), [hex(key)])
  })

  check('a value may have 1 MiB, and several may be in a batch', async (bench) => {
    const values = [1, 2, 3].map((seed) => Buffer.alloc(MIB, `value ${seed} `))
    await bench.write(...values.map((value, i) => put(`${i}`, value)), put('4', 'short'))
    await bench.write(put('1', Buffer.alloc(MIB, 'another')))
    values[1] = Buffer.alloc(MIB, 'another')
    const same = async (): Promise<void> => {
      const read = await bench.read()
      assert.deepEqual(
        read.map(({ value }) => value.length),
        [MIB, MIB, MIB, 5],
      )
      for (const [i, value] of values.entries()) assert.equal(Buffer.compare(read[i].value, value), 0)
    }
    await same()
    await bench.reopen()
    await same()
  })

  check('keys and values may be parts of larger buffers', async (bench) => {
    const page = Buffer.from('..key....value...')
    await bench.write({ key: page.subarray(2, 5), value: page.subarray(9, 14) })
    assert.deepEqual(await bench.texts(), { key: 'value' })
    const found = await bench.read({ from: page.subarray(2, 5), to: Buffer.from('..kez').subarray(2) }, 1)
    assert.equal(found.length, 1)
  })

  check('write leaves what it was given as it was', async (bench) => {
    const batch = [put('b', 'first'), put('a', 'x'), remove('c'), put('b', 'last')]
    const before = batch.map(({ key, value }) => [hex(key), value && hex(value)])
    await bench.write(...batch)
    await bench.write(put('b', 'later'), remove('a'))
    assert.deepEqual(
      batch.map(({ key, value }) => [hex(key), value && hex(value)]),
      before,
    )
  })

  check('what read answered stays as it was, whatever is read, changed and removed later', async (bench) => {
    await bench.write(...['a', 'b', 'c'].map((key) => put(key, `first ${key}`)))
    const [read, beside] = [await bench.read(), await bench.read(range('b', 'c'))]
    const before = [...copy(read), ...copy(beside)]
    await changeAll(bench)
    assert.deepEqual([...copy(read), ...copy(beside)], before)
    await bench.reopen()
    assert.deepEqual([...copy(read), ...copy(beside)], before)
  })

  check('what read answered stays as it was, long values too', async (bench) => {
    await bench.write(put('a', Buffer.alloc(MIB, 'first')), put('b', Buffer.alloc(10_000, 'first')))
    const read = await bench.read()
    await changeAll(bench)
    for (const { value } of read) assert.equal(Buffer.compare(value, Buffer.alloc(value.length, 'first')), 0)
  })
})

function longKey(byte: number, last: number): Uint8Array {
  const key = new Uint8Array(MAX_KEY_BYTES).fill(byte)
  key[MAX_KEY_BYTES - 1] = last
  return key
}

function copy(entries: readonly Entry[]): string[] {
  return entries.map(({ key, value }) => `${hex(key)} ${hex(value)}`)
}

/** Gives a store reason to use its memory and its pages again. */
async function changeAll(bench: StoreBench): Promise<void> {
  for (let i = 0; i < 30; i++) {
    await bench.write(
      put('a', `later ${i}`),
      put('b', `later ${i}`),
      put(`new ${i}`, Buffer.alloc(10_000, i)),
    )
    await bench.read()
  }
  await bench.write(remove('a'), remove('b'))
}
