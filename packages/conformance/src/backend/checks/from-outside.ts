import assert from 'node:assert/strict'
import type { Context, SessionSummary, Store, WaitingMessage } from '@mqtt-stack/core'
import type { Bench } from '../bench.ts'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'
import type { Session } from '../session.ts'

const list = (bench: Bench, ctx: Context<'lookupSessions'>): Promise<SessionSummary[]> =>
  bench.call('lookupSessions', ctx, [])

const purge = (bench: Bench, ctx: Context<'purgeMessages'>): Promise<Store<'purgeMessages'>> =>
  bench.call('purgeMessages', ctx, { waiting: 0, retained: 0, wills: 0 })

/** Takes a subscription away from a session that is away; whether there was one. */
async function endSubscription(bench: Bench, { address }: Session, topic: string): Promise<boolean> {
  const ctx = { ...address, client: undefined, session: undefined, packet: undefined, topic }
  const removed = await bench.call('removeSubscription', { ...address, client: undefined, topic })
  const ended = await bench.call('unsubscribeTopic', ctx)
  return removed.existed === true && ended.existed === true
}

async function payloads(bench: Bench, clientId: string): Promise<string[]> {
  return (await bench.open(clientId)).payloads()
}

export const fromOutside: Chapter = chapter('sessions from outside', undefined, (check) => {
  check(
    'are listed in pages in the order of their identifiers, connected or away, each once',
    async (bench) => {
      for (const clientId of ['e', 'c', '$x', 'a']) await bench.openAway(clientId)
      for (const clientId of ['d', 'b']) await bench.open(clientId)
      const pages: string[][] = []
      let after: string | undefined
      for (;;) {
        const page = await list(bench, { limit: 4, ...(after !== undefined && { after }) })
        pages.push(page.map(({ clientId, connected }) => `${clientId} ${connected}`))
        if (page.length < 4) break
        after = page.at(-1)?.clientId
      }
      assert.deepEqual(pages, [
        ['$x false', 'a false', 'b true', 'c false'],
        ['d true', 'e false'],
      ])
    },
  )

  check('are found by identity and by identifier, with what they hold', async (bench) => {
    for (const [clientId, identity] of [
      ['1', 'joe'],
      ['2', 'jane'],
      ['3', 'joe'],
    ]) {
      const session = await bench.open(clientId, { identity })
      await session.subscribe('t')
      await session.hold(7)
      await session.leave(60)
    }
    await bench.relay()
    const joes = await list(bench, { identity: 'joe', limit: 9 })
    assert.deepEqual(
      joes.map(({ clientId }) => clientId),
      ['1', '3'],
    )
    const [one, ...more] = await list(bench, { clientId: '3', limit: 9 })
    assert.deepEqual(more, [])
    assert.deepEqual(
      [one.identity, one.subscriptions, one.messages, one.awaitingRelease, one.expiresAt],
      ['joe', 1, 1, 1, bench.clock.now() + 60_000],
    )
    assert.ok(one.bytes > 0)
    assert.deepEqual(await list(bench, { clientId: '3', identity: 'jane', limit: 9 }), [])
  })

  check('whose time is over are not listed, whether or not a sweep was there', async (bench) => {
    await (await bench.open('alice')).leave(10)
    await bench.seconds(11)
    assert.deepEqual(await list(bench, { limit: 9 }), [])
    assert.deepEqual(await list(bench, { clientId: 'alice', limit: 9 }), [])
  })

  check('say without a client what they are subscribed to', async (bench) => {
    const alice = await bench.open('alice')
    await alice.subscribe('a/+', { qos: 2, nl: true, rap: true, identifier: 7 })
    await alice.leave()
    const [found, ...more] = await bench.call('lookupSubscriptions', { clientId: 'alice' }, [])
    assert.deepEqual(more, [])
    const { topic, qos, identifier, options } = found
    assert.deepEqual([topic, qos, identifier, options.nl, options.rap], ['a/+', 2, 7, true, true])
    assert.deepEqual(await bench.call('lookupSubscriptions', { clientId: 'nobody' }, []), [])
  })

  check('lose a subscription while they are away, and keep the others', async (bench) => {
    const alice = await bench.openAway('alice', 't', 'u')
    assert.equal(await endSubscription(bench, alice, 't'), true)
    assert.equal(await endSubscription(bench, alice, 't'), false)
    for (const topic of ['t', 'u']) await bench.relay({ topic, payload: topic })
    const back = await bench.open('alice')
    assert.deepEqual(await back.payloads(), ['u'])
    assert.deepEqual(
      (await back.subscriptions()).map(({ topic }) => topic),
      ['u'],
    )
    // It is connected now: a call for the opening before is refused.
    await assert.rejects(endSubscription(bench, alice, 'u'), { code: 'STALE_EPOCH' })
  })

  check('are purged by filter and author, and keep all else in its order', async (bench) => {
    const eve = await bench.open('eve', { identity: 'mallory' })
    for (const clientId of ['a', 'b']) await bench.openAway(clientId, '#')
    for (const payload of ['1', '2']) {
      await bench.relay({ topic: 'secret/x', payload })
      await bench.relay({ topic: 'open', payload, qos: 2 })
      await bench.relay({ topic: 'open', payload: 'evil', from: eve })
    }
    for (const topic of ['secret/x', 'open', '$x']) await bench.retain(topic)
    assert.deepEqual(await purge(bench, {}), { waiting: 0, retained: 0, wills: 0 })
    assert.deepEqual(await purge(bench, { filter: 'secret/#', only: 'waiting' }), {
      waiting: 4,
      retained: 0,
      wills: 0,
    })
    assert.deepEqual(await purge(bench, { filter: 'secret/#' }), { waiting: 0, retained: 1, wills: 0 })
    const nobody = { author: { clientId: 'eve', identity: 'nobody' } }
    assert.deepEqual(await purge(bench, nobody), { waiting: 0, retained: 0, wills: 0 })
    assert.deepEqual(await purge(bench, { clientId: 'a', author: { identity: 'mallory' } }), {
      waiting: 2,
      retained: 0,
      wills: 0,
    })
    assert.deepEqual(await payloads(bench, 'a'), ['1', '2'])
    assert.deepEqual(await payloads(bench, 'b'), ['1', 'evil', '2', 'evil'])
    assert.equal(bench.drops.filter(({ reason }) => reason === 'purged').length, 7)
  })

  check('are purged where somebody says so of each, by message and author', async (bench) => {
    const eve = await bench.open('eve', { identity: 'mallory' })
    await bench.openAway('a', '#')
    for (const payload of ['1', '2']) {
      await bench.relay({ payload })
      await bench.relay({ payload, from: eve })
    }
    await bench.retain('t')
    const where = ({ packet, publisher }: WaitingMessage): boolean =>
      packet.payload.toString() === '2' && publisher?.identity === 'mallory'
    assert.deepEqual(await purge(bench, { where }), { waiting: 1, retained: 0, wills: 0 })
    assert.deepEqual(await payloads(bench, 'a'), ['1', '1', '2'])
    assert.deepEqual(await purge(bench, { clientId: 'a', where: () => false }), {
      waiting: 0,
      retained: 0,
      wills: 0,
    })
  })

  check('are purged with the wills that wait, and with those of connections, by author', async (bench) => {
    const open = (clientId: string, identity: string): Promise<Session> =>
      bench.open(clientId, { identity, will: { topic: clientId, payload: clientId, delay: 10 } })
    for (const [clientId, identity] of [
      ['eve', 'mallory'],
      ['joe', 'joe'],
    ])
      await (await open(clientId, identity)).leave(60, 10)
    const connected = await open('mel', 'mallory')
    assert.deepEqual(await purge(bench, { filter: '#', only: 'waiting' }), {
      waiting: 0,
      retained: 0,
      wills: 0,
    })
    assert.deepEqual(await purge(bench, { author: { identity: 'mallory' } }), {
      waiting: 0,
      retained: 0,
      wills: 1,
    })
    await connected.leave(60, 10)
    await bench.seconds(11)
    assert.deepEqual(await bench.dueWillPayloads(), ['joe'])
  })

  check(
    'are not purged by terms that say nothing: an author without a name, or what is no filter',
    async (bench) => {
      const session = await bench.openAway('a', '#')
      await bench.relay({ topic: 't' })
      await bench.retain('t')
      for (const author of [{}, { clientId: undefined } as object])
        await assert.rejects(purge(bench, { author }), { code: 'OPTION_INVALID' })
      for (const filter of ['t/##', '', '$share/g'])
        await assert.rejects(purge(bench, { filter }), { code: 'FILTER_INVALID' })
      assert.deepEqual([session.clientId, await payloads(bench, 'a')], ['a', ['x']])
      assert.equal((await bench.retained('#')).length, 1)
    },
  )

  check('keep the place of a QoS 2 message that may have been sent: only PUBREL is left', async (bench) => {
    const alice = await bench.open('alice')
    await alice.subscribe('t', { qos: 2 })
    await bench.relay({ qos: 2 })
    await alice.log()
    await alice.leave()
    assert.deepEqual(await purge(bench, { clientId: 'alice' }), { waiting: 1, retained: 0, wills: 0 })
    const [left, ...more] = await (await bench.open('alice')).log()
    assert.deepEqual(more, [])
    assert.deepEqual([left.sequence, left.released], [1, true])
  })

  check(
    'give what a shared subscription owes to another member where one client is purged',
    async (bench) => {
      const alice = await bench.openAway('alice', '$share/g/t')
      for (const payload of ['1', '2']) await bench.relay({ payload })
      await bench.openAway('bob', '$share/g/t')
      assert.equal((await purge(bench, { clientId: alice.clientId })).waiting, 2)
      await bench.settle()
      assert.deepEqual(await payloads(bench, 'alice'), [])
      assert.deepEqual(await payloads(bench, 'bob'), ['1', '2'])
      assert.deepEqual(bench.drops, [])
    },
  )
})

