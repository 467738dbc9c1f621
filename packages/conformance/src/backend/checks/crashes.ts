import assert from 'node:assert/strict'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'

export const crashes: Chapter = chapter('over a crash', 'durable', (check) => {
  check(
    'what was answered is there: messages, identifiers, subscriptions, retained messages',
    async (bench) => {
      const session = await bench.open('alice')
      await session.subscribe('t', { qos: 2 })
      for (const payload of ['a', 'b', 'c'])
        await bench.relay({ payload, qos: 2, from: session, packetId: payload.charCodeAt(0) })
      await bench.retain('kept')
      await bench.crash()
      const back = await bench.open('alice')
      assert.equal(back.present, true)
      assert.deepEqual(back.inboundIds, [97, 98, 99])
      assert.deepEqual(await back.payloads(), ['a', 'b', 'c'])
      assert.deepEqual(
        (await back.subscriptions()).map(({ topic }) => topic),
        ['t'],
      )
      assert.equal((await bench.retained('kept')).length, 1)
    },
  )

  check('the very last answer is there, whatever it was', async (bench) => {
    await bench.openAway('alice', 't')
    await bench.relay({ payload: 'last' })
    await bench.crash()
    const session = await bench.open('alice')
    assert.deepEqual(await session.payloads(), ['last'])
    await session.hold(7)
    await bench.crash()
    assert.deepEqual((await bench.open('alice')).inboundIds, [7])
    await bench.crash()
    const third = await bench.open('alice')
    await third.store('last')
    await bench.crash()
    const fourth = await bench.open('alice')
    assert.deepEqual((await fourth.subscriptions()).map(({ topic }) => topic).sort(), ['last', 't'])
    await fourth.acknowledge(await fourth.log())
    await bench.crash()
    assert.deepEqual(await (await bench.open('alice')).log(), [])
    await bench.retain('last')
    await bench.crash()
    assert.equal((await bench.retained('last')).length, 1)
    await (await bench.open('alice')).leave(0)
    await bench.crash()
    assert.equal((await bench.open('alice')).present, false)
  })

  check(
    'a session whose connection was open at the crash is subscribed, and gets what comes',
    async (bench) => {
      await (await bench.open('alice')).subscribe('t')
      await bench.crash()
      assert.equal((await bench.relay({ payload: 'later' })).queued, 1)
      assert.deepEqual(await (await bench.open('alice')).payloads(), ['later'])
    },
  )

  check('a session that ends with its connection ends with the crash', async (bench) => {
    await (await bench.open('alice', { expiryInterval: 0 })).subscribe('t')
    await bench.crash()
    assert.equal((await bench.relay()).matched, 0)
    assert.equal((await bench.open('alice')).present, false)
  })

  check('many crashes are survived as one is', async (bench) => {
    const wanted: string[] = []
    await bench.openAway('alice', 't')
    for (let i = 0; i < 10; i++) {
      wanted.push(String(i))
      await bench.relay({ payload: String(i) })
      await bench.crash(i % 2 === 0 ? 'lost' : 'written')
    }
    assert.deepEqual(await (await bench.open('alice')).payloads(), wanted)
  })
})
