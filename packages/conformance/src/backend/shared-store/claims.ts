import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { heard } from '../heard.ts'
import { put, remove } from '../store/store-bench.ts'
import type { MemberNode, SharedBench } from './shared-bench.ts'
import { inboxOf, lastOf, texts } from './shared-bench.ts'
import type { SharedChapter } from './shared-check.ts'
import { sharedChapter } from './shared-check.ts'

const LOST = { code: 'LEASE_LOST' }

export const claims: SharedChapter = sharedChapter('claims', (check) => {
  check('nobody claims the part of a node that is alive, of none, or its own', async (bench) => {
    const [a, b] = [await bench.join('a'), await bench.join('b')]
    assert.equal(await a.store.claim('b'), undefined)
    assert.equal(await a.store.claim('nobody'), undefined)
    await b.store.write([put('k', 'v')])
  })

  check('a claimed part has what its node has left, and takes more', async (bench) => {
    const { alive, dead } = await deadNode(bench)
    const part = await alive.claim('dead')
    assert.deepEqual([await texts(part), await inboxOf(part)], [{ k: 'v' }, ['x']])
    await part.write([put('l', 'new'), remove('k')])
    await alive.send('dead', 'y')
    assert.deepEqual([await texts(part), await inboxOf(part)], [{ l: 'new' }, ['x', 'y']])
    assert.deepEqual(await alive.nodes(), { alive: true, other: true, dead: false })
    assert.deepEqual(await texts(alive.store), {})
    assert.equal(dead.casts.length, 0)
  })

  check('who has lost its part writes nothing any more, and may not renew its lease', async (bench) => {
    const { alive, dead } = await deadNode(bench)
    const part = await alive.claim('dead')
    await assert.rejects(dead.store.write([put('k', 'late'), put('late', '')]), LOST)
    await assert.rejects(dead.store.renew(), LOST)
    assert.deepEqual(await texts(part), { k: 'v' })
    assert.deepEqual(await alive.nodes(), { alive: true, other: true, dead: false })
  })

  check('who has lost its part changes no retained message any more', async (bench) => {
    const { alive, dead } = await deadNode(bench)
    const map = alive.store.retained
    await map.write([put('topic', 'newer')], Buffer.from('newer'))
    const part = await alive.claim('dead')
    await assert.rejects(dead.store.retained.write([put('topic', 'late')], Buffer.from('late')), LOST)
    const posted = await map.changes('', 10)
    assert.deepEqual(
      posted?.map(({ bytes }) => Buffer.from(bytes).toString()),
      ['newer'],
    )
    assert.equal(await part.forget(lastOf(await part.receive('', 10))), true)
    await assert.rejects(dead.store.retained.write([put('topic', 'late')], Buffer.from('late')), LOST)
    await map.write([remove('topic')], Buffer.from('gone'))
  })

  check('of several that claim a part at once one has it', async (bench) => {
    const { alive, other } = await deadNode(bench)
    const asked = [alive, other, alive, other].map(({ store }) => store.claim('dead'))
    const [one, two, again, too] = await Promise.all(asked)
    assert.notEqual(one === undefined, two === undefined)
    assert.deepEqual([again === undefined, too === undefined], [one === undefined, two === undefined])
  })

  check('a claimed part is its claimer’s as long as that is alive, however often it asks', async (bench) => {
    const { alive, other } = await deadNode(bench)
    const part = await alive.claim('dead')
    assert.equal(await other.store.claim('dead'), undefined)
    await part.write([put('l', 'first')])
    const again = await alive.claim('dead')
    await again.write([put('m', 'second')])
    assert.deepEqual(await texts(again), { k: 'v', l: 'first', m: 'second' })
  })

  check(
    'a claimed part is another’s when its claimer is dead, which writes nothing there any more',
    async (bench) => {
      const { alive, other } = await deadNode(bench)
      const lost = await alive.claim('dead')
      await bench.die(alive)
      const part = await other.claim('dead')
      await assert.rejects(lost.write([put('late', '')]), LOST)
      await assert.rejects(lost.forget(lastOf(await part.receive('', 10))), LOST)
      assert.deepEqual([await texts(part), await inboxOf(part)], [{ k: 'v' }, ['x']])
      assert.equal(await part.forget(lastOf(await part.receive('', 10))), true)
    },
  )

  check('a name whose part a live node has claimed is refused with NODE_TAKEN', async (bench) => {
    const { alive } = await deadNode(bench)
    const part = await alive.claim('dead')
    await assert.rejects(bench.join('dead'), { code: 'NODE_TAKEN' })
    await part.write([put('k', 'still mine')])
    assert.deepEqual(await texts(part), { k: 'still mine' })
  })

  check('a part with an entry behind what was received is not forgotten', async (bench) => {
    const { alive, other } = await deadNode(bench)
    const part = await alive.claim('dead')
    const received = lastOf(await part.receive('', 10))
    assert.equal(await other.send('dead', 'late'), true)
    assert.equal(await part.forget(received), false)
    assert.equal(await part.forget(''), false)
    assert.deepEqual([await texts(part), await inboxOf(part, received)], [{ k: 'v' }, ['late']])
    assert.equal(await part.forget(lastOf(await part.receive('', 10))), true)
  })

  check('a part whose entries were trimmed up to what was received is forgotten', async (bench) => {
    const { alive } = await deadNode(bench)
    const part = await alive.claim('dead')
    const received = lastOf(await part.receive('', 10))
    await part.trim(received)
    assert.equal(await part.forget(received), true)
    assert.deepEqual(await alive.nodes(), { alive: true, other: true })
  })

  check('of a part that was forgotten nothing is left, and nothing comes into it', async (bench) => {
    const { alive, other, dead } = await deadNode(bench)
    const part = await alive.claim('dead')
    assert.equal(await part.forget(lastOf(await part.receive('', 10))), true)
    assert.deepEqual(await other.nodes(), { alive: true, other: true })
    assert.equal(await other.send('dead', 'late'), false)
    assert.equal(await other.store.claim('dead'), undefined)
    await assert.rejects(dead.store.write([put('late', '')]), LOST)
    await assert.rejects(dead.store.renew(), LOST)
    const again = await bench.join('dead')
    assert.deepEqual(await texts(again.store), {})
    const waiting = heard(again.store.receive('', 10))
    await alive.send('dead', 'new')
    assert.deepEqual(
      (await waiting).map(({ bytes }) => Buffer.from(bytes).toString()),
      ['new'],
    )
  })

  check('a node that leaves takes its part with it, unless its inbox has more', async (bench) => {
    const [a, other] = [await bench.join('a'), await bench.join('other')]
    await a.store.write([put('k', 'v')])
    await other.send('a', 'x')
    assert.equal(await a.store.leave(''), false)
    assert.deepEqual(await other.nodes(), { a: true, other: true })
    assert.equal(await a.store.leave(lastOf(await a.store.receive('', 10))), true)
    assert.deepEqual(await other.nodes(), { other: true })
    await bench.close(a)
    assert.deepEqual(await other.nodes(), { other: true })
    assert.deepEqual(await texts((await bench.join('a')).store), {})
  })

  check('no entry is lost between a send and a part that is forgotten', async (bench) => {
    const { alive, other } = await deadNode(bench)
    const part = await alive.claim('dead')
    const received = lastOf(await part.receive('', 10))
    const [sent, forgotten] = await Promise.all([other.send('dead', 'late'), part.forget(received)])
    assert.notEqual(sent, forgotten)
    if (sent) assert.deepEqual(await inboxOf(part, received), ['late'])
  })
})

/** Two nodes, and a third whose lease has ended, with a key and an entry. */
async function deadNode(bench: SharedBench): Promise<Record<'alive' | 'other' | 'dead', MemberNode>> {
  const [alive, other] = [await bench.join('alive'), await bench.join('other')]
  const dead = await bench.join('dead')
  await dead.store.write([put('k', 'v')])
  await alive.send('dead', 'x')
  await bench.die(dead)
  return { alive, other, dead }
}
