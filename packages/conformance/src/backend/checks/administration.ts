import assert from 'node:assert/strict'
import type { Context, SessionSummary, Store } from '@mqtt-stack/core'
import type { Bench } from '../bench.ts'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'

export const administration: Chapter = chapter('lookupSessions, purgeMessages', undefined, (check) => {
  check('sessions are listed in pages, each once, connected or away', async (bench) => {
    const names = ['b', 'a', 'e', 'd', 'c', 'é', '\u{1f600}', '\u{ffee}']
    for (const [i, name] of names.entries()) {
      const session = await bench.open(name)
      if (i % 2 === 0) await session.leave()
    }
    const found: string[] = []
    for (let after: string | undefined; ; ) {
      const page = await list(bench, { ...(after !== undefined && { after }), limit: 3 })
      assert.ok(page.length <= 3)
      found.push(...page.map(({ clientId }) => clientId))
      if (page.length < 3) break
      after = page.at(-1)?.clientId
    }
    assert.deepEqual(found, [...names].sort())
  })

  check('a summary says who and what a session is, and how much it holds', async (bench) => {
    const session = await bench.open('alice', { identity: 'her' })
    await session.subscribe('t', { qos: 2 })
    await session.subscribe('u')
    await session.hold(7)
    await bench.relay()
    const [here] = await list(bench, { clientId: 'alice', limit: 10 })
    assert.deepEqual(
      [here.identity, here.epoch, here.connected, here.subscriptions, here.messages, here.awaitingRelease],
      ['her', session.epoch, true, 2, 1, 1],
    )
    assert.equal(here.expiresAt, undefined)
    await session.leave(60)
    const [away] = await list(bench, { clientId: 'alice', limit: 10 })
    assert.deepEqual([away.connected, away.expiresAt], [false, bench.clock.now() + 60_000])
  })

  check('sessions are found by identity and by client identifier', async (bench) => {
    await bench.open('a', { identity: 'one' })
    await bench.open('b', { identity: 'two' })
    await bench.open('c', { identity: 'one' })
    const names = async (ctx: Context<'lookupSessions'>): Promise<string[]> =>
      (await list(bench, ctx)).map(({ clientId }) => clientId)
    assert.deepEqual(await names({ identity: 'one', limit: 10 }), ['a', 'c'])
    assert.deepEqual(await names({ clientId: 'b', limit: 10 }), ['b'])
    assert.deepEqual(await names({ clientId: 'nobody', limit: 10 }), [])
  })

  check('messages that wait are purged by filter, for all or for one client, and told', async (bench) => {
    for (const name of ['alice', 'bob']) await bench.openAway(name, '#')
    for (const topic of ['a', 'b']) await bench.relay({ topic, payload: topic })
    assert.equal((await purge(bench, { filter: 'a', clientId: 'alice' })).waiting, 1)
    assert.deepEqual(bench.drops, [{ clientId: 'alice', payload: 'a', reason: 'purged' }])
    assert.equal((await purge(bench, { filter: 'b' })).waiting, 2)
    assert.deepEqual(await (await bench.open('alice')).payloads(), [])
    assert.deepEqual(await (await bench.open('bob')).payloads(), ['a'])
  })

  check('messages are purged by their author', async (bench) => {
    await bench.openAway('reader', '#')
    const alice = await bench.open('alice', { identity: 'her' })
    const bob = await bench.open('bob')
    await bench.relay({ payload: 'hers', from: alice })
    await bench.relay({ payload: 'his', from: bob })
    assert.equal((await purge(bench, { author: { identity: 'her' } })).waiting, 1)
    assert.deepEqual(await (await bench.open('reader')).payloads(), ['his'])
  })

  check(
    'retained messages are purged by filter, those that wait are not where only retained ones go',
    async (bench) => {
      await bench.openAway('reader', '#')
      for (const topic of ['a', 'a/b', 'b']) await bench.retain(topic)
      await bench.relay({ topic: 'a' })
      const purged = await purge(bench, { filter: 'a/#', only: 'retained' })
      assert.deepEqual([purged.waiting, purged.retained], [0, 2])
      assert.deepEqual(
        (await bench.retained('#')).map(({ topic }) => topic),
        ['b'],
      )
      assert.equal((await (await bench.open('reader')).log()).length, 1)
    },
  )

  check('nothing is purged where nothing is said', async (bench) => {
    await bench.openAway('reader', '#')
    await bench.relay()
    await bench.retain('t')
    const { waiting, retained } = await purge(bench, {})
    assert.deepEqual([waiting, retained], [0, 0])
  })
})

export const administrationOverRestart: Chapter = chapter('purges over a restart', 'durable', (check) => {
  check('what was purged does not come back', async (bench) => {
    await bench.openAway('reader', '#')
    for (const topic of ['a', 'b']) await bench.relay({ topic, payload: topic })
    for (const topic of ['a', 'b']) await bench.retain(topic, { payload: topic })
    await purge(bench, { filter: 'a' })
    await bench.crash()
    assert.deepEqual(await (await bench.open('reader')).payloads(), ['b'])
    assert.deepEqual(
      (await bench.retained('#')).map(({ topic }) => topic),
      ['b'],
    )
  })

  check('messages keep their author', async (bench) => {
    await bench.openAway('reader', '#')
    const alice = await bench.open('alice', { identity: 'her' })
    await bench.relay({ payload: 'hers', from: alice })
    await bench.relay({ payload: 'nobody’s' })
    await bench.restart()
    assert.equal((await purge(bench, { author: { clientId: 'alice', identity: 'her' } })).waiting, 1)
    assert.deepEqual(await (await bench.open('reader')).payloads(), ['nobody’s'])
  })

  check('sessions of before are listed', async (bench) => {
    await (await bench.open('away', { identity: 'her' })).leave(60)
    await bench.open('connected')
    await bench.crash()
    const found = await list(bench, { limit: 10 })
    assert.deepEqual(
      found.map(({ clientId, identity, connected }) => [clientId, identity, connected]),
      [
        ['away', 'her', false],
        ['connected', undefined, false],
      ],
    )
  })
})

function list(bench: Bench, ctx: Context<'lookupSessions'>): Promise<SessionSummary[]> {
  return bench.call('lookupSessions', ctx, [])
}

function purge(bench: Bench, terms: Context<'purgeMessages'>): Promise<Store<'purgeMessages'>> {
  return bench.call('purgeMessages', terms, { waiting: 0, retained: 0 })
}
