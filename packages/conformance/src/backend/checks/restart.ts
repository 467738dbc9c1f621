import assert from 'node:assert/strict'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'
import { heard } from '../heard.ts'
import { makeMessage } from '../message.ts'
import { Session } from '../session.ts'
import { assertSame, BYTES, PROPERTIES, TOPIC } from './message-bytes.ts'

export const restart: Chapter = chapter('over a restart', 'durable', (check) => {
  check('a session is there, with its identity, its subscriptions and its identifiers', async (bench) => {
    const first = await bench.open('alice', { identity: 'alice' })
    await first.subscribe('a/+', { qos: 2, nl: true, rap: true, identifier: 7 })
    await first.subscribe('$share/g/t')
    await first.subscribe('gone')
    await first.unsubscribe('gone')
    for (const id of [1, 2, 65_535]) await first.hold(id)
    await first.free(2)
    await first.leave()
    await bench.restart()
    const [, stranger] = await Session.ask(bench, 'alice', { identity: 'mallory' })
    assert.equal(stranger.refused, 0x85)
    const second = await bench.open('alice', { identity: 'alice' })
    assert.equal(second.present, true)
    assert.deepEqual([...second.inboundIds].sort(), [1, 65_535])
    const found = (await second.subscriptions()).sort((a, b) => (a.topic < b.topic ? -1 : 1))
    assert.deepEqual(
      found.map(({ topic, qos, identifier, options }) => [topic, qos, identifier, options.nl, options.rap]),
      [
        ['$share/g/t', 1, undefined, undefined, undefined],
        ['a/+', 2, 7, true, true],
      ],
    )
  })

  check('a session that is away is subscribed, with no local and all that was asked for', async (bench) => {
    const alice = await bench.open('alice')
    await alice.subscribe('t', { qos: 2, nl: true, rap: true, identifier: 7 })
    await alice.leave()
    await bench.restart()
    await bench.relay({ qos: 2, retain: true, payload: 'other' })
    const packet = makeMessage({ qos: 2, payload: 'hers' })
    await bench.relayAs('alice', packet)
    const [message, ...more] = await (await bench.open('alice')).log()
    assert.deepEqual(more, [])
    assert.deepEqual([message.qos, message.retain, message.identifiers], [2, true, [7]])
  })

  check('a session that was unsubscribed, cleared, ended or removed is not subscribed', async (bench) => {
    const unsubscribed = await bench.open('unsubscribed')
    await unsubscribed.subscribe('t')
    await unsubscribed.unsubscribe('t')
    await unsubscribed.leave()
    const cleared = await bench.open('cleared')
    await cleared.subscribe('t')
    const ctx = { ...cleared.address, client: cleared.client, packet: undefined }
    await bench.call('clearSubscriptions', ctx)
    await cleared.leave()
    await (await bench.openAway('removed', 't')).remove()
    const ended = await bench.open('ended')
    await ended.subscribe('t')
    await ended.leave(0)
    await bench.openAway('anew', 't')
    await (await bench.open('anew', { cleanStart: true })).leave()
    await bench.restart()
    assert.equal((await bench.relay()).matched, 0)
    for (const clientId of ['removed', 'ended'])
      assert.equal((await bench.open(clientId)).present, false, clientId)
    assert.equal((await bench.open('anew')).present, true)
  })

  check(
    'a log is there, in its order, with its sequences, its identifiers and what was released',
    async (bench) => {
      const first = await bench.open('alice')
      await first.subscribe('#', { qos: 2 })
      for (const payload of ['a', 'b', 'c', 'd']) await bench.relay({ payload, qos: 2 })
      const before = await first.log()
      await first.release([before[0]])
      await first.acknowledge([before[1]])
      await first.leave()
      await bench.restart()
      const session = await bench.open('alice')
      const after = await session.log()
      const wanted = [before[0], before[2], before[3]]
      assert.deepEqual(
        after.map(({ sequence, messageId }) => [sequence, messageId]),
        wanted.map(({ sequence, messageId }) => [sequence, messageId]),
      )
      assert.deepEqual(
        after.map(({ released }) => released),
        [true, false, false],
      )
      assert.deepEqual((await session.payloads()).slice(1), ['c', 'd'])
    },
  )

  check('properties and bytes are as they were', async (bench) => {
    await bench.openAway('alice', '#')
    const init = { topic: TOPIC, payload: BYTES, qos: 2 as const, properties: PROPERTIES }
    await bench.relay(init)
    await bench.retain(TOPIC, init)
    await bench.restart()
    const [logged] = await (await bench.open('alice')).log()
    assertSame(logged.packet, makeMessage(init))
    const [kept] = await bench.retained('#')
    assertSame(kept.packet, makeMessage({ ...init, retain: true }))
  })

  check(
    'a message for many sessions is in the log of each, until that one has acknowledged it',
    async (bench) => {
      const names = Array.from({ length: 20 }, (_, i) => `reader ${i}`)
      for (const name of names) await bench.openAway(name, 't')
      await bench.relay({ payload: 'for all' })
      await bench.restart()
      for (const [i, name] of names.entries()) {
        const session = await bench.open(name)
        assert.deepEqual(await session.payloads(), ['for all'], name)
        await session.acknowledge(await session.log())
        await session.leave()
        if (i === 9) await bench.restart()
      }
      await bench.restart()
      for (const name of names) assert.deepEqual(await (await bench.open(name)).log(), [], name)
    },
  )

  check('retained messages are there, and what was taken away is not', async (bench) => {
    await bench.retain('a', { payload: 'old' })
    await bench.retain('a', { payload: 'new' })
    await bench.retain('b')
    await bench.retain('b', { payload: '' })
    await bench.retain('c')
    await bench.restart()
    const found = (await bench.retained('#')).map(({ topic, packet }) => `${topic} ${packet.payload}`)
    assert.deepEqual(found.sort(), ['a new', 'c x'])
    await bench.retain('c', { payload: '' })
    await bench.restart()
    assert.deepEqual(
      (await bench.retained('#')).map(({ topic }) => topic),
      ['a'],
    )
  })

  check('stop waits for what was staged', async (bench) => {
    await bench.openAway('alice', 't')
    const late = [bench.relay({ payload: 'a' }), bench.retain('t')].map(heard)
    await bench.restart()
    await Promise.all(late)
    assert.deepEqual(await (await bench.open('alice')).payloads(), ['a'])
    assert.equal((await bench.retained('t')).length, 1)
  })

  check('a shared message goes on to another member', async (bench) => {
    const left = await bench.openAway('left', '$share/g/t')
    await bench.relay({ payload: 'shared' })
    await bench.restart()
    const [message] = await (await bench.open('left')).log()
    assert.deepEqual(message.share, { group: 'g', filter: 't' })
    const other = await bench.open('other')
    await other.subscribe('$share/g/t')
    await (await bench.open('left', { cleanStart: true })).leave(0)
    await bench.settle()
    assert.ok(left.epoch > 0)
    // Behind all that was staged.
    await other.leave()
    assert.deepEqual(await (await bench.open('other')).payloads(), ['shared'])
  })
})
