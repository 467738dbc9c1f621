import assert from 'node:assert/strict'
import { put } from '../store/store-bench.ts'
import { inboxOf, lastOf, texts } from './shared-bench.ts'
import type { SharedChapter } from './shared-check.ts'
import { sharedChapter } from './shared-check.ts'

export const leases: SharedChapter = sharedChapter('nodes and leases', (check) => {
  check('who has joined is a node, and alive; all see the same', async (bench) => {
    const a = await bench.join('a')
    assert.deepEqual(await a.nodes(), { a: true })
    const b = await bench.join('b')
    for (const node of [a, b]) assert.deepEqual(await node.nodes(), { a: true, b: true })
    assert.deepEqual([a.store.node, b.store.node], ['a', 'b'])
  })

  check('a name may have 64 characters of letters, digits, `.`, `_` and `-`', async (bench) => {
    const name = 'n-0.Node_'.padEnd(64, 'z')
    const a = await bench.join(name)
    await a.store.write([put('k', 'v')])
    await a.send(name, 'x')
    assert.deepEqual([await a.nodes(), await inboxOf(a.store)], [{ [name]: true }, ['x']])
  })

  check('each node reads what it has written itself, and nothing of others', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    await a.store.write([put('k', 'of a'), put('only a', '')])
    await b.store.write([put('k', 'of b')])
    assert.deepEqual(await texts(a.store), { k: 'of a', 'only a': '' })
    assert.deepEqual(await texts(b.store), { k: 'of b' })
  })

  check('a name that a live node has is refused with NODE_TAKEN, and the node goes on', async (bench) => {
    const a = await bench.join('a')
    await assert.rejects(bench.join('a'), { code: 'NODE_TAKEN' })
    await a.store.write([put('k', 'v')])
    await a.store.renew()
    assert.deepEqual(await a.nodes(), { a: true })
  })

  check('a lease that is not renewed ends, and one that is lasts', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    await bench.die(b)
    assert.deepEqual(await a.nodes(), { a: true, b: false })
  })

  check('a lease that ended begins anew where nobody has claimed the part, which goes on', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    await b.store.write([put('k', 'before')])
    await bench.die(b)
    await b.store.renew()
    assert.deepEqual(await a.nodes(), { a: true, b: true })
    await b.store.write([put('k', 'behind')])
    assert.deepEqual(await texts(b.store), { k: 'behind' })
    assert.equal(await a.store.claim('b'), undefined)
  })

  check('a node that closes gives up its lease at once, and leaves what it has', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    await b.store.write([put('k', 'v')])
    await a.send('b', 'x')
    await bench.close(b)
    assert.deepEqual(await a.nodes(), { a: true, b: false })
    const again = await bench.join('b')
    assert.deepEqual([await texts(again.store), await inboxOf(again.store)], [{ k: 'v' }, ['x']])
    assert.deepEqual(await a.nodes(), { a: true, b: true })
  })

  check('a node that leaves is none any more, and nothing of it is left', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    await b.store.write([put('k', 'v')])
    await a.send('b', 'x')
    const received = lastOf(await b.store.receive('', 10))
    assert.equal(await b.store.leave(received), true)
    await bench.close(b)
    assert.deepEqual(await a.nodes(), { a: true })
    assert.deepEqual([await a.send('b', 'late'), await a.store.claim('b')], [false, undefined])
    const again = await bench.join('b')
    assert.deepEqual(await texts(again.store), {})
  })

  check('a node with an entry behind what it has received does not leave', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    await b.store.write([put('k', 'v')])
    await a.send('b', 'x')
    assert.equal(await b.store.leave(''), false)
    assert.deepEqual(
      [await a.nodes(), await texts(b.store), await inboxOf(b.store)],
      [{ a: true, b: true }, { k: 'v' }, ['x']],
    )
    await b.store.renew()
  })

  check(
    'who joins under the name of a node whose lease ended has its part, and the other has not',
    async (bench) => {
      const [first] = [await bench.join('a'), await bench.join('b')]
      await first.store.write([put('k', 'first')])
      await first.send('a', 'x')
      await bench.die(first)
      const second = await bench.join('a')
      assert.deepEqual([await texts(second.store), await inboxOf(second.store)], [{ k: 'first' }, ['x']])
      await assert.rejects(first.store.write([put('k', 'late')]), { code: 'LEASE_LOST' })
      await assert.rejects(first.store.renew(), { code: 'LEASE_LOST' })
      await second.store.write([put('l', 'second')])
      assert.deepEqual(await texts(second.store), { k: 'first', l: 'second' })
    },
  )

  check('the time is in milliseconds since 1970, the same for all, and does not go back', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    const times: number[] = []
    for (const { store } of [a, b, a, b]) times.push(await store.time())
    assert.deepEqual([...times].sort(), times)
    assert.ok(times[0] > Date.UTC(2020, 0, 1), `${times[0]} is before 2020`)
    assert.ok(times[3] - times[0] < 60_000, `clocks are ${times[3] - times[0]} ms apart`)
  })
})
