import assert from 'node:assert/strict'
import { put, remove } from './store-bench.ts'
import type { StoreChapter } from './store-check.ts'
import { storeChapter } from './store-check.ts'

export const reopening: StoreChapter = storeChapter('closed and opened again', (check) => {
  check('a store that nobody wrote to holds nothing', async (bench) => {
    await bench.reopen()
    assert.deepEqual(await bench.keys(), [])
  })

  check('all that was written is there, in its order, and what was removed is not', async (bench) => {
    await bench.write(put('c', '3'), put('a', '1'), put('b', '2'), put('aa', 'x'))
    await bench.write(put('b', 'changed'), remove('aa'))
    for (let i = 0; i < 3; i++) {
      await bench.reopen()
      assert.deepEqual(await bench.keys(), ['61', '62', '63'])
      assert.deepEqual(await bench.texts(), { a: '1', b: 'changed', c: '3' })
    }
  })

  check('it can be written to, and keeps that too', async (bench) => {
    for (let i = 0; i < 4; i++) {
      await bench.write(put(`${i}`, 'x'), put('last', `${i}`), remove(`${i - 2}`))
      await bench.reopen()
    }
    assert.deepEqual(await bench.texts(), { 2: 'x', 3: 'x', last: '3' })
  })

  check('a batch that was fulfilled just before is there whole', async (bench) => {
    const keys = Array.from({ length: 1_000 }, (_, i) => `${i}`)
    await bench.write(...keys.map((key) => put(key, key)))
    await bench.reopen()
    assert.equal((await bench.keys()).length, 1_000)
  })
})
