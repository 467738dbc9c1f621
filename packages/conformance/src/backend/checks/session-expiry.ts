import assert from 'node:assert/strict'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'

const FOR_EVER = 0xffff_ffff

export const sessionExpiry: Chapter = chapter('lookupExpiredSessions', undefined, (check) => {
  check('a session whose time is over is found, with its epoch, and not before', async (bench) => {
    const session = await bench.open('alice')
    assert.deepEqual(await bench.expired(), [])
    await session.leave(60)
    await bench.seconds(59)
    assert.deepEqual(await bench.expired(), [])
    await bench.seconds(2)
    assert.deepEqual(await bench.expired(), [session.address])
    assert.equal(await session.remove(), true)
    assert.deepEqual(await bench.expired(), [])
  })

  check('a session whose time is over is not resumed, even before a sweep', async (bench) => {
    const session = await bench.open('alice')
    await session.subscribe('t')
    await bench.relay()
    await session.leave(60)
    await bench.seconds(61)
    const next = await bench.open('alice')
    assert.equal(next.present, false)
    assert.deepEqual(await next.log(), [])
    assert.ok(next.epoch > session.epoch)
  })

  check('a session for ever is never over', async (bench) => {
    const session = await bench.open('alice', { expiryInterval: FOR_EVER })
    await session.leave(FOR_EVER)
    await bench.clock.leap(200 * 365 * 86_400_000)
    assert.deepEqual(await bench.expired(), [])
    assert.equal((await bench.open('alice')).present, true)
  })

  check('the interval of the last connection counts', async (bench) => {
    await (await bench.open('alice', { expiryInterval: 10 })).leave(10)
    const second = await bench.open('alice', { expiryInterval: 1_000 })
    await bench.seconds(20)
    assert.deepEqual(await bench.expired(), [])
    await second.leave(1_000)
    await bench.seconds(20)
    assert.deepEqual(await bench.expired(), [])
    assert.equal((await bench.open('alice')).present, true)
  })

  check('of many sessions whose time is over no more are found than were asked for', async (bench) => {
    const all = ['a', 'b', 'c', 'd', 'e']
    for (const clientId of all) await (await bench.open(clientId)).leave(60)
    await bench.seconds(61)
    const found: string[] = []
    for (;;) {
      const page = await bench.expired(2)
      if (page.length === 0) break
      assert.ok(page.length <= 2)
      for (const { clientId, epoch } of page) {
        found.push(clientId)
        await bench.call('closeSession', { clientId, epoch, expiryInterval: 0 })
      }
    }
    assert.deepEqual(found.sort(), all)
  })

  check('nothing of a session whose time was over is left when it was removed', async (bench) => {
    const session = await bench.openAway('alice', 't')
    await bench.relay()
    await bench.seconds(61)
    assert.equal(await session.remove(), true)
    assert.equal((await bench.relay()).matched, 0)
    assert.equal((await bench.open('alice')).present, false)
  })
})
