import assert from 'node:assert/strict'
import { numbered, relayAll, until } from '../brokers.ts'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'
import { heard } from '../heard.ts'
import { Session } from '../session.ts'

export const movingSessions: Chapter = chapter('sessions at several brokers', 'distributed', (check) => {
  check('a session goes on at another broker, and its calls at the first one are refused', async (bench) => {
    const other = await bench.join()
    const first = await bench.open('alice')
    await first.subscribe('t')
    await first.hold(7)
    await bench.relay({ payload: 'kept' })
    const second = await other.open('alice')
    assert.equal(second.present, true)
    assert.ok(second.epoch > first.epoch)
    assert.deepEqual(second.inboundIds, [7])
    assert.deepEqual(await second.payloads(), ['kept'])
    assert.deepEqual(bench.takenOver, [first.client])
    assert.equal(first.client.closed, true)
    await assert.rejects(first.hold(8), { code: 'STALE_EPOCH' })
  })

  check('openSession at one broker is answered behind sessionTakenOver at another', async (bench) => {
    const other = await bench.join()
    const first = await bench.open('alice')
    let open = (): void => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    bench.onTakenOver = () => gate
    let answered = false
    const opening = heard(
      other.open('alice').finally(() => {
        answered = true
      }),
    )
    await until(bench, 'the connection is taken over', () => bench.takenOver.length > 0)
    assert.equal(answered, false)
    // What it does until it is settled counts.
    await first.hold(5)
    open()
    await until(bench, 'it is answered', () => answered)
    assert.deepEqual((await opening).inboundIds, [5])
  })

  check(
    'what a session was given at several brokers is in its log in order, each message once',
    async (bench) => {
      const other = await bench.join()
      await bench.openAway('alice', '#')
      await relayAll(bench, numbered('a', 5))
      await relayAll(other, numbered('b', 5))
      const there = await other.open('alice')
      await until(bench, 'all are there', async () => (await there.log()).length >= 10)
      await there.leave()
      await relayAll(bench, numbered('c', 5))
      await relayAll(other, numbered('d', 5))
      const here = await bench.open('alice')
      await until(bench, 'all are there', async () => (await here.log()).length >= 20)
      const log = await here.log()
      const sequences = log.map(({ sequence }) => sequence)
      assert.deepEqual(
        [...new Set(sequences)].sort((one, two) => one - two),
        sequences,
      )
      const got = log.map(({ packet }) => packet.payload.toString())
      assert.equal(new Set(got).size, 20)
      for (const [from, count] of [
        ['a', 5],
        ['b', 5],
        ['c', 5],
        ['d', 5],
      ] as const)
        assert.deepEqual(
          got.filter((payload) => payload.startsWith(`${from}-`)),
          numbered(from, count),
        )
    },
  )

  check('no message is lost or doubled while its session goes to and fro', async (bench) => {
    const other = await bench.join()
    const brokers = [bench, other]
    await (await bench.open('alice')).subscribe('t', { qos: 2 })
    const sent: string[] = []
    let over = false
    const publishing = brokers.map(async (broker, b) => {
      for (let i = 0; i < 200 && !over; i++) {
        const payload = `${b}-${i}`
        await broker.relay({ payload, qos: 2 })
        sent.push(payload)
      }
    })
    for (const later of publishing) heard(later)
    for (let i = 1; i <= 4; i++) await (await brokers[i % 2].open('alice')).leave()
    over = true
    await Promise.all(publishing)
    const alice = await other.open('alice')
    await until(bench, 'all are there', async () => (await alice.log()).length >= sent.length)
    const got = await alice.payloads()
    assert.deepEqual([...got].sort(), [...sent].sort())
    for (const b of [0, 1]) {
      const ofOne = got.filter((payload) => payload.startsWith(`${b}-`))
      assert.deepEqual(ofOne, numbered(`${b}`, ofOne.length))
    }
  })

  check('a clean start at another broker ends the session', async (bench) => {
    const other = await bench.join()
    const first = await bench.open('alice')
    await first.subscribe('t')
    await bench.relay()
    const second = await other.open('alice', { cleanStart: true })
    assert.equal(second.present, false)
    assert.equal(first.client.closed, true)
    assert.deepEqual([await second.log(), await second.subscriptions()], [[], []])
    await until(bench, 'nobody is subscribed', async () => (await bench.relay()).matched === 0)
  })

  check('a session that ended with its connection is not there at another broker', async (bench) => {
    const other = await bench.join()
    const first = await bench.open('alice', { expiryInterval: 0 })
    await first.subscribe('t')
    await first.leave(0)
    assert.equal((await other.open('alice', { expiryInterval: 0 })).present, false)
    await until(bench, 'nobody is subscribed', async () => (await bench.relay()).matched === 0)
  })

  check(
    'somebody else with the client identifier of a session at another broker is refused',
    async (bench) => {
      const other = await bench.join()
      await bench.open('alice', { identity: 'alice' })
      const [, { refused }] = await Session.ask(other, 'alice', { identity: 'mallory' })
      assert.notEqual(refused, undefined)
      assert.deepEqual(bench.takenOver, [])
    },
  )

  check(
    'of connections to all brokers at once no two have the session, and the next one has it',
    async (bench) => {
      const brokers = [bench, await bench.join(), await bench.join()]
      await (await bench.open('alice')).subscribe('t')
      const asked = [...brokers, ...brokers].map((broker) => Session.ask(broker, 'alice'))
      let answered = 0
      for (const one of asked) heard(one.finally(() => answered++))
      await until(bench, 'all are answered', () => answered === asked.length)
      const opened = await Promise.all(asked)
      const alive = opened.filter(([ctx, { refused }]) => refused === undefined && !ctx.client.closed)
      assert.ok(alive.length <= 1, `${alive.length} connections have it`)
      const next = await brokers[1].open('alice')
      for (const [ctx] of alive) assert.equal(ctx.client.closed, true)
      assert.equal(next.present, true)
      await bench.relay({ payload: 'once' })
      await until(bench, 'it has come', () => brokers[1].forwards.all.length > 0)
      assert.equal(brokers.flatMap(({ forwards }) => forwards.all).length, 1)
    },
  )
})
