import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import type { SharedMap } from '@mqtt-stack/core/backend'
import { heard } from '../heard.ts'
import { ALL, hex, put, range, remove, text } from '../store/store-bench.ts'
import { lastOf } from './shared-bench.ts'
import type { SharedChapter } from './shared-check.ts'
import { sharedChapter } from './shared-check.ts'

const EACH = 30

export const retainedMap: SharedChapter = sharedChapter('retained messages', (check) => {
  check('what one node has written the others read, in the order of the bytes of keys', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    await a.store.retained.write([put('b', '2'), put('a', '1'), put('aa', 'x'), put('b', 'last')], note('1'))
    await b.store.retained.write([remove('aa'), remove('not there'), put('c', '')], note('2'))
    for (const { store } of [a, b])
      assert.deepEqual(await contents(store.retained), { a: '1', b: 'last', c: '' })
    assert.deepEqual(
      (await a.store.retained.read(range('a', 'c'), 1)).map(({ key }) => text(key)),
      ['a'],
    )
    assert.deepEqual(
      (await a.store.retained.read(range('b', 'c'), 10)).map(({ key }) => text(key)),
      ['b'],
    )
  })

  check('each write is an entry of the feed, at the position that it was answered with', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    assert.equal(await a.store.retained.position(), '')
    const first = await a.store.retained.write([put('k', '1')], note('one'))
    const second = await b.store.retained.write([put('k', '2')], note('two'))
    assert.ok(second > first && first > '')
    for (const { store } of [a, b]) {
      assert.equal(await store.retained.position(), second)
      const entries = (await store.retained.changes('', 10)) ?? []
      assert.deepEqual(
        entries.map(({ position, bytes }) => [position, text(bytes)]),
        [
          [first, 'one'],
          [second, 'two'],
        ],
      )
      assert.deepEqual(
        (await store.retained.changes(first, 10))?.map(({ bytes }) => text(bytes)),
        ['two'],
      )
      assert.equal((await store.retained.changes('', 1))?.length, 1)
    }
  })

  check('who waits for a change has it when it is written, and none after a while', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    const waiting = heard(b.store.retained.changes('', 10))
    const position = await a.store.retained.write([put('k', 'v')], note('one'))
    const [entry] = (await waiting) ?? []
    assert.deepEqual([entry.position, text(entry.bytes)], [position, 'one'])
    const none = heard(b.store.retained.changes(position, 10))
    await bench.silence()
    assert.deepEqual(await none, [])
  })

  check(
    'the last entry of the feed about a key is what the map has, however many write at once',
    async (bench) => {
      const nodes = [await bench.join('a'), await bench.join('b'), await bench.join('c')]
      await Promise.all(
        nodes.map(async ({ store }) => {
          for (let i = 0; i < EACH; i++) {
            const [key, value] = [`k${i % 4}`, `${store.node}${i}`]
            await store.retained.write([put(key, value)], note(`${key}=${value}`))
          }
        }),
      )
      const feeds = await Promise.all(nodes.map(({ store }) => feedOf(store.retained)))
      assert.equal(feeds[0].length, nodes.length * EACH)
      for (const feed of feeds) assert.deepEqual(feed, feeds[0])
      const replayed = Object.fromEntries(feeds[0].map((entry) => entry.split('=')))
      assert.deepEqual(await contents(nodes[0].store.retained), replayed)
    },
  )

  check('who reads the map while it is written sees all of a write or nothing', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    const writing = heard(
      (async () => {
        for (let i = 0; i < EACH; i++)
          await a.store.retained.write([put('x', `${i}`), put('y', `${i}`)], note(`${i}`))
      })(),
    )
    for (let i = 0; i < EACH; i++) {
      const { x, y } = await contents(b.store.retained)
      assert.equal(x, y)
    }
    await writing
  })

  check('a write of nothing is an entry of the feed', async (bench) => {
    const a = await bench.join('a')
    const position = await a.store.retained.write([], note('nothing'))
    assert.deepEqual(
      [await a.store.retained.position(), await feedOf(a.store.retained)],
      [position, ['nothing']],
    )
    assert.deepEqual(await contents(a.store.retained), {})
  })

  check('keys, values and entries may hold every byte, and values 1 MiB', async (bench) => {
    const a = await bench.join('a')
    const all = Uint8Array.from({ length: 256 }, (_, i) => i)
    const long = Buffer.alloc(2 ** 20, 'value ')
    await a.store.retained.write([put(Uint8Array.of(1, 0, 0xff), all), put('long', long)], all)
    const [first, second] = await a.store.retained.read(ALL, 10)
    assert.deepEqual([hex(first.key), hex(first.value)], ['0100ff', hex(all)])
    assert.equal(Buffer.compare(second.value, long), 0)
    const [entry] = (await a.store.retained.changes('', 10)) ?? []
    assert.equal(hex(entry.bytes), hex(all))
  })

  check(
    'positions go on growing when the map is empty again, and every node has joined anew',
    async (bench) => {
      const a = await bench.join('a')
      const before = await a.store.retained.write([put('k', 'v')], note('1'))
      const removed = await a.store.retained.write([remove('k')], note('2'))
      await bench.close(a)
      const again = await bench.join('a')
      // Where nothing was left of the service a store may know of none; it is no earlier one.
      assert.ok(['', removed].includes(await again.store.retained.position()))
      const behind = await again.store.retained.write([put('k', 'v')], note('3'))
      assert.ok(behind > removed && removed > before)
    },
  )

  check('who asks for changes that are gone is told so', async (bench) => {
    const { feed } = bench.place
    if (feed === undefined) return
    const a = await bench.join('a')
    const first = await a.store.retained.write([put('k', '0')], note('0'))
    for (let i = 1; i <= 4 * feed; i++) await a.store.retained.write([put('k', `${i}`)], note(`${i}`))
    assert.equal(await a.store.retained.changes('', 10), undefined)
    assert.equal(await a.store.retained.changes(first, 10), undefined)
    const position = await a.store.retained.position()
    const last = await a.store.retained.write([put('k', 'last')], note('last'))
    assert.deepEqual(
      (await a.store.retained.changes(position, 10))?.map((entry) => entry.position),
      [last],
    )
    assert.deepEqual(await contents(a.store.retained), { k: 'last' })
  })
})

function note(message: string): Uint8Array {
  return Buffer.from(message)
}

async function contents(map: SharedMap): Promise<Record<string, string>> {
  return Object.fromEntries((await map.read(ALL, 1_000)).map(({ key, value }) => [text(key), text(value)]))
}

/** The whole feed, in pages; there is at least one entry. */
async function feedOf(map: SharedMap): Promise<string[]> {
  const end = await map.position()
  const found: string[] = []
  let after = ''
  while (after < end) {
    const page = (await map.changes(after, 20)) ?? []
    found.push(...page.map(({ bytes }) => text(bytes)))
    after = lastOf(page)
  }
  return found
}
