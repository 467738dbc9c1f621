import assert from 'node:assert/strict'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'
import { Session } from '../session.ts'

export const distributed: Chapter = chapter('several brokers', 'distributed', (check) => {
  check('a message is relayed to the clients of all brokers, once to each', async (bench) => {
    const other = await bench.join()
    await (await bench.open('here')).subscribe('t')
    await (await other.open('there')).subscribe('t')
    for (const from of [bench, other]) await from.relay()
    await other.settle()
    assert.equal(bench.forwards.to('here').length, 2)
    assert.equal(other.forwards.to('there').length, 2)
    await other.close()
  })

  check('a session goes on at another broker, and its calls at the first one are refused', async (bench) => {
    const other = await bench.join()
    const first = await bench.open('alice')
    await first.subscribe('t')
    await first.hold(7)
    await bench.relay({ payload: 'kept' })
    const second = await other.open('alice')
    assert.deepEqual([second.present, second.epoch], [true, first.epoch + 1])
    assert.deepEqual(second.inboundIds, [7])
    assert.deepEqual(await second.payloads(), ['kept'])
    assert.equal(first.client.closed, true)
    await assert.rejects(first.hold(8), { code: 'STALE_EPOCH' })
    await other.close()
  })

  check('of two connections at two brokers one has the session', async (bench) => {
    const other = await bench.join()
    const asked = await Promise.all([Session.ask(bench, 'alice'), Session.ask(other, 'alice')])
    const alive = asked.filter(([ctx, { refused }]) => refused === undefined && !ctx.client.closed)
    assert.equal(alive.length, 1)
    await other.close()
  })

  check('retained messages are those of all brokers', async (bench) => {
    const other = await bench.join()
    await bench.retain('t', { payload: 'here' })
    const [message] = await other.retained('t')
    assert.equal(message.packet.payload.toString(), 'here')
    await other.close()
  })
})
