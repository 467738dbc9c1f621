import assert from 'node:assert/strict'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'
import { makeMessage } from '../message.ts'
import { assertSame, BYTES, PROPERTIES, TOPIC } from './message-bytes.ts'

const will = (payload: string, delay: number = 10) => ({ payload, delay })

export const willsOverCrash: Chapter = chapter('wills over a crash', 'durable', (check) => {
  check('a will that waited at the crash is due at its time', async (bench) => {
    await (await bench.open('alice', { identity: 'her', will: will('gone') })).leave(60, 10)
    await bench.seconds(2)
    await bench.crash('lost', 3)
    await bench.seconds(4)
    assert.deepEqual(await bench.dueWills(), [])
    await bench.seconds(2)
    const [{ packet, publisher }] = await bench.dueWills()
    assert.equal(packet.payload.toString(), 'gone')
    assert.deepEqual([publisher.clientId, publisher.identity], ['alice', 'her'])
  })

  check('a will whose time came while no process was there is due at once', async (bench) => {
    await (await bench.open('alice', { will: will('gone') })).leave(60, 10)
    await bench.crash('lost', 30)
    assert.deepEqual(await bench.dueWillPayloads(), ['gone'])
  })

  check(
    'the will of a client that was connected at the crash is due: at once, or when it has waited',
    async (bench) => {
      await bench.open('at once', { will: will('at once', 0) })
      await bench.open('later', { will: will('later', 10) })
      await bench.open('back', { will: will('back', 10) })
      await bench.crash()
      assert.deepEqual(await bench.dueWillPayloads(), ['at once'])
      await bench.open('back')
      await bench.seconds(11)
      const found = await bench.dueWillPayloads()
      assert.deepEqual(
        found.filter((payload) => payload !== 'at once'),
        ['later'],
      )
    },
  )

  check('and so is that of a client whose session ended with the crash', async (bench) => {
    await bench.open('alice', { expiryInterval: 0, will: will('gone', 10) })
    await bench.crash()
    assert.deepEqual(await bench.dueWillPayloads(), ['gone'])
    assert.equal((await bench.open('alice')).present, false)
  })

  check('the will of a client that had disconnected, or was back, is none any more', async (bench) => {
    await (await bench.open('disconnected', { will: will('disconnected') })).leave(60)
    await (await bench.open('back', { will: will('first') })).leave(60, 10)
    const back = await bench.open('back')
    await back.leave(60)
    await bench.crash('lost', 30)
    assert.deepEqual(await bench.dueWills(), [])
  })

  check('a will that was relayed and removed before the crash does not come again', async (bench) => {
    await bench.openAway('reader', 't')
    await (await bench.open('alice', { will: will('gone') })).leave(60, 10)
    await bench.seconds(11)
    for (const due of await bench.dueWills()) await bench.relayWill(due)
    await bench.crash('lost', 30)
    assert.deepEqual(await bench.dueWills(), [])
    assert.deepEqual(await (await bench.open('reader')).payloads(), ['gone'])
  })

  check(
    'a will and its message are one unit: the one is there or the other, at every crash point',
    async (bench) => {
      for (let point = 0; point < 20; point++) {
        const reader = `reader ${point}`
        await bench.openAway(reader, `t${point}`)
        const init = { topic: `t${point}`, payload: 'gone', delay: 1 }
        await (await bench.open(`alice ${point}`, { will: init })).leave(600, 1)
        await bench.seconds(2)
        const [due] = (await bench.dueWills()).filter(({ packet }) => packet.topic === init.topic)
        const held = bench.holdCommits()
        bench.relayWill(due).catch(() => {})
        let whole = false
        for (let i = 0; i < point && !whole; i++) whole = !(await held.next())
        await bench.crash()
        const left = (await bench.dueWills()).filter(({ packet }) => packet.topic === init.topic)
        const got = await (await bench.open(reader)).payloads()
        assert.equal(left.length + got.length, 1, `${left.length} wills and ${got.length} messages`)
        for (const one of left) await bench.relayWill(one)
        if (whole) return
      }
      assert.fail('commits without an end')
    },
  )

  check('a will is kept with its session as one unit', async (bench) => {
    const held = bench.holdCommits()
    bench.open('alice', { will: will('gone', 0) }).catch(() => {})
    let commits = 0
    await bench.settle()
    while (await held.next()) commits++
    await bench.crash()
    assert.ok(commits > 0)
    assert.deepEqual(await bench.dueWillPayloads(), ['gone'])
    assert.equal((await bench.open('alice')).present, true)
  })

  check('properties and bytes of a will come back as they were', async (bench) => {
    const init = { topic: TOPIC, payload: BYTES, qos: 2 as const, retain: true, properties: PROPERTIES }
    await (await bench.open('alice', { will: { ...init, delay: 10 } })).leave(60, 10)
    await bench.restart(20)
    const [{ packet }] = await bench.dueWills()
    assertSame(packet, makeMessage(init))
    assert.equal(packet.retain, true)
  })
})
