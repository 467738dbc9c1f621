import assert from 'node:assert/strict'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'

export const subscriptions: Chapter = chapter('subscriptions', undefined, (check) => {
  check('what is stored is looked up with all that it was made with', async (bench) => {
    const first = await bench.open('alice')
    await first.subscribe('a/+', { qos: 2, nl: true, rap: true, identifier: 7 })
    await first.subscribe('b', { qos: 0 })
    await first.leave()
    const found = await (await bench.open('alice')).subscriptions()
    const [one, other] = found.sort((a, b) => (a.topic < b.topic ? -1 : 1))
    assert.equal(found.length, 2)
    assert.deepEqual([one.topic, one.qos, one.identifier], ['a/+', 2, 7])
    assert.deepEqual([one.options.nl, one.options.rap], [true, true])
    assert.deepEqual([other.topic, other.qos, other.identifier], ['b', 0, undefined])
  })

  check('a filter that is subscribed to again is replaced, and said to have existed', async (bench) => {
    const session = await bench.open('alice')
    assert.equal((await session.subscribe('t', { qos: 0 })).existed, false)
    assert.equal((await session.subscribe('t', { qos: 2 })).existed, true)
    assert.equal(await session.store('t', { qos: 2 }), true)
    assert.deepEqual(
      (await session.subscriptions()).map(({ topic, qos }) => [topic, qos]),
      [['t', 2]],
    )
    await bench.relay({ qos: 2 })
    assert.deepEqual(
      bench.forwards.all.map(({ qos }) => qos),
      [2],
    )
  })

  check('removeSubscription and unsubscribeTopic say whether there was one', async (bench) => {
    const session = await bench.open('alice')
    await session.subscribe('t')
    assert.equal(await session.unsubscribe('t'), true)
    assert.equal(await session.unsubscribe('t'), false)
    assert.deepEqual(await session.subscriptions(), [])
    assert.equal((await bench.relay()).matched, 0)
  })

  check('clearSubscriptions takes all', async (bench) => {
    const session = await bench.open('alice')
    for (const topic of ['a', 'b', '#']) await session.subscribe(topic)
    const ctx = { ...session.address, client: session.client, packet: undefined }
    await bench.call('clearSubscriptions', ctx)
    assert.deepEqual(await session.subscriptions(), [])
    await session.leave()
    assert.deepEqual(await (await bench.open('alice')).subscriptions(), [])
  })

  check(
    'a filter is granted the QoS that it asks for, or the lower one that a rule had granted',
    async (bench) => {
      const session = await bench.open('alice')
      assert.equal((await session.subscribe('t', { qos: 2 })).granted, 2)
      const options = { topic: 'u', qos: 2 as const }
      const packet = { cmd: 'subscribe', subscriptions: [options] } as never
      const { client } = session
      const asked = { client, packet, options, identifier: undefined, share: undefined, restored: false }
      const store = { grant: 1 as const }
      await bench.call('subscribeTopic', { ...asked, topic: 'u', qos: 2 }, store)
      assert.equal(store.grant, 1)
      await bench.relay({ topic: 'u', qos: 2 })
      assert.deepEqual(
        bench.forwards.all.map(({ qos }) => qos),
        [1],
      )
    },
  )

  check('a session that is away is subscribed as before', async (bench) => {
    await bench.openAway('alice', 't')
    const { matched, queued } = await bench.relay()
    assert.deepEqual([matched, queued], [1, 1])
  })
})
