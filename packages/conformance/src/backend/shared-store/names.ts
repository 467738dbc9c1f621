import assert from 'node:assert/strict'
import type { SharedChapter } from './shared-check.ts'
import { sharedChapter } from './shared-check.ts'

export const names: SharedChapter = sharedChapter('names', (check) => {
  check('a name is set where it is as expected, and the answer is what it was', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    assert.equal(await a.swap('n', undefined, 'one'), undefined)
    assert.equal(await b.swap('n', undefined, 'two'), 'one')
    assert.equal(await b.swap('n', 'other', 'two'), 'one')
    assert.equal(await b.swap('n', 'one', 'two'), 'one')
    assert.equal(await a.swap('n', 'two', undefined), 'two')
    assert.equal(await a.swap('n', 'two', 'three'), undefined)
    assert.deepEqual(await b.names(''), [])
  })

  check('what is expected of a name may be what it stays', async (bench) => {
    const a = await bench.join('a')
    assert.equal(await a.swap('n', undefined, undefined), undefined)
    await a.swap('n', undefined, 'one')
    assert.equal(await a.swap('n', 'one', 'one'), 'one')
    assert.equal(await a.swap('n', undefined, undefined), 'one')
    assert.deepEqual(await a.names(''), ['n=one'])
  })

  check('of many that set a name at once one has it', async (bench) => {
    const nodes = [await bench.join('a'), await bench.join('b')]
    const values = Array.from({ length: 20 }, (_, i) => `value ${i}`)
    const before = await Promise.all(
      values.map((value, i) => nodes[i % nodes.length].swap('n', undefined, value)),
    )
    const winners = values.filter((_, i) => before[i] === undefined)
    assert.equal(winners.length, 1)
    assert.deepEqual(await nodes[0].names(''), [`n=${winners[0]}`])
    for (const value of before) assert.ok(value === undefined || value === winners[0])
  })

  check('a name that many count up at once counts all of them', async (bench) => {
    const nodes = [await bench.join('a'), await bench.join('b'), await bench.join('c')]
    const countUp = async (node: (typeof nodes)[number]): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        let expected: string | undefined
        for (;;) {
          const before = await node.swap('n', expected, String(Number(expected ?? 0) + 1))
          if (before === expected) break
          expected = before
        }
      }
    }
    await Promise.all(nodes.map(countUp))
    assert.deepEqual(await nodes[0].names(''), ['n=60'])
  })

  check('names are found by what their value begins with, every character as it is', async (bench) => {
    const a = await bench.join('a')
    for (const [name, value] of [
      ['s/one', 'a/1'],
      ['s/two', 'a/2'],
      ['s/three', 'ab/3'],
      ['s/four', 'b/a/'],
      ['glob', '*?[a]\\/'],
      ['s/{x} y', 'a.b/1'],
      ['Übung/日本', 'é/日'],
      ['empty value', ''],
    ])
      assert.equal(await a.swap(name, undefined, value), undefined)
    assert.deepEqual(await a.names('a/'), ['s/one=a/1', 's/two=a/2'])
    assert.deepEqual(await a.names('*'), ['glob=*?[a]\\/'])
    assert.deepEqual(await a.names('a.b'), ['s/{x} y=a.b/1'])
    assert.deepEqual(await a.names('?'), [])
    assert.deepEqual(await a.names('é/'), ['Übung/日本=é/日'])
    assert.equal((await a.names('')).length, 8)
  })

  check(
    'all of many names are found, each once, those among them that are removed on the way too',
    async (bench) => {
      const [a, b] = [await bench.join('a'), await bench.join('b')]
      const all = Array.from({ length: 1_000 }, (_, i) => `s/${i}`)
      await Promise.all(all.map((name, i) => a.swap(name, undefined, i % 2 === 0 ? 'dead/1' : 'alive/1')))
      const found: string[] = []
      for await (const { name, value } of b.store.names('dead/')) {
        assert.equal(value, 'dead/1')
        found.push(name)
        await b.swap(name, value, undefined)
      }
      assert.deepEqual([...new Set(found)].sort(), all.filter((_, i) => i % 2 === 0).sort())
      assert.deepEqual(await a.names('dead/'), [])
      assert.equal((await a.names('')).length, 500)
    },
  )
})
