import assert from 'node:assert/strict'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'

export const relay: Chapter = chapter('relayMessage', undefined, (check) => {
  check(
    'finds receivers by + and #, and none of $ topics by a wildcard in the first place',
    async (bench) => {
      for (const [clientId, filter] of [
        ['one', 'a/b'],
        ['two', 'a/+'],
        ['three', '#'],
        ['four', '+/b'],
        ['five', 'a/b/#'],
        ['six', 'a'],
        ['seven', '$x/#'],
      ])
        await (await bench.open(clientId)).subscribe(filter)
      assert.equal((await bench.relay({ topic: 'a/b' })).matched, 5)
      assert.deepEqual(bench.forwards.all.map(({ clientId }) => clientId).sort(), [
        'five',
        'four',
        'one',
        'three',
        'two',
      ])
      bench.forwards.clear()
      assert.equal((await bench.relay({ topic: '$x/b' })).matched, 1)
      assert.deepEqual(
        bench.forwards.all.map(({ clientId }) => clientId),
        ['seven'],
      )
    },
  )

  check('delivers once for overlapping filters, at the highest QoS, with all identifiers', async (bench) => {
    const session = await bench.open('alice')
    await session.subscribe('t', { qos: 0, identifier: 1 })
    await session.subscribe('+', { qos: 2, identifier: 2 })
    await session.subscribe('#', { qos: 1 })
    assert.equal((await bench.relay({ qos: 2 })).matched, 1)
    const [got, ...more] = bench.forwards.to('alice')
    assert.deepEqual(more, [])
    assert.equal(got.qos, 2)
    assert.deepEqual([...got.identifiers].sort(), [1, 2])
    const [stored] = await session.log()
    assert.equal(stored.qos, 2)
    assert.deepEqual([...(stored.identifiers ?? [])].sort(), [1, 2])
  })

  check('delivers at the lower QoS of message and subscription', async (bench) => {
    for (const qos of [0, 1, 2] as const) await (await bench.open(`at ${qos}`)).subscribe('t', { qos })
    for (const qos of [0, 1, 2] as const) {
      bench.forwards.clear()
      await bench.relay({ qos })
      for (const granted of [0, 1, 2])
        assert.equal(bench.forwards.to(`at ${granted}`)[0].qos, Math.min(qos, granted))
    }
  })

  check('with no local a client does not get its own messages, and others do', async (bench) => {
    const alice = await bench.open('alice')
    await alice.subscribe('t', { nl: true })
    const bob = await bench.open('bob')
    await bob.subscribe('t')
    await bench.relay({ payload: 'hers', from: alice })
    await bench.relay({ payload: 'his', from: bob })
    assert.deepEqual(bench.forwards.payloads('alice'), ['his'])
    assert.deepEqual(bench.forwards.payloads('bob'), ['hers', 'his'])
    assert.deepEqual(await alice.payloads(), ['his'])
  })

  check('with no local for one of two filters the other one still delivers', async (bench) => {
    const alice = await bench.open('alice')
    await alice.subscribe('t', { nl: true, qos: 2, identifier: 1 })
    await alice.subscribe('#', { qos: 1, identifier: 2 })
    await bench.relay({ qos: 2, from: alice })
    const [got] = bench.forwards.to('alice')
    assert.deepEqual([got.qos, got.identifiers], [1, [2]])
  })

  check('the retain flag is as published for who asked for it, and unset for all others', async (bench) => {
    await (await bench.open('as published')).subscribe('t', { rap: true })
    await (await bench.open('plain')).subscribe('t')
    await bench.relay({ retain: true })
    await bench.relay({ retain: false })
    assert.deepEqual(
      bench.forwards.to('as published').map(({ retain }) => retain),
      [true, false],
    )
    assert.deepEqual(
      bench.forwards.to('plain').map(({ retain }) => retain),
      [false, false],
    )
  })

  check('counts who matches, and for whom it waits', async (bench) => {
    await (await bench.open('here')).subscribe('t', { qos: 1 })
    await bench.openAway('away', 't')
    await bench.openAway('away too', '#')
    const { matched, queued, dropped } = await bench.relay()
    assert.deepEqual([matched, queued, dropped], [3, 2, 0])
  })

  check('QoS 0 is kept for nobody', async (bench) => {
    await bench.openAway('alice', 't')
    await bench.relay({ qos: 0 })
    assert.deepEqual(await (await bench.open('alice')).log(), [])
  })

  check('a message is in the log before it is forwarded, and says where', async (bench) => {
    const session = await bench.open('alice')
    await session.subscribe('t')
    await bench.relay()
    const [stored] = await session.log()
    assert.equal(bench.forwards.to('alice')[0].sequence, stored.sequence)
  })

  check('a session that ends with its connection has no log', async (bench) => {
    const session = await bench.open('alice', { expiryInterval: 0 })
    await session.subscribe('t')
    await bench.relay()
    assert.equal(bench.forwards.to('alice').length, 1)
    assert.deepEqual(await session.log(), [])
  })

  check('keeps the publisher’s identifier with the message', async (bench) => {
    const alice = await bench.open('alice')
    await bench.relay({ qos: 2, from: alice, packetId: 65_535 })
    await bench.relay({ qos: 2, from: alice, packetId: 1 })
    await alice.leave()
    assert.deepEqual([...(await bench.open('alice')).inboundIds].sort(), [1, 65_535])
  })
})
