import assert from 'node:assert/strict'
import type { Bench } from '../bench.ts'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'
import { heard } from '../heard.ts'

export const hangingStore: Chapter = chapter('a store that hangs', 'durable', (check) => {
  check('holds up what has to be written, and the stack gives it up in time', async (bench) => {
    await bench.openAway('alice', 't')
    const held = bench.holdCommits()
    const relay = heard(assert.rejects(bench.relay(), { code: 'HANDLER_STALLED' }))
    await passStall(bench)
    await relay
    held.release()
  })

  check('holds up neither QoS 0 nor look-ups', async (bench) => {
    const session = await bench.open('alice')
    await session.subscribe('t')
    await bench.relay({ qos: 2, payload: 'kept' })
    await bench.retain('t')
    const held = bench.holdCommits()
    const late = bench.relay({ qos: 2, payload: 'waits' })
    await bench.settle()
    await bench.relay({ qos: 0, payload: 'now' })
    assert.deepEqual(bench.forwards.payloads('alice'), ['kept', 'now'])
    assert.deepEqual(await session.payloads(), ['kept'])
    assert.equal((await session.subscriptions()).length, 1)
    assert.equal((await bench.retained('t')).length, 1)
    held.release()
    await late
  })

  check('goes on where it was when it answers again', async (bench) => {
    const session = await bench.open('alice')
    await session.subscribe('t')
    const held = bench.holdCommits()
    const given = bench.relay({ payload: 'a' }).catch(() => {})
    await passStall(bench)
    await given
    held.release()
    await bench.relay({ payload: 'b' })
    const found = await session.payloads()
    // The first was given up, and may have been written all the same.
    assert.equal(found.at(-1), 'b')
    await bench.restart()
    assert.deepEqual(await (await bench.open('alice')).payloads(), found)
  })

  check('keeps nobody from crashing and coming back', async (bench) => {
    await bench.openAway('alice', 't')
    await bench.relay({ payload: 'kept' })
    bench.holdCommits()
    bench.relay({ payload: 'lost' }).catch(() => {})
    await bench.settle()
    await bench.crash('lost')
    assert.deepEqual(await (await bench.open('alice')).payloads(), ['kept'])
  })
})

async function passStall(bench: Bench): Promise<void> {
  await bench.settle()
  await bench.clock.advance(3 * bench.stack.config.stallTimeout)
}
