import assert from 'node:assert/strict'
import type { DueRetained } from '@mqtt-stack/core'
import type { Bench } from '../bench.ts'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'
import { heard } from '../heard.ts'
import { makeMessage } from '../message.ts'
import type { Session } from '../session.ts'

export const dueRetained: Chapter = chapter('retained messages that are due', 'durable', (check) => {
  check('are looked up with the session, over a restart too, until nothing is due', async (bench) => {
    let session = await bench.open('alice')
    await store(bench, session, due('a/#', undefined))
    await store(bench, session, due('b', 'b'))
    await store(bench, session, due('a/#', 'a/5'))
    assert.deepEqual(await find(bench, session), ['a/# behind a/5', 'b behind b'])
    await session.leave()
    await bench.restart()
    session = await bench.open('alice')
    assert.deepEqual(await find(bench, session), ['a/# behind a/5', 'b behind b'])
    await store(bench, session, undefined, 'b')
    assert.deepEqual(await find(bench, session), ['a/# behind a/5'])
  })

  check('are forgotten with the subscriptions, and with the session', async (bench) => {
    let session = await bench.open('alice')
    await store(bench, session, due('a', undefined))
    const ctx = { ...session.address, client: session.client, packet: undefined }
    await bench.call('clearSubscriptions', ctx)
    assert.deepEqual(await find(bench, session), [])
    await store(bench, session, due('a', undefined))
    session = await bench.open('alice', { cleanStart: true })
    assert.deepEqual(await find(bench, session), [])
    await bench.restart()
    assert.deepEqual(await find(bench, await bench.open('alice')), [])
  })

  check('are one unit with the messages that were handed out', async (bench) => {
    for (let point = 0; point < 10; point++) {
      const session = await bench.open(`alice ${point}`)
      await session.subscribe('#')
      const held = bench.holdCommits()
      // In one turn.
      heard(append(bench, session))
      heard(store(bench, session, due('#', 'a/1')))
      await bench.settle()
      let whole = false
      for (let i = 0; i < point && !whole; i++) whole = !(await held.next())
      await bench.crash()
      const back = await bench.open(`alice ${point}`)
      assert.equal((await back.log()).length, (await find(bench, back)).length)
      if (whole) return
    }
  })

  check('of an older epoch are refused', async (bench) => {
    const first = await bench.open('alice')
    await bench.open('alice')
    await assert.rejects(store(bench, first, due('a', undefined)), { code: 'STALE_EPOCH' })
  })
})

function due(topic: string, after: string | undefined): DueRetained {
  return { topic, since: 1, qos: 1, identifier: undefined, after }
}

function store(
  bench: Bench,
  session: Session,
  one: DueRetained | undefined,
  topic: string = one?.topic ?? '',
): Promise<unknown> {
  const { address, client } = session
  return bench.call('storeDueRetained', { ...address, client, topic, due: one })
}

async function find(bench: Bench, { address, client }: Session): Promise<string[]> {
  const found = await bench.call('lookupDueRetained', { ...address, client }, [])
  return found.map(({ topic, after }) => `${topic} behind ${after}`).sort()
}

function append(bench: Bench, { address, client }: Session): Promise<unknown> {
  const packet = makeMessage({ topic: 'a/1', retain: true })
  const terms = { qos: 1, retain: true, identifiers: undefined, expiresAt: 0, share: undefined } as const
  return bench.call('storeOfflineMessage', { ...address, client, packet, messageId: 1, ...terms })
}
