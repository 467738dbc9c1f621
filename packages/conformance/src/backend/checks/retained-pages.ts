import assert from 'node:assert/strict'
import type { Bench } from '../bench.ts'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'

/** Topics whose order differs by UTF-16 code unit, by code point, by byte, by level and by length. */
const TOPICS = [
  'a',
  'a/',
  'a/b',
  'a!b',
  'a-b/c',
  'B',
  'Z/z',
  'é',
  '\u{ffee}',
  '\u{1f600}',
  '\u{10ffff}',
  '\u{e000}/x',
  '/',
  '/a',
  'aa',
  '10',
  '9',
  '09',
]

export const retainedPages: Chapter = chapter('pages of retained messages', undefined, (check) => {
  for (const limit of [1, 2, 5, 100]) {
    check(`hold each topic once, whatever their order is (${limit} a page)`, async (bench) => {
      for (const topic of TOPICS) await bench.retain(topic)
      assert.deepEqual((await readAll(bench, '#', limit)).sort(), [...TOPICS].sort())
    })
  }

  check('hold what a filter finds, and go on behind what it does not find', async (bench) => {
    const wanted: string[] = []
    for (let i = 0; i < 50; i++) {
      await bench.retain(`sensor/${i}/noise`)
      await bench.retain(`sensor/${i}/value`)
      wanted.push(`sensor/${i}/value`)
    }
    assert.deepEqual((await readAll(bench, 'sensor/+/value', 7)).sort(), wanted.sort())
  })

  check('go on behind a topic that was taken away meanwhile', async (bench) => {
    for (const topic of TOPICS) await bench.retain(topic)
    const first = (await bench.retained('#', { limit: 4 })).map(({ topic }) => topic)
    const after = first.at(-1)
    for (const topic of first) await bench.retain(topic, { payload: '' })
    const rest = await readAll(bench, '#', 4, after)
    assert.deepEqual([...first, ...rest].sort(), [...TOPICS].sort())
  })
})

async function readAll(bench: Bench, filter: string, limit: number, after?: string): Promise<string[]> {
  const found: string[] = []
  for (;;) {
    const page = await bench.retained(filter, { after, limit })
    assert.ok(page.length <= limit)
    found.push(...page.map(({ topic }) => topic))
    if (page.length < limit) return found
    after = page.at(-1)?.topic
  }
}
