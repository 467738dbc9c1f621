import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { heard } from '../heard.ts'
import { hex, text } from '../store/store-bench.ts'
import { inboxOf, lastOf } from './shared-bench.ts'
import type { SharedChapter } from './shared-check.ts'
import { sharedChapter } from './shared-check.ts'

const MANY = Array.from({ length: 30 }, (_, i) => String(i))

export const inboxes: SharedChapter = sharedChapter('inboxes', (check) => {
  check('entries come in the order in which they were sent, and positions grow as strings', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    for (const message of MANY) assert.equal(await a.send('b', message), true)
    const entries = await b.store.receive('', 100)
    assert.deepEqual(
      entries.map(({ bytes }) => text(bytes)),
      MANY,
    )
    const positions = entries.map(({ position }) => position)
    assert.deepEqual([...new Set(positions)].sort(), positions)
    assert.ok(positions[0] > '')
  })

  check('those behind a position come, and no more than the limit', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    for (const message of MANY) await a.send('b', message)
    let after = ''
    for (let i = 0; i < MANY.length; i += 7) {
      const page = await b.store.receive(after, 7)
      assert.deepEqual(
        page.map(({ bytes }) => text(bytes)),
        MANY.slice(i, i + 7),
      )
      after = lastOf(page)
    }
  })

  check('entries stay until they are trimmed, up to a position and no further', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    for (const message of ['0', '1', '2', '3']) await a.send('b', message)
    const entries = await b.store.receive('', 100)
    assert.deepEqual(await b.store.receive('', 100), entries)
    await b.store.trim(entries[1].position)
    assert.deepEqual(await inboxOf(b.store), ['2', '3'])
    await b.store.trim(entries[0].position)
    assert.deepEqual(await inboxOf(b.store), ['2', '3'])
  })

  check(
    'positions go on growing when all entries were trimmed, and the node has joined anew',
    async (bench) => {
      const [a, b] = [await bench.join('a'), await bench.join('b')]
      await a.send('b', '0')
      const first = lastOf(await b.store.receive('', 100))
      await b.store.trim(first)
      await a.send('b', '1')
      const second = lastOf(await b.store.receive(first, 100))
      assert.ok(second > first)
      await b.store.trim(second)
      await bench.close(b)
      const again = await bench.join('b')
      await a.send('b', '2')
      const [third] = await again.store.receive(second, 100)
      assert.deepEqual([text(third.bytes), third.position > second], ['2', true])
    },
  )

  check('who waits for an entry has it when it is sent', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    await a.send('b', '0')
    const after = lastOf(await b.store.receive('', 10))
    const waiting = heard(b.store.receive(after, 10))
    await a.send('b', '1')
    assert.deepEqual(
      (await waiting).map(({ bytes }) => text(bytes)),
      ['1'],
    )
  })

  check('who waits for an entry and for whom none comes is answered with none', async (bench) => {
    const b = await bench.join('b')
    const waiting = heard(b.store.receive('', 10))
    await bench.silence()
    assert.deepEqual(await waiting, [])
  })

  check('a node that waits for an entry reads, writes and sends meanwhile', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    const waiting = heard(b.store.receive('', 10))
    await b.store.write([{ key: Buffer.from('k'), value: Buffer.from('v') }])
    await b.store.renew()
    assert.equal(await b.swap('n', undefined, 'b'), undefined)
    assert.equal(await b.send('a', 'from b'), true)
    assert.deepEqual(await inboxOf(a.store), ['from b'])
    await a.send('b', 'done')
    assert.equal((await waiting).length, 1)
  })

  check('a node may send to itself', async (bench) => {
    const a = await bench.join('a')
    assert.equal(await a.send('a', 'x'), true)
    assert.deepEqual(await inboxOf(a.store), ['x'])
  })

  check('what is sent to nobody is answered with false, and makes no node', async (bench) => {
    const a = await bench.join('a')
    assert.equal(await a.send('nobody', 'x'), false)
    assert.deepEqual(await a.nodes(), { a: true })
    assert.deepEqual(await (await bench.join('nobody')).nodes(), { a: true, nobody: true })
  })

  check('what is sent to a node whose lease has ended waits for whoever has its part', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    await bench.die(b)
    assert.equal(await a.send('b', 'x'), true)
    const again = await bench.join('b')
    assert.deepEqual(await inboxOf(again.store), ['x'])
  })

  check('of several senders at once all entries come, each sender’s in its order', async (bench) => {
    const receiver = await bench.join('receiver')
    const senders = [await bench.join('a'), await bench.join('b'), await bench.join('c')]
    await Promise.all(
      senders.map(async (sender) => {
        for (const message of MANY) await sender.send('receiver', `${sender.store.node} ${message}`)
      }),
    )
    const entries = await inboxOf(receiver.store)
    assert.equal(entries.length, senders.length * MANY.length)
    for (const { store } of senders)
      assert.deepEqual(
        entries.filter((entry) => entry.startsWith(store.node)),
        MANY.map((message) => `${store.node} ${message}`),
      )
    assert.deepEqual(await inboxOf(receiver.store), entries)
  })

  check('how much waits in an inbox is told, about, until it is trimmed', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    assert.equal(await a.store.waiting('nobody'), 0)
    const nothing = await a.store.waiting('b')
    const entry = Buffer.alloc(10_000, 'entry ')
    for (let i = 0; i < 40; i++) await a.send('b', entry)
    for (const { store } of [a, b]) {
      const waiting = await store.waiting('b')
      assert.ok(waiting >= 400_000 && waiting <= 800_000, `${waiting} bytes of 400,000`)
    }
    const entries = await b.store.receive('', 100)
    await b.store.trim(entries[29].position)
    const left = await a.store.waiting('b')
    assert.ok(left >= 100_000 && left <= 200_000, `${left} bytes of 100,000`)
    await b.store.trim(lastOf(entries))
    const end = await a.store.waiting('b')
    assert.ok(end <= nothing + 10_000, `${end} bytes of none`)
  })

  check('an entry may hold every byte, none, and 1 MiB', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    const all = Uint8Array.from({ length: 256 }, (_, i) => i)
    const page = Buffer.concat([Buffer.from('..'), all, Buffer.from('..')])
    const long = Buffer.alloc(2 ** 20, 'entry ')
    for (const entry of [all, new Uint8Array(0), page.subarray(2, 258), long]) await a.send('b', entry)
    const entries = await b.store.receive('', 10)
    assert.deepEqual(
      entries.slice(0, 3).map(({ bytes }) => hex(bytes)),
      [hex(all), '', hex(all)],
    )
    assert.equal(Buffer.compare(entries[3].bytes, long), 0)
  })

  check('casts come to the node that they are for, in their order, and are kept nowhere', async (bench) => {
    const [a, b, c] = [await bench.join('a'), await bench.join('b'), await bench.join('c')]
    for (const message of MANY) a.cast('b', message)
    await bench.until('the last cast', () => b.casts.length >= MANY.length)
    assert.deepEqual(b.casts, MANY)
    assert.deepEqual([a.casts, c.casts], [[], []])
    a.cast('nobody', 'x')
    const waiting = heard(b.store.receive('', 10))
    await bench.silence()
    assert.deepEqual([await waiting, b.casts.length], [[], MANY.length])
    assert.deepEqual(await a.nodes(), { a: true, b: true, c: true })
  })
})
