import assert from 'node:assert/strict'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'

const FOR_EVER = 0xffff_ffff

export const expiryOverCrash: Chapter = chapter('expiry over a crash', 'durable', (check) => {
  check(
    'the time of a session that was connected at the crash begins then, or when it is found',
    async (bench) => {
      await bench.open('alice', { expiryInterval: 60 })
      await bench.crash()
      await bench.seconds(59)
      assert.deepEqual(await bench.expired(), [])
      await bench.seconds(2)
      assert.deepEqual(
        (await bench.expired()).map(({ clientId }) => clientId),
        ['alice'],
      )
      assert.equal((await bench.open('alice')).present, false)
    },
  )

  check('a session that was connected at the crash is there for its client', async (bench) => {
    await bench.open('alice', { expiryInterval: 60 })
    await bench.crash()
    await bench.seconds(30)
    assert.equal((await bench.open('alice')).present, true)
  })

  check('a session that was connected at the crash and is for ever stays', async (bench) => {
    await bench.open('alice', { expiryInterval: FOR_EVER })
    await bench.crash()
    await bench.clock.leap(10 * 365 * 86_400_000)
    assert.deepEqual(await bench.expired(), [])
    assert.equal((await bench.open('alice')).present, true)
  })

  check('the interval of the connection that was open at the crash counts', async (bench) => {
    await (await bench.open('alice', { expiryInterval: 10 })).leave(10)
    await bench.open('alice', { expiryInterval: 1_000 })
    await bench.crash()
    await bench.seconds(500)
    assert.equal((await bench.open('alice')).present, true)
  })

  check('the time of a session that was away goes on while no process is there', async (bench) => {
    for (const clientId of ['alice', 'bob']) await (await bench.open(clientId)).leave(60)
    await bench.seconds(20)
    await bench.crash('lost', 30)
    assert.equal((await bench.open('alice')).present, true)
    await bench.seconds(11)
    assert.deepEqual(
      (await bench.expired()).map(({ clientId }) => clientId),
      ['bob'],
    )
    assert.equal((await bench.open('bob')).present, false)
  })

  check(
    'a session whose time was over while no process was there is found, and not resumed',
    async (bench) => {
      const session = await bench.open('alice')
      await session.subscribe('t')
      await session.leave(60)
      await bench.crash('lost', 61)
      assert.deepEqual(
        (await bench.expired()).map(({ clientId }) => clientId),
        ['alice'],
      )
      const next = await bench.open('alice')
      assert.equal(next.present, false)
      assert.ok(next.epoch > session.epoch)
      assert.equal((await bench.relay()).matched, 0)
    },
  )

  check('the time of messages goes on too', async (bench) => {
    await bench.openAway('alice', 't')
    await bench.relay({ properties: { messageExpiryInterval: 100 } })
    await bench.retain('t', { expiresAt: bench.clock.now() + 100_000 })
    await bench.seconds(10)
    await bench.crash('lost', 40)
    const left = 50_000
    const [logged] = await (await bench.open('alice')).log()
    assert.equal(logged.expiresAt - bench.clock.now(), left)
    const [kept] = await bench.retained('t')
    assert.equal(kept.expiresAt - bench.clock.now(), left)
  })
})
