import assert from 'node:assert/strict'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'

const MANY = Array.from({ length: 100 }, (_, i) => String(i))

export const order: Chapter = chapter('order', undefined, (check) => {
  check('messages are forwarded, and logged, in the order in which they were relayed', async (bench) => {
    const here = await bench.open('here')
    await here.subscribe('t', { qos: 2 })
    const passing = await bench.open('passing', { expiryInterval: 0 })
    await passing.subscribe('t', { qos: 1 })
    await bench.openAway('away', 't')
    // Relayed without a wait in between, as they come from one connection.
    await Promise.all(MANY.map((payload, i) => bench.relay({ payload, qos: i % 2 === 0 ? 1 : 2 })))
    assert.deepEqual(bench.forwards.payloads('here'), MANY)
    assert.deepEqual(bench.forwards.payloads('passing'), MANY)
    assert.deepEqual(await here.payloads(), MANY)
    assert.deepEqual(await (await bench.open('away')).payloads(), MANY)
  })

  check('the sequences of a log go up with its messages', async (bench) => {
    const session = await bench.open('alice')
    await session.subscribe('t')
    await Promise.all(MANY.map((payload) => bench.relay({ payload })))
    const sequences = (await session.log()).map(({ sequence }) => sequence)
    assert.deepEqual(
      sequences,
      [...new Set(sequences)].sort((a, b) => a - b),
    )
    assert.ok(sequences[0] >= 1)
  })

  check('what is relayed while a client comes back is behind what waited for it', async (bench) => {
    await bench.openAway('alice', 't')
    await bench.relay({ payload: 'first' })
    const late = bench.relay({ payload: 'second' })
    const session = await bench.open('alice')
    const later = bench.relay({ payload: 'third' })
    await Promise.all([late, later])
    assert.deepEqual(await session.payloads(), ['first', 'second', 'third'])
  })

  check('a later retained message replaces an earlier one, however close they come', async (bench) => {
    await Promise.all(MANY.map((payload) => bench.retain('t', { payload })))
    const [message, ...more] = await bench.retained('t')
    assert.deepEqual(more, [])
    assert.equal(message.packet.payload.toString(), MANY.at(-1))
  })
})
