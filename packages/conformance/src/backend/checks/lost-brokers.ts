import assert from 'node:assert/strict'
import { ReasonCode } from '@mqtt-stack/core'
import type { Bench } from '../bench.ts'
import { leases, numbered, relayAll, until } from '../brokers.ts'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'
import { heard } from '../heard.ts'
import { Session } from '../session.ts'

export const lostBrokers: Chapter = chapter('brokers that are lost', 'distributed', (check) => {
  check(
    'the sessions of a broker that was killed are at others, with each message that was answered',
    async (bench) => {
      const [other, lost] = [await bench.join(), await bench.join()]
      for (const clientId of ['here', 'away']) await (await lost.open(clientId)).subscribe('t', { qos: 2 })
      await relayAll(bench, numbered('before', 10), { qos: 2 })
      await relayAll(lost, numbered('own', 10), { qos: 2 })
      await lost.kill()
      await relayAll(other, numbered('behind', 10), { qos: 2 })
      await leases(bench, 3)
      await relayAll(other, numbered('moved', 10), { qos: 2 })
      for (const [clientId, broker] of [
        ['here', bench],
        ['away', other],
      ] as const) {
        const session = await broker.open(clientId)
        assert.equal(session.present, true)
        await until(bench, 'all are there', async () => (await session.log()).length >= 40)
        const got = await session.payloads()
        assert.equal(new Set(got).size, got.length)
        for (const from of ['before', 'own', 'behind', 'moved'])
          assert.deepEqual(
            got.filter((payload) => payload.startsWith(from)),
            numbered(from, 10),
          )
      }
    },
  )

  check(
    'a session of a broker that was killed is given to who asks for it before that is known',
    async (bench) => {
      const lost = await bench.join()
      await (await lost.open('alice')).subscribe('t')
      await bench.relay({ payload: 'kept' })
      await lost.kill()
      const session = await askUntilGiven(bench, 'alice')
      assert.equal(session.present, true)
      await until(bench, 'it is there', async () => (await session.log()).length > 0)
      assert.deepEqual(await session.payloads(), ['kept'])
    },
  )

  check(
    'the wills of a broker’s clients are due when it was killed, at one other broker each',
    async (bench) => {
      const [other, lost] = [await bench.join(), await bench.join()]
      const clients = numbered('c', 6)
      for (const clientId of clients) await lost.open(clientId, { will: { payload: clientId } })
      await lost.kill()
      const published: string[] = []
      await until(bench, 'all are due', async () => {
        published.push(...(await publishWills(bench)), ...(await publishWills(other)))
        return published.length >= clients.length
      })
      await leases(bench, 3)
      published.push(...(await publishWills(bench)), ...(await publishWills(other)))
      assert.deepEqual(published.sort(), clients)
    },
  )

  check('the sessions of a broker that was killed expire, at one other broker each', async (bench) => {
    const [other, lost] = [await bench.join(), await bench.join()]
    const clients = numbered('c', 6)
    for (const clientId of clients) await (await lost.open(clientId, { expiryInterval: 600 })).subscribe('t')
    await lost.kill()
    await leases(bench, 3)
    await bench.service.pass(1)
    assert.deepEqual([await bench.expired(), await other.expired()], [[], []])
    await bench.seconds(601)
    const expired = async (): Promise<string[]> =>
      [...(await bench.expired()), ...(await other.expired())].map(({ clientId }) => clientId)
    await until(bench, 'all are over', async () => (await expired()).length >= clients.length)
    assert.deepEqual((await expired()).sort(), clients)
  })

  check('members of a shared subscription at a broker that was killed get nothing more', async (bench) => {
    const [other, lost] = [await bench.join(), await bench.join()]
    await (await lost.open('gone', { expiryInterval: 0 })).subscribe('$share/g/t')
    await (await other.open('there')).subscribe('$share/g/t')
    await lost.kill()
    await leases(bench, 3)
    const sent = numbered('m', 20)
    await relayAll(bench, sent)
    await until(bench, 'all have come', () => other.forwards.all.length >= sent.length)
    assert.deepEqual(other.forwards.payloads('there'), sent)
  })

  check('a broker that was cut off for a while catches up, in order and once', async (bench) => {
    const other = await bench.join()
    const there = await other.open('there')
    await there.subscribe('t', { qos: 2 })
    await relayAll(bench, numbered('m', 5), { qos: 2 })
    const heal = other.cut()
    for (const payload of numbered('n', 15)) await bench.relay({ payload, qos: 2 })
    await bench.retain('r', { payload: 'while cut off' })
    await bench.service.pass(bench.service.lease / 3)
    heal()
    await until(bench, 'all have come', () => other.forwards.all.length >= 20)
    assert.deepEqual(other.forwards.payloads('there'), [...numbered('m', 5), ...numbered('n', 15)])
    assert.equal((await other.retained('r')).length, 1)
    assert.equal(there.client.closed, false)
  })

  check(
    'a broker that was cut off for longer than its lease lets its clients go, whose sessions are elsewhere',
    async (bench) => {
      const other = await bench.join()
      const first = await other.open('alice')
      await first.subscribe('t', { qos: 2 })
      await relayAll(bench, numbered('m', 5), { qos: 2 })
      const heal = other.cut()
      await relayAll(bench, numbered('n', 5), { qos: 2 })
      await leases(bench, 4)
      const session = await bench.open('alice')
      assert.equal(session.present, true)
      await until(bench, 'all are there', async () => (await session.log()).length >= 10)
      heal()
      await until(bench, 'its client is let go', () => first.client.closed)
      await relayAll(bench, numbered('o', 5), { qos: 2 })
      await until(bench, 'all are there', async () => (await session.log()).length >= 15)
      assert.deepEqual(await session.payloads(), [
        ...numbered('m', 5),
        ...numbered('n', 5),
        ...numbered('o', 5),
      ])
      await until(bench, 'the broker has joined anew', async () => {
        const again = await other.open('bob').catch(() => undefined)
        return again !== undefined
      })
    },
  )
})

/** Asks for a session; again, where it is told to come later (0x88). */
async function askUntilGiven(bench: Bench, clientId: string): Promise<Session> {
  let answer: Awaited<ReturnType<typeof Session.ask>> | 'asked' | undefined
  await until(bench, 'the session is given', async () => {
    if (answer === 'asked') return false
    if (answer !== undefined && answer[1].refused !== ReasonCode.SERVER_UNAVAILABLE) return true
    answer = 'asked'
    void heard(Session.ask(bench, clientId)).then((given) => {
      answer = given
    })
    return false
  })
  const [ctx, store] = answer as unknown as Awaited<ReturnType<typeof Session.ask>>
  assert.equal(store.refused, undefined)
  return new Session(bench, ctx, store)
}

/** Publishes the wills that are due at a broker; their payloads. */
async function publishWills(bench: Bench): Promise<string[]> {
  const due = await bench.dueWills()
  for (const will of due) await bench.relayWill(will)
  return due.map(({ packet }) => packet.payload.toString())
}
