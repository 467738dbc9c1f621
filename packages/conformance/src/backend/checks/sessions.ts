import assert from 'node:assert/strict'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'
import { Session } from '../session.ts'

export const sessions: Chapter = chapter('openSession, closeSession', undefined, (check) => {
  check('a session that outlives its connection is there again', async (bench) => {
    const first = await bench.open('alice')
    assert.equal(first.present, false)
    assert.deepEqual(first.inboundIds, [])
    assert.equal(await first.leave(), false)
    const second = await bench.open('alice')
    assert.equal(second.present, true)
  })

  check('a session that is to outlive its connection by 0 s ends with it', async (bench) => {
    const first = await bench.open('alice', { expiryInterval: 0 })
    await first.subscribe('t')
    assert.equal(await first.leave(0), true)
    assert.equal((await bench.relay()).matched, 0)
    assert.equal((await bench.open('alice')).present, false)
  })

  check('a clean start throws the older session away, with all that is in it', async (bench) => {
    const first = await bench.open('alice')
    await first.subscribe('t')
    await first.hold(7)
    await bench.relay()
    await first.leave()
    const second = await bench.open('alice', { cleanStart: true })
    assert.equal(second.present, false)
    assert.deepEqual(second.inboundIds, [])
    assert.deepEqual(await second.log(), [])
    assert.deepEqual(await second.subscriptions(), [])
    assert.equal((await bench.relay()).matched, 0)
  })

  check(
    'a session belongs to the identity that made it: another one is refused and nobody is closed',
    async (bench) => {
      const owner = await bench.open('alice', { identity: 'alice' })
      const [, store] = await Session.ask(bench, 'alice', { identity: 'mallory' })
      assert.equal(store.refused, 0x85)
      assert.equal(owner.client.closed, false)
      assert.deepEqual(bench.takenOver, [])
      await owner.leave()
      const [, later] = await Session.ask(bench, 'alice', { identity: 'mallory', cleanStart: true })
      assert.equal(later.refused, 0x85)
      assert.equal((await bench.open('alice', { identity: 'alice' })).present, true)
    },
  )

  check('a client that has gone is refused, for nobody would close its session', async (bench) => {
    const client = await bench.connect()
    client.close()
    const [, store] = await Session.ask(bench, 'alice', { client })
    assert.notEqual(store.refused, undefined)
    assert.equal((await bench.open('alice')).present, false)
  })

  check(
    'closeSession with 0 removes a session that is away, by its newest epoch alone, and says so',
    async (bench) => {
      const first = await bench.open('alice')
      await first.subscribe('t')
      await first.leave()
      assert.equal(await first.remove(first.epoch - 1), false)
      assert.equal(await first.remove(first.epoch + 1), false)
      assert.equal(await first.remove(), true)
      assert.equal(await first.remove(), false)
      assert.equal((await bench.relay()).matched, 0)
      assert.equal((await bench.open('alice')).present, false)
    },
  )

  check('a client without a session is subscribed for as long as it is connected', async (bench) => {
    const client = await bench.connect('carol')
    const options = { topic: 't', qos: 1 as const }
    const packet = { cmd: 'subscribe', subscriptions: [options] } as never
    const asked = { client, packet, options, identifier: undefined, share: undefined, restored: false }
    await bench.call('subscribeTopic', { ...asked, topic: 't', qos: 1 })
    await bench.relay({ payload: 'here' })
    assert.deepEqual(bench.forwards.payloads('carol'), ['here'])
    client.close()
    await bench.settle()
    assert.equal((await bench.relay()).matched, 0)
  })
})
