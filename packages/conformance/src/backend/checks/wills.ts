import assert from 'node:assert/strict'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'
import { makeMessage } from '../message.ts'
import { assertSame, BYTES, PROPERTIES, TOPIC } from './message-bytes.ts'

const will = (payload: string, delay: number = 10) => ({ payload, delay })

export const wills: Chapter = chapter('wills', undefined, (check) => {
  check(
    'a will waits behind its connection, and is found when it is due, with its publisher',
    async (bench) => {
      const session = await bench.open('alice', { identity: 'her', will: will('gone') })
      await bench.seconds(20)
      assert.deepEqual(await bench.dueWills(), [])
      await session.leave(60, 10)
      await bench.seconds(9)
      assert.deepEqual(await bench.dueWills(), [])
      await bench.seconds(2)
      const [due, ...more] = await bench.dueWills()
      assert.deepEqual(more, [])
      assert.equal(due.packet.payload.toString(), 'gone')
      assert.deepEqual([due.publisher.clientId, due.publisher.identity], ['alice', 'her'])
      assert.equal((await bench.open('alice', { identity: 'her' })).present, true)
    },
  )

  check('a will that was relayed, and removed, is not found again', async (bench) => {
    await bench.openAway('reader', 't')
    await (await bench.open('alice', { will: will('gone') })).leave(60, 10)
    await bench.seconds(11)
    for (const due of await bench.dueWills()) await bench.relayWill(due)
    await bench.seconds(11)
    assert.deepEqual(await bench.dueWills(), [])
    assert.deepEqual(await (await bench.open('reader')).payloads(), ['gone'])
  })

  check('a will is taken away when its client is back in time', async (bench) => {
    await (await bench.open('alice', { will: will('gone') })).leave(60, 10)
    await bench.seconds(9)
    await bench.open('alice')
    await bench.seconds(20)
    assert.deepEqual(await bench.dueWills(), [])
  })

  check('a will waits on where the client that comes back is never accepted', async (bench) => {
    await (await bench.open('alice', { will: will('gone') })).leave(60, 10)
    await bench.seconds(2)
    const init = { will: will('never'), accepted: false, client: bench.connection() }
    const refused = await bench.open('alice', init)
    await bench.seconds(20)
    assert.deepEqual(await bench.dueWills(), [])
    await refused.leave(60)
    assert.deepEqual(await bench.dueWillPayloads(), ['gone'])
  })

  check('a will that nobody removes is claimed for a while, and then found again', async (bench) => {
    await (await bench.open('alice', { will: will('gone') })).leave(600, 10)
    await bench.seconds(11)
    assert.deepEqual(await bench.dueWillPayloads(), ['gone'])
    assert.deepEqual(await bench.dueWills(), [])
    await bench.seconds(60)
    assert.deepEqual(await bench.dueWillPayloads(), ['gone'])
  })

  check('openSession says that an older session ended', async (bench) => {
    await bench.open('new')
    for (const [clientId, init, wait] of [
      ['clean', { cleanStart: true }, 0],
      ['expired', {}, 61],
    ] as const) {
      await (await bench.open(clientId)).leave(60)
      await bench.seconds(wait)
      assert.equal((await bench.open(clientId, init)).ended, true)
    }
    await (await bench.open('back')).leave(60)
    for (const clientId of ['back', 'never seen']) assert.equal((await bench.open(clientId)).ended, false)
  })

  check('the will of the newest connection counts', async (bench) => {
    await (await bench.open('alice', { will: will('first') })).leave(60, 10)
    await (await bench.open('alice', { will: will('second') })).leave(60, 10)
    await bench.seconds(11)
    assert.deepEqual(await bench.dueWillPayloads(), ['second'])
  })

  check('a will is none any more when closeSession does not say when it is due', async (bench) => {
    await (await bench.open('alice', { will: will('gone') })).leave(60)
    await bench.seconds(61)
    assert.deepEqual(await bench.dueWills(), [])
  })

  check('a will is due with the end of its session, where that comes first', async (bench) => {
    const removed = await bench.open('removed', { will: will('removed', 100) })
    await removed.leave(5, 100)
    await bench.seconds(6)
    await removed.remove()
    assert.deepEqual(await bench.dueWillPayloads(), ['removed'])
  })

  check('a will is due when a clean start ends its session', async (bench) => {
    await (await bench.open('alice', { will: will('gone', 100) })).leave(1_000, 100)
    await bench.open('alice', { cleanStart: true })
    assert.deepEqual(await bench.dueWillPayloads(), ['gone'])
  })

  check('of many wills no more are found than were asked for, and each once', async (bench) => {
    const all = ['a', 'b', 'c', 'd', 'e']
    for (const name of all) await (await bench.open(name, { will: will(name) })).leave(60, 10)
    await bench.seconds(11)
    const found: string[] = []
    for (;;) {
      const page = await bench.dueWills(2)
      if (page.length === 0) break
      assert.ok(page.length <= 2)
      for (const due of page) {
        found.push(due.packet.payload.toString())
        await bench.relayWill(due)
      }
    }
    assert.deepEqual(found.sort(), all)
  })

  check('properties and bytes of a will come back as they were', async (bench) => {
    const init = { topic: TOPIC, payload: BYTES, qos: 2 as const, retain: true, properties: PROPERTIES }
    await (await bench.open('alice', { will: { ...init, delay: 10 } })).leave(60, 10)
    await bench.seconds(11)
    const [{ packet }] = await bench.dueWills()
    assertSame(packet, makeMessage(init))
    assert.equal(packet.retain, true)
  })
})
