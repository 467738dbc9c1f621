import assert from 'node:assert/strict'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'

export const messageLog: Chapter = chapter('message log', undefined, (check) => {
  check('is read in pages', async (bench) => {
    const session = await bench.open('alice')
    await session.subscribe('t')
    const wanted = ['a', 'b', 'c', 'd', 'e']
    for (const payload of wanted) await bench.relay({ payload })
    const found: string[] = []
    for (let after: number | undefined; ; ) {
      const page = await session.log({ after, limit: 2 })
      if (page.length === 0) break
      assert.ok(page.length <= 2)
      found.push(...page.map(({ packet }) => packet.payload.toString()))
      after = page.at(-1)?.sequence
    }
    assert.deepEqual(found, wanted)
  })

  check('a page goes on behind a message that has left the log', async (bench) => {
    const session = await bench.open('alice')
    await session.subscribe('t')
    for (const payload of ['a', 'b', 'c']) await bench.relay({ payload })
    const [first, second] = await session.log()
    await session.acknowledge([first, second])
    const page = await session.log({ after: second.sequence })
    assert.deepEqual(
      page.map(({ packet }) => packet.payload.toString()),
      ['c'],
    )
  })

  check('what is acknowledged leaves it, and nothing else', async (bench) => {
    const session = await bench.open('alice')
    await session.subscribe('t')
    for (const payload of ['a', 'b', 'c']) await bench.relay({ payload })
    const [, second] = await session.log()
    await session.acknowledge([second])
    // Acknowledged twice, as after a reconnect.
    await session.acknowledge([second])
    assert.deepEqual(await session.payloads(), ['a', 'c'])
  })

  check('what is released keeps its place and says so', async (bench) => {
    const session = await bench.open('alice')
    await session.subscribe('t', { qos: 2 })
    for (const payload of ['a', 'b']) await bench.relay({ payload, qos: 2 })
    const before = await session.log()
    await session.release([before[0]])
    await session.leave()
    const after = await (await bench.open('alice')).log()
    assert.deepEqual(
      after.map(({ released }) => released),
      [true, false],
    )
    assert.deepEqual(
      after.map(({ sequence }) => sequence),
      before.map(({ sequence }) => sequence),
    )
  })

  check('clearOfflineMessages takes all', async (bench) => {
    const session = await bench.open('alice')
    await session.subscribe('t')
    for (const payload of ['a', 'b']) await bench.relay({ payload })
    await bench.call('clearOfflineMessages', session.address)
    assert.deepEqual(await session.log(), [])
  })

  check('a sequence is never handed out again, also when the log was empty', async (bench) => {
    const session = await bench.open('alice')
    await session.subscribe('t')
    let newest = 0
    for (let i = 0; i < 5; i++) {
      await bench.relay()
      const [message] = await session.log()
      assert.ok(message.sequence > newest, `${message.sequence} came behind ${newest}`)
      newest = message.sequence
      if (i === 3) await bench.call('clearOfflineMessages', session.address)
      else await session.acknowledge([message])
    }
  })

  check('a sequence is never handed out again when the client was away in between', async (bench) => {
    let session = await bench.open('alice')
    await session.subscribe('t')
    await bench.relay()
    const [message] = await session.log()
    await session.acknowledge([message])
    await session.leave()
    await bench.relay()
    session = await bench.open('alice')
    const [next] = await session.log()
    assert.ok(next.sequence > message.sequence)
  })

  check('messages keep the time when they are over', async (bench) => {
    await bench.openAway('alice', 't')
    await bench.seconds(5)
    const now = bench.clock.now()
    await bench.relay({ payload: 'ends', properties: { messageExpiryInterval: 10 } })
    await bench.relay({ payload: 'stays' })
    const found = await (await bench.open('alice')).log()
    assert.deepEqual(
      found.map(({ expiresAt }) => expiresAt),
      [now + 10_000, 0],
    )
  })

  check('one message has one identifier in all logs, and another one another', async (bench) => {
    await bench.openAway('alice', 't')
    await bench.openAway('bob', 't')
    await bench.relay()
    await bench.relay()
    const [alice, bob] = [await bench.open('alice'), await bench.open('bob')]
    const ids = (await alice.log()).map(({ messageId }) => messageId)
    assert.deepEqual(
      (await bob.log()).map(({ messageId }) => messageId),
      ids,
    )
    assert.notEqual(ids[0], ids[1])
  })
})
