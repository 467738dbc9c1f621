/** Stores that are wrong in one thing each: the check that is named for it is red, and none that it is no matter of. */
import { MemoryStore } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { redStoreChecks } from './collect.ts'
import * as stores from './stores.ts'

/** What is wrong, the check that is named for it, and how the titles of the others begin that may be red as well. */
const WRONG: readonly (readonly [string, new () => MemoryStore, string, readonly string[]])[] = [
  [
    'sorts by length',
    stores.SortsByLength,
    'order and ranges: keys come in the order of their bytes, however long they are and in whatever order they were written',
    ['order and ranges: ', 'batches: ten thousand', 'keys and values: ', 'closed and opened again: all'],
  ],
  [
    'includes the end of a range',
    stores.IncludesTheEnd,
    'order and ranges: a range ends before `to`, where there is such a key',
    ['order and ranges: ', 'keys and values: '],
  ],
  [
    'ignores the limit',
    stores.IgnoresTheLimit,
    'order and ranges: no more than `limit` entries come, the first ones',
    ['order and ranges: pages', 'order and ranges: ranges that are read at once'],
  ],
  [
    'takes the first change of a key',
    stores.TakesTheFirstChange,
    'batches: the last change of a key counts: put twice, where it was there',
    ['batches: the last change of a key counts'],
  ],
  [
    'removes behind all else',
    stores.RemovesLast,
    'batches: the last change of a key counts: removed and put, where it was not there',
    ['batches: the last change of a key counts'],
  ],
  [
    'writes in halves',
    stores.WritesInHalves,
    'batches: who reads while a batch is written sees all of it or nothing',
    [],
  ],
  [
    'loses empty values',
    stores.LosesEmptyValues,
    'keys and values: a value of no bytes is a value: its key is there',
    [
      'order and ranges: every byte',
      'batches: a value takes the place',
      'batches: the last change of a key counts: put, and put with nothing in it',
    ],
  ],
  [
    'uses its memory again',
    stores.UsesMemoryAgain,
    'keys and values: what read answered stays as it was, whatever is read, changed and removed later',
    [
      'keys and values: what read answered',
      'keys and values: a value may have 1 MiB',
      'order and ranges: ranges that are read at once',
    ],
  ],
]

const redOf = (make: new () => MemoryStore): Promise<string[]> =>
  redStoreChecks(() => {
    const store = new make()
    return { open: () => store }
  })

describe('a store that', () => {
  it('is right is green', async () => {
    expect(await redOf(MemoryStore)).toEqual([])
  })

  it.each(WRONG)('%s is red', async (_what, make, named, also) => {
    const red = await redOf(make)
    expect(red).toContain(named)
    expect(red.filter((title) => title !== named && !also.some((start) => title.startsWith(start)))).toEqual(
      [],
    )
  })
})