export const fromOutsideOverRestart: Chapter = chapter(
  'sessions from outside, over a restart',
  'durable',
  (check) => {
    check('messages and wills are purged by who published them before it', async (bench) => {
      const eve = await bench.open('eve', { identity: 'mallory' })
      await bench.openAway('alice', '#')
      await (await bench.open('mel', { identity: 'mallory', will: { delay: 10 } })).leave(60, 10)
      await bench.relay({ payload: 'evil', from: eve })
      await bench.relay({ payload: 'good' })
      await bench.restart()
      const { waiting, wills } = await purge(bench, { author: { identity: 'mallory' } })
      assert.deepEqual([waiting, wills], [1, 1])
      await bench.crash()
      await bench.seconds(11)
      assert.deepEqual(await bench.dueWillPayloads(), [])
      assert.deepEqual(await payloads(bench, 'alice'), ['good'])
    })

    check('what was purged and taken away does not come back', async (bench) => {
      const alice = await bench.openAway('alice', 't', 'u')
      await bench.relay({ topic: 't' })
      await bench.retain('t')
      assert.equal(await endSubscription(bench, alice, 't'), true)
      assert.deepEqual(await purge(bench, { filter: 't' }), { waiting: 1, retained: 1, wills: 0 })
      await bench.crash()
      assert.deepEqual(await bench.retained('#'), [])
      const back = await bench.open('alice')
      assert.deepEqual(await back.payloads(), [])
      assert.deepEqual(
        (await back.subscriptions()).map(({ topic }) => topic),
        ['u'],
      )
    })

    check('sessions of before are listed', async (bench) => {
      for (const clientId of ['b', 'a']) await bench.openAway(clientId, 't')
      await bench.restart()
      assert.deepEqual(
        (await list(bench, { limit: 9 })).map(({ clientId, subscriptions }) => [clientId, subscriptions]),
        [
          ['a', 1],
          ['b', 1],
        ],
      )
    })
  },
)
