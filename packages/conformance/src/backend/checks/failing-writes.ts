import assert from 'node:assert/strict'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'

export const failingWrites: Chapter = chapter('writes that fail', 'durable', (check) => {
  check('a message is not acknowledged, and nothing of it is kept', async (bench) => {
    await bench.openAway('away', 't')
    const here = await bench.open('here')
    await here.subscribe('t', { qos: 2 })
    const publisher = await bench.open('publisher')
    const mend = bench.failWrites()
    await assert.rejects(bench.relay({ qos: 2, payload: 'lost', from: publisher, packetId: 5 }))
    assert.deepEqual(await here.log(), [])
    assert.deepEqual(bench.forwards.all, [])
    mend()
    await bench.relay({ qos: 2, payload: 'kept', from: publisher, packetId: 6 })
    assert.deepEqual(await here.payloads(), ['kept'])
    assert.deepEqual(bench.forwards.payloads('here'), ['kept'])
    await publisher.leave()
    assert.deepEqual((await bench.open('publisher')).inboundIds, [6])
    await bench.restart()
    assert.deepEqual((await bench.open('publisher')).inboundIds, [6])
    for (const reader of ['away', 'here'])
      assert.deepEqual(await (await bench.open(reader)).payloads(), ['kept'], reader)
  })

  check('a message may be sent again with the same packet identifier', async (bench) => {
    await bench.openAway('away', 't')
    const publisher = await bench.open('publisher')
    const mend = bench.failWrites()
    await assert.rejects(bench.relay({ qos: 2, from: publisher, packetId: 5 }))
    mend()
    await bench.relay({ qos: 2, payload: 'again', from: publisher, packetId: 5 })
    assert.deepEqual(await (await bench.open('away')).payloads(), ['again'])
    await publisher.leave()
    assert.deepEqual((await bench.open('publisher')).inboundIds, [5])
  })

  check('QoS 0 goes on', async (bench) => {
    await (await bench.open('here')).subscribe('t')
    bench.failWrites()
    await bench.relay({ qos: 0, payload: 'now' })
    assert.deepEqual(bench.forwards.payloads('here'), ['now'])
  })

  check('a subscription is reported, and is as it was before', async (bench) => {
    const session = await bench.open('alice')
    await session.store('t', { qos: 0 })
    const mend = bench.failWrites()
    await assert.rejects(session.store('t', { qos: 2 }))
    await assert.rejects(session.store('u'))
    mend()
    const find = async () => (await session.subscriptions()).map(({ topic, qos }) => [topic, qos])
    assert.deepEqual(await find(), [['t', 0]])
    assert.equal(await session.store('u'), false)
    await bench.restart()
    const back = await bench.open('alice')
    assert.deepEqual((await back.subscriptions()).map(({ topic, qos }) => [topic, qos]).sort(), [
      ['t', 0],
      ['u', 1],
    ])
  })

  check('a retained message is reported, and the older one is there', async (bench) => {
    await bench.retain('t', { payload: 'old' })
    const mend = bench.failWrites()
    await assert.rejects(bench.retain('t', { payload: 'new' }))
    await assert.rejects(bench.retain('t', { payload: '' }))
    await assert.rejects(bench.retain('u'))
    const find = async () => (await bench.retained('#')).map(({ packet }) => packet.payload.toString())
    assert.deepEqual(await find(), ['old'])
    mend()
    await bench.restart()
    assert.deepEqual(await find(), ['old'])
  })

  check('an identifier is reported, and is not held', async (bench) => {
    const session = await bench.open('alice')
    const mend = bench.failWrites()
    await assert.rejects(session.hold(1))
    mend()
    await session.hold(2)
    await session.leave()
    assert.deepEqual((await bench.open('alice')).inboundIds, [2])
  })

  check('a session that cannot be opened is reported, and can be opened later', async (bench) => {
    const mend = bench.failWrites()
    await assert.rejects(bench.open('alice'))
    mend()
    const session = await bench.open('alice')
    await session.subscribe('t')
    await bench.relay()
    assert.equal((await session.log()).length, 1)
    await bench.restart()
    assert.equal((await bench.open('alice')).present, true)
  })

  check('a session that cannot be resumed keeps what it has, and its epochs go up', async (bench) => {
    const first = await bench.open('alice')
    await first.subscribe('t')
    await bench.relay({ payload: 'kept' })
    await first.leave()
    const mend = bench.failWrites()
    await assert.rejects(bench.open('alice'))
    mend()
    const session = await bench.open('alice')
    assert.equal(session.present, true)
    assert.ok(session.epoch > first.epoch)
    assert.deepEqual(await session.payloads(), ['kept'])
  })

  check('acknowledgements that could not be written do not come back as new messages', async (bench) => {
    const session = await bench.open('alice')
    await session.subscribe('t')
    for (const payload of ['a', 'b']) await bench.relay({ payload })
    const [first] = await session.log()
    const mend = bench.failWrites()
    await assert.rejects(session.acknowledge([first]))
    mend()
    await bench.relay({ payload: 'c' })
    const found = await session.payloads()
    // Sent again, or not: nothing else is lost or new.
    assert.deepEqual(found.slice(-2), ['b', 'c'])
    const [, ...sequences] = (await session.log()).map(({ sequence }) => sequence)
    assert.deepEqual(
      sequences,
      [...sequences].sort((a, b) => a - b),
    )
  })
})
