import assert from 'node:assert/strict'
import type { Bench } from '../bench.ts'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'
import { makeMessage } from '../message.ts'

const SHARE = { group: 'g', filter: 't' }

export const handOn: Chapter = chapter('hand-on', undefined, (check) => {
  check('what a member has not acknowledged goes to another when its session is removed', async (bench) => {
    const left = await bench.openAway('left', '$share/g/t')
    for (const payload of ['a', 'b']) await bench.relay({ payload })
    const other = await bench.open('other')
    await other.subscribe('$share/g/t')
    await left.remove()
    await waitForLog(bench, 2)
    assert.deepEqual(bench.forwards.payloads('other'), ['a', 'b'])
    assert.deepEqual(await other.payloads(), ['a', 'b'])
  })

  check('and when its session ends with its connection', async (bench) => {
    const left = await bench.open('left')
    await left.subscribe('$share/g/t')
    await bench.relay({ payload: 'a' })
    const other = await bench.open('other')
    await other.subscribe('$share/g/t')
    await left.leave(0)
    await waitForLog(bench, 2)
    assert.deepEqual(bench.forwards.payloads('other'), ['a'])
  })

  check('and when a clean start takes its place', async (bench) => {
    await bench.openAway('left', '$share/g/t')
    await bench.relay({ payload: 'a' })
    const other = await bench.open('other')
    await other.subscribe('$share/g/t')
    await bench.open('left', { cleanStart: true })
    await waitForLog(bench, 1)
    assert.deepEqual(bench.forwards.payloads('other'), ['a'])
  })

  check('what was not shared is nobody else’s', async (bench) => {
    const left = await bench.openAway('left', 't')
    await bench.relay({ payload: 'a' })
    const other = await bench.open('other')
    await other.subscribe('$share/g/t')
    await left.remove()
    await bench.settle()
    assert.deepEqual(bench.forwards.payloads('other'), [])
  })

  check('QoS 2 that was sent is the member’s for good', async (bench) => {
    const left = await bench.open('left')
    await left.subscribe('$share/g/t', { qos: 2 })
    await bench.relay({ payload: 'sent', qos: 2 })
    const other = await bench.open('other')
    await other.subscribe('$share/g/t', { qos: 2 })
    await left.leave()
    await left.remove()
    await bench.settle()
    assert.deepEqual(bench.forwards.payloads('other'), [])
  })

  check('handOnMessage gives a message to a member, and not to who had it', async (bench) => {
    await (await bench.open('had it')).subscribe('$share/g/t')
    await (await bench.open('other')).subscribe('$share/g/t')
    const packet = makeMessage({ payload: 'again', qos: 1 })
    for (let i = 0; i < 4; i++)
      await bench.call('handOnMessage', {
        clientId: 'had it',
        share: SHARE,
        packet,
        qos: 1,
        expiresAt: 5_000,
      })
    assert.deepEqual(bench.forwards.payloads('other'), ['again', 'again', 'again', 'again'])
    assert.deepEqual(bench.forwards.payloads('had it'), [])
    assert.equal(bench.forwards.to('other')[0].expiresAt, 5_000)
  })

  check('handOnMessage gives a message to nobody where nobody else shares', async (bench) => {
    const alone = await bench.open('had it')
    await alone.subscribe('$share/g/t')
    const packet = makeMessage({ qos: 1 })
    const ctx = { clientId: 'had it', share: SHARE, packet, qos: 1 as const, expiresAt: 0 }
    await bench.call('handOnMessage', ctx)
    await bench.call('handOnMessage', { ...ctx, share: { group: 'nobody', filter: 't' } })
    assert.deepEqual(bench.forwards.all, [])
  })
})

/** What is handed on is nobody's call to wait for: lets it happen, also where commits take real time. */
async function waitForLog(bench: Bench, calls: number): Promise<void> {
  for (let i = 0; i < calls; i++) {
    await bench.settle()
    // Answered behind all that was staged before.
    await (await bench.open(`barrier ${i}`)).leave(0)
  }
  await bench.settle()
}
