import assert from 'node:assert/strict'
import type { CallbackName } from '@mqtt-stack/core'
import type { Bench } from '../bench.ts'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'
import { heard } from '../heard.ts'
import type { Session } from '../session.ts'

/** Calls that change what is kept: none is answered before its commit. */
const WRITES: Readonly<Record<string, (bench: Bench, session: Session) => Promise<unknown>>> = {
  openSession: (bench) => bench.open('bob'),
  closeSession: (_bench, session) => session.leave(),
  storeSubscription: (_bench, session) => session.store('u'),
  removeSubscription: (_bench, session) => session.unsubscribe('t'),
  storeInboundMessage: (_bench, session) => session.hold(9),
  releaseInboundMessages: (_bench, session) => session.free(7),
  clearOfflineMessages: (bench, session) => bench.call('clearOfflineMessages', session.address),
  relayMessage: (bench) => bench.relay(),
  storeRetainedMessage: (bench) => bench.retain('t'),
}

export const commits: Chapter = chapter('what is not committed', 'durable', (check) => {
  for (const [name, write] of Object.entries(WRITES)) {
    check(`${name} is answered behind its commit`, async (bench) => {
      const session = await bench.open('alice')
      await session.subscribe('t')
      await session.hold(7)
      await bench.relay()
      const held = bench.holdCommits()
      let answered = false
      const writing = heard(
        write(bench, session).then(() => {
          answered = true
        }),
      )
      await bench.settle()
      assert.equal(answered, false)
      held.release()
      await writing
    })
  }

  for (const name of ['removeOfflineMessages', 'releaseOfflineMessages']) {
    check(`${name} is answered behind its commit`, async (bench) => {
      const session = await bench.open('alice')
      await session.subscribe('t')
      await bench.relay()
      const [{ messageId, sequence }] = await session.log()
      const ctx = { ...session.address, messageIds: [messageId], sequences: [sequence] }
      const held = bench.holdCommits()
      let answered = false
      const writing = heard(
        bench.call(name as CallbackName, ctx as never).then(() => {
          answered = true
        }),
      )
      await bench.settle()
      assert.equal(answered, false)
      held.release()
      await writing
    })
  }

  check('a message that is not committed is neither found in the log nor forwarded', async (bench) => {
    const session = await bench.open('alice')
    await session.subscribe('t', { qos: 2 })
    const held = bench.holdCommits()
    const writing = bench.relay({ qos: 2, payload: 'early' })
    await bench.settle()
    assert.deepEqual(await session.log(), [])
    assert.deepEqual(bench.forwards.all, [])
    held.release()
    await writing
    assert.deepEqual(await session.payloads(), ['early'])
    assert.deepEqual(bench.forwards.payloads('alice'), ['early'])
  })

  check(
    'a QoS 1 message that is forwarded ahead of its commit is found, and answered behind it',
    async (bench) => {
      const session = await bench.open('alice')
      await session.subscribe('t')
      await bench.relay()
      await session.acknowledge(await session.log())
      const held = bench.holdCommits()
      let answered = false
      const writing = heard(
        bench.relay({ payload: 'early' }).then(() => {
          answered = true
        }),
      )
      await bench.settle()
      const found = await session.payloads()
      // Ahead or not: both are right.
      assert.deepEqual(found, bench.forwards.payloads('alice').includes('early') ? ['early'] : [])
      assert.equal(answered, false)
      held.release()
      await writing
      assert.deepEqual(await session.payloads(), ['early'])
      assert.deepEqual(bench.forwards.payloads('alice'), ['x', 'early'])
    },
  )

  for (const qos of [1, 2] as const) {
    check(`a QoS ${qos} message that is purged before its commit is gone`, async (bench) => {
      const session = await bench.open('alice')
      await session.subscribe('t', { qos: 2 })
      const held = bench.holdCommits()
      const writing = bench.relay({ qos, payload: 'unwanted' })
      await bench.settle()
      const purging = heard(bench.call('purgeMessages', { filter: 't' }))
      await bench.settle()
      held.release()
      await writing
      assert.equal((await purging).waiting, bench.drops.length)
      const forwarded = bench.forwards.payloads('alice')
      // It came before the purge or not at all, and what was purged is not sent again.
      if (bench.drops.length > 0) assert.deepEqual([forwarded, await session.log()], [[], []])
      await bench.restart()
      const left = await (await bench.open('alice')).payloads()
      assert.deepEqual(left, bench.drops.length > 0 ? [] : ['unwanted'])
    })
  }

  check('a retained message that is not committed is not found', async (bench) => {
    await bench.retain('t', { payload: 'old' })
    const held = bench.holdCommits()
    const writing = [bench.retain('t', { payload: 'new' }), bench.retain('u')].map(heard)
    await bench.settle()
    const found = (await bench.retained('#')).map(({ packet }) => packet.payload.toString())
    assert.deepEqual(found, ['old'])
    held.release()
    await Promise.all(writing)
    assert.equal((await bench.retained('#')).length, 2)
  })

  check('a subscription that is not committed is not found', async (bench) => {
    const session = await bench.open('alice')
    await session.store('t')
    const held = bench.holdCommits()
    const writing = heard(session.store('u'))
    await bench.settle()
    assert.deepEqual(
      (await session.subscriptions()).map(({ topic }) => topic),
      ['t'],
    )
    held.release()
    await writing
    assert.equal((await session.subscriptions()).length, 2)
  })

  check('an openSession during a commit answers the identifiers that are in it', async (bench) => {
    const first = await bench.open('alice')
    const held = bench.holdCommits()
    const late: Promise<unknown>[] = [bench.relay({ qos: 2, from: first, packetId: 5 }), first.leave()].map(
      heard,
    )
    await bench.settle()
    late.push(first.hold(6).catch(() => {}))
    const opening = bench.open('alice')
    await bench.settle()
    held.release()
    assert.deepEqual((await opening).inboundIds.includes(5), true)
    await Promise.all(late)
  })

  check('all that is staged while a commit is under way is in the next one', async (bench) => {
    await bench.openAway('alice', 't')
    const held = bench.holdCommits()
    const relays = ['a'].map((payload) => bench.relay({ payload }))
    await bench.settle()
    for (let i = 0; i < 50; i++) relays.push(bench.relay({ payload: String(i) }))
    let count = 0
    while (await held.next()) count++
    held.release()
    await Promise.all(relays)
    assert.ok(count <= 4, `${count} commits for 51 messages`)
  })

  check('answers come in the order of the calls', async (bench) => {
    await bench.openAway('alice', 't')
    const order: number[] = []
    const held = bench.holdCommits()
    const relays: Promise<unknown>[] = []
    for (let i = 0; i < 5; i++) {
      relays.push(heard(bench.relay({ payload: String(i) }).then(() => order.push(i))))
      await bench.settle()
    }
    while (await held.next());
    held.release()
    await Promise.all(relays)
    assert.deepEqual(order, [0, 1, 2, 3, 4])
  })
})
