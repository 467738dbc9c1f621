import assert from 'node:assert/strict'
import type { Bench } from '../bench.ts'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'
import { heard } from '../heard.ts'
import type { Session } from '../session.ts'

/** A client is back before what it had staged is committed. Where commits are at once these are easily kept. */
export const reconnects: Chapter = chapter('quick reconnects', undefined, (check) => {
  check('openSession reads the identifiers behind the commit of what was staged before', async (bench) => {
    const first = await bench.open('alice')
    const client = await bench.connect()
    const late = [
      first.hold(1),
      bench.relay({ qos: 2, from: first, packetId: 2 }),
      first.hold(3),
      leave(first),
    ].map(heard)
    const second = await bench.open('alice', { client })
    assert.deepEqual([...second.inboundIds].sort(), [1, 2, 3])
    await Promise.all(late)
  })

  check('identifiers that were released on the way are not handed out again', async (bench) => {
    const first = await bench.open('alice')
    await first.hold(1)
    await first.hold(2)
    const client = await bench.connect()
    const late = [first.free(1), leave(first)].map(heard)
    assert.deepEqual((await bench.open('alice', { client })).inboundIds, [2])
    await Promise.all(late)
  })

  check('messages that were on their way to the log are in it', async (bench) => {
    const first = await bench.open('alice')
    await first.subscribe('t')
    const client = await bench.connect()
    const late = [bench.relay({ payload: 'a' }), bench.relay({ payload: 'b' }), leave(first)].map(heard)
    const second = await bench.open('alice', { client })
    assert.deepEqual(await second.payloads(), ['a', 'b'])
    await Promise.all(late)
  })

  check('acknowledgements that were on their way count', async (bench) => {
    const first = await bench.open('alice')
    await first.subscribe('t')
    for (const payload of ['a', 'b']) await bench.relay({ payload })
    const [message] = await first.log()
    const client = await bench.connect()
    const late = [first.acknowledge([message]), leave(first)].map(heard)
    assert.deepEqual(await (await bench.open('alice', { client })).payloads(), ['b'])
    await Promise.all(late)
  })

  check('subscriptions that were on their way are there', async (bench) => {
    const first = await bench.open('alice')
    const client = await bench.connect()
    const late = [first.store('t', { qos: 2 }), leave(first)].map(heard)
    const second = await bench.open('alice', { client })
    assert.deepEqual(
      (await second.subscriptions()).map(({ topic, qos }) => [topic, qos]),
      [['t', 2]],
    )
    await Promise.all(late)
  })

  check('nothing of an older session comes into the one that took its place', async (bench) => {
    const first = await bench.open('alice')
    await first.subscribe('t')
    const client = await bench.connect()
    const late = [
      bench.relay({ payload: 'old' }),
      first.hold(1),
      bench.relay({ payload: 'older', qos: 2, from: first, packetId: 2 }),
      first.store('u'),
      leave(first),
    ].map(heard)
    const second = await bench.open('alice', { client, cleanStart: true })
    await Promise.all(late.map((one) => one.catch(() => {})))
    assert.equal(second.present, false)
    assert.deepEqual(second.inboundIds, [])
    assert.deepEqual(await second.payloads(), [])
    assert.deepEqual(await second.subscriptions(), [])
    await second.leave()
    assert.deepEqual((await bench.open('alice')).inboundIds, [])
  })

  check('a session that was on its way to its end is not resumed', async (bench) => {
    const first = await bench.open('alice')
    await first.subscribe('t')
    const client = await bench.connect()
    const late = [first.leave(0)].map(heard)
    const second = await bench.open('alice', { client })
    assert.equal(second.present, false)
    assert.equal((await bench.relay()).matched, 0)
    await Promise.all(late)
  })

  check('many reconnects lose nothing and double nothing', async (bench) => {
    const wanted = await reconnect(bench, 30)
    const last = await bench.open('alice')
    assert.deepEqual(await last.payloads(), wanted)
  })
})

/** Leaves and comes back again and again, with a message on its way each time. */
async function reconnect(bench: Bench, times: number): Promise<string[]> {
  let session = await bench.open('alice')
  await session.subscribe('t')
  const late: Promise<unknown>[] = []
  for (let i = 0; i < times; i++) {
    const client = await bench.connect()
    late.push(bench.relay({ payload: String(i) }), leave(session))
    session = await bench.open('alice', { client })
    assert.equal(session.present, true)
  }
  await Promise.all(late)
  return Array.from({ length: times }, (_, i) => String(i))
}

/** Where the backend does late what it is asked, the session may be taken over before. */
function leave(session: Session): Promise<unknown> {
  const left = session.leave().catch((error: { code?: unknown }) => {
    if (error.code !== 'STALE_EPOCH') throw error
  })
  return heard(left)
}
