import assert from 'node:assert/strict'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'

export const retained: Chapter = chapter('retained messages', undefined, (check) => {
  check('each topic has one: a later one replaces it, and an empty one takes it away', async (bench) => {
    assert.equal((await bench.retain('t', { payload: 'old' })).replaced, false)
    assert.equal((await bench.retain('t', { payload: 'new', qos: 2 })).replaced, true)
    const [found, ...more] = await bench.retained('t')
    assert.deepEqual(more, [])
    assert.deepEqual([found.topic, found.packet.payload.toString(), found.packet.qos], ['t', 'new', 2])
    assert.equal((await bench.retain('t', { payload: '' })).replaced, true)
    assert.deepEqual(await bench.retained('t'), [])
    assert.equal((await bench.retain('t', { payload: '' })).replaced, false)
  })

  check('are found by filters, and $ topics by none that begins with a wildcard', async (bench) => {
    const topics = ['a', 'a/b', 'a/b/c', 'b', '/', '$x/a']
    for (const topic of topics) await bench.retain(topic)
    const find = async (filter: string) => (await bench.retained(filter)).map(({ topic }) => topic).sort()
    assert.deepEqual(await find('#'), ['/', 'a', 'a/b', 'a/b/c', 'b'])
    assert.deepEqual(await find('a/#'), ['a', 'a/b', 'a/b/c'])
    assert.deepEqual(await find('+'), ['a', 'b'])
    assert.deepEqual(await find('+/+'), ['/', 'a/b'])
    assert.deepEqual(await find('a/+/c'), ['a/b/c'])
    assert.deepEqual(await find('a/b'), ['a/b'])
    assert.deepEqual(await find('$x/#'), ['$x/a'])
    assert.deepEqual(await find('c'), [])
  })

  check('keep the time when they are over, and are not found then', async (bench) => {
    await bench.retain('ends', { expiresAt: bench.clock.now() + 10_000 })
    await bench.retain('stays')
    const found = new Map((await bench.retained('#')).map(({ topic, expiresAt }) => [topic, expiresAt]))
    assert.deepEqual(
      found,
      new Map([
        ['ends', 10_000],
        ['stays', 0],
      ]),
    )
    await bench.seconds(11)
    assert.deepEqual(
      (await bench.retained('#'))
        .filter(({ expiresAt }) => expiresAt === 0 || expiresAt > bench.clock.now())
        .map(({ topic }) => topic),
      ['stays'],
    )
  })
})
