import assert from 'node:assert/strict'
import type { Client } from '@mqtt-stack/core'
import type { Bench } from '../bench.ts'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'
import { heard } from '../heard.ts'
import { Session } from '../session.ts'

export const takeOver: Chapter = chapter('take-over', undefined, (check) => {
  check('a session is taken from its connection, which is told by sessionTakenOver', async (bench) => {
    const first = await bench.open('alice')
    const second = await bench.open('alice')
    assert.deepEqual(bench.takenOver, [first.client])
    assert.equal(first.client.closed, true)
    assert.equal(second.present, true)
  })

  check('openSession is answered behind sessionTakenOver', async (bench) => {
    const first = await bench.open('alice')
    const gate = gateOf(bench)
    let answered = false
    const opening = heard(
      bench.open('alice').then((session) => {
        answered = true
        return session
      }),
    )
    await bench.settle()
    assert.equal(answered, false)
    // What it does until it is settled counts.
    await first.hold(5)
    gate.open()
    assert.deepEqual((await opening).inboundIds, [5])
  })

  check('of ten connections at once one has the session, and each had an epoch of its own', async (bench) => {
    const clients: Client[] = []
    for (let i = 0; i < 10; i++) clients.push(await bench.connect())
    const asked = await Promise.all(clients.map((client) => Session.ask(bench, 'alice', { client })))
    const opened = asked.filter(([, { refused }]) => refused === undefined)
    const given = opened.map(([, { epoch }]) => epoch ?? 0)
    assert.equal(new Set(given).size, given.length)
    const alive = opened.filter(([ctx]) => !ctx.client.closed)
    assert.equal(alive.length, 1)
    const [[ctx, store]] = alive
    assert.equal(store.epoch, Math.max(...given))
    const winner = new Session(bench, ctx, store)
    await winner.subscribe('t')
    await bench.relay()
    assert.equal((await winner.log()).length, 1)
  })

  for (const cleanStart of [false, true]) {
    check(
      `a take-over ends the claim of the connection that it waited for, no other's (clean start: ${cleanStart})`,
      async (bench) => {
        await bench.open('alice')
        const gate = gateOf(bench)
        const rivals = [await bench.connect(), await bench.connect()]
        const opening = rivals.map((client) => Session.ask(bench, 'alice', { client, cleanStart }))
        await bench.settle()
        gate.open()
        const opened = await Promise.all(opening)
        const alive = opened.filter(([ctx, store]) => store.refused === undefined && !ctx.client.closed)
        assert.equal(alive.length, 1)
        const [[ctx, store]] = alive
        const winner = new Session(bench, ctx, store)
        await winner.hold(1)
        await winner.leave()
        assert.deepEqual((await bench.open('alice')).inboundIds, [1])
      },
    )
  }

  check('a client that went while it waited for the older connection is refused', async (bench) => {
    await bench.open('alice')
    const gate = gateOf(bench)
    const client = await bench.connect()
    const opening = Session.ask(bench, 'alice', { client })
    await bench.settle()
    client.close()
    gate.open()
    const [, store] = await opening
    assert.notEqual(store.refused, undefined)
    const next = await bench.open('alice')
    assert.equal(next.present, true)
    assert.equal(next.client.closed, false)
  })

  check('a session that ends with its connection is not there behind the take-over', async (bench) => {
    const first = await bench.open('alice', { expiryInterval: 0 })
    await first.subscribe('t')
    const second = await bench.open('alice', { expiryInterval: 0 })
    assert.equal(second.present, false)
    assert.equal((await bench.relay()).matched, 0)
  })
})

/** Holds up the answer of sessionTakenOver. */
function gateOf(bench: Bench): { open(): void } {
  const gate = { open: (): void => {} }
  const opened = new Promise<void>((resolve) => {
    gate.open = resolve
  })
  bench.onTakenOver = () => opened
  return gate
}
