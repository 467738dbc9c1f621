import assert from 'node:assert/strict'
import type { Change } from '@mqtt-stack/core/backend'
import { put, remove, text } from './store-bench.ts'
import type { StoreChapter } from './store-check.ts'
import { storeChapter } from './store-check.ts'

/** What is done to one key in a batch, and what is there behind it; nothing where the key is gone. */
const REPEATED: readonly (readonly [string, readonly (string | undefined)[], string | undefined])[] = [
  ['put twice', ['first', 'last'], 'last'],
  ['put three times, the last like the first', ['first', 'second', 'first'], 'first'],
  ['put and removed', ['first', undefined], undefined],
  ['removed and put', [undefined, 'last'], 'last'],
  ['put, removed and put', ['first', undefined, 'last'], 'last'],
  ['removed, put and removed', [undefined, 'first', undefined], undefined],
  ['put, and put with nothing in it', ['first', ''], ''],
]

const change = (key: string, value: string | undefined): Change =>
  value === undefined ? remove(key) : put(key, value)

export const batches: StoreChapter = storeChapter('batches', (check) => {
  check('what a write has made is there when it is fulfilled', async (bench) => {
    for (let i = 0; i < 10; i++) {
      await bench.write(put('a', `${i}`), put(`key ${i}`, 'x'))
      assert.equal((await bench.texts()).a, `${i}`)
    }
    assert.equal((await bench.read()).length, 11)
  })

  check('a value takes the place of the one before, whichever of them is longer', async (bench) => {
    for (const value of ['some text', 'a text that is longer', 'short', '', 'again']) {
      await bench.write(put('a', value))
      assert.deepEqual(await bench.texts(), { a: value })
    }
  })

  check('a key that is removed is gone, and none beside it', async (bench) => {
    await bench.write(...['a', 'a\0', 'aa', 'b'].map((key) => put(key, key)))
    await bench.write(remove('a'))
    assert.deepEqual(await bench.texts(), { 'a\0': 'a\0', aa: 'aa', b: 'b' })
    await bench.write(put('a', 'again'))
    assert.equal((await bench.texts()).a, 'again')
  })

  check('to remove what is not there is no error, and the batch’s other changes are made', async (bench) => {
    await bench.write(remove('a'))
    await bench.write(put('b', 'x'), remove('a'), put('c', 'x'), remove('a'), remove('d'))
    assert.deepEqual(await bench.texts(), { b: 'x', c: 'x' })
  })

  for (const [what, values, left] of REPEATED) {
    const there = left === undefined ? {} : { key: left }
    const batch = (): Change[] => values.flatMap((value, i) => [change('key', value), put(`other ${i}`, 'x')])
    const others = Object.fromEntries(values.map((_, i) => [`other ${i}`, 'x']))
    check(`the last change of a key counts: ${what}, where it was not there`, async (bench) => {
      await bench.write(...batch())
      assert.deepEqual(await bench.texts(), { ...there, ...others })
      await bench.reopen()
      assert.deepEqual(await bench.texts(), { ...there, ...others })
    })
    check(`the last change of a key counts: ${what}, where it was there`, async (bench) => {
      await bench.write(put('key', 'before'))
      await bench.write(...batch())
      assert.deepEqual(await bench.texts(), { ...there, ...others })
      await bench.reopen()
      assert.deepEqual(await bench.texts(), { ...there, ...others })
    })
  }

  check('ten thousand changes are one batch', async (bench) => {
    const keys = Array.from({ length: 10_000 }, (_, i) => `key ${i}`)
    await bench.write(...keys.map((key) => put(key, 'x')))
    assert.equal((await bench.read()).length, 10_000)
    await bench.write(...keys.slice(1).map((key) => remove(key)))
    assert.deepEqual(await bench.texts(), { 'key 0': 'x' })
  })

  check('who reads while a batch is written sees all of it or nothing', async (bench) => {
    const rounds = 10
    const seen = new Set<string>()
    await bench.write(...round(0))
    for (let i = 1; i <= rounds; i++) {
      let under = true
      const written = bench.write(...round(i)).finally(() => {
        under = false
      })
      written.catch(() => {})
      for (let reads = 1; under; reads++) {
        const read = await bench.read()
        const values = new Set(read.map(({ value }) => text(value)))
        seen.add(`${read.length} with ${[...values].join(' and ')}`)
        // Also between two turns of the event loop, and without keeping the store from its own.
        if (reads % 8 === 0) await new Promise(setImmediate)
      }
      await written
    }
    const wrong = [...seen].filter((one) => !/^500 with \d+$/.test(one))
    assert.deepEqual(wrong, [], 'a part of a batch was seen')
  })
})

/** Makes 500 keys: those that stay get another value, and of the others those of the round before go. */
function round(i: number): Change[] {
  const changes: Change[] = []
  for (let n = 0; n < 250; n++) changes.push(put(`stays ${n}`, `${i}`))
  for (let n = 0; n < 250; n++) changes.push(put(`round ${i}: ${n}`, `${i}`), remove(`round ${i - 1}: ${n}`))
  return changes
}
