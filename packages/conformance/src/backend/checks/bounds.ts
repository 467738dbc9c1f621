import assert from 'node:assert/strict'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'
import { Session } from '../session.ts'

export const bounds: Chapter = chapter('bounds', undefined, (check) => {
  check(
    'further sessions are refused with 0x97; known ones may come back',
    async (bench) => {
      const one = await bench.open('one', { expiryInterval: 0 })
      await bench.open('two', { expiryInterval: 0 })
      const [, third] = await Session.ask(bench, 'three', { expiryInterval: 0 })
      assert.equal(third.refused, 0x97)
      assert.equal((await bench.open('one', { expiryInterval: 0 })).client.closed, false)
      assert.equal(one.client.closed, true)
      await (await bench.open('two', { expiryInterval: 0 })).leave(0)
      assert.equal((await bench.open('three', { expiryInterval: 0 })).present, false)
    },
    { sessions: 2 },
  )

  check(
    'a full log drops what comes, which is counted and told, and has room again later',
    async (bench) => {
      const session = await bench.open('alice')
      await session.subscribe('t')
      await bench.relay({ payload: 'a' })
      await bench.relay({ payload: 'b' })
      assert.equal((await bench.relay({ payload: 'c' })).dropped, 1)
      assert.deepEqual(bench.drops, [{ clientId: 'alice', payload: 'c', reason: 'log-full' }])
      const [first] = await session.log()
      await session.acknowledge([first])
      assert.equal((await bench.relay({ payload: 'd' })).dropped, 0)
      assert.deepEqual(await session.payloads(), ['b', 'd'])
      assert.deepEqual(bench.forwards.payloads('alice'), ['a', 'b', 'd'])
    },
    { sessionMessages: 2 },
  )

  check(
    'messages that are on their way count as those in the log',
    async (bench) => {
      await bench.openAway('alice', 't')
      await Promise.all(['a', 'b', 'c', 'd'].map((payload) => bench.relay({ payload })))
      assert.deepEqual(await (await bench.open('alice')).payloads(), ['a', 'b'])
      assert.equal(bench.drops.length, 2)
    },
    { sessionMessages: 2 },
  )

  check(
    'further retained topics are refused with 0x97; known ones may change',
    async (bench) => {
      for (const topic of ['a', 'b']) assert.equal((await bench.retain(topic)).refused, undefined)
      assert.equal((await bench.retain('c')).refused, 0x97)
      assert.equal((await bench.retain('a', { payload: 'new' })).refused, undefined)
      await bench.retain('b', { payload: '' })
      assert.equal((await bench.retain('c')).refused, undefined)
      assert.deepEqual((await bench.retained('#')).map(({ topic }) => topic).sort(), ['a', 'c'])
    },
    { retainedMessages: 2 },
  )
})
