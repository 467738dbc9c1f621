import assert from 'node:assert/strict'
import type { Bench } from '../bench.ts'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'

const ENDS = { restart: (bench: Bench) => bench.restart(), crash: (bench: Bench) => bench.crash() }

export const countersOverCrash: Chapter = chapter(
  'epochs and sequences over a restart',
  'durable',
  (check) => {
    for (const [end, over] of Object.entries(ENDS)) {
      check(`an epoch is one more than the last when a session goes on over a ${end}`, async (bench) => {
        const first = await bench.open('alice')
        await first.leave()
        await over(bench)
        const second = await bench.open('alice')
        assert.equal(second.epoch, first.epoch + 1)
        await over(bench)
        assert.equal((await bench.open('alice')).epoch, second.epoch + 1)
      })

      check(`no epoch is given back over a ${end}, whatever became of its session`, async (bench) => {
        const given: number[] = []
        for (const expiryInterval of [0, 60]) {
          for (let i = 0; i < 3; i++) {
            const session = await bench.open('alice', { cleanStart: true, expiryInterval })
            given.push(session.epoch)
            await session.leave(0)
          }
        }
        await over(bench)
        const next = await bench.open('alice')
        assert.ok(next.epoch > Math.max(...given), `${next.epoch} came behind ${Math.max(...given)}`)
      })

      check(`a call of before is refused behind a ${end}`, async (bench) => {
        const old = await bench.open('alice')
        await over(bench)
        await bench.open('alice')
        const late = bench.call('storeInboundMessage', { ...old.address, packetId: 1 })
        await assert.rejects(late, { code: 'STALE_EPOCH' })
      })

      check(`no sequence is handed out again over a ${end}, also where the log is empty`, async (bench) => {
        let newest = 0
        await bench.openAway('alice', 't')
        for (let i = 0; i < 4; i++) {
          await bench.relay()
          const session = await bench.open('alice')
          const [message] = await session.log()
          assert.ok(message.sequence > newest, `${message.sequence} came behind ${newest}`)
          newest = message.sequence
          await session.acknowledge([message])
          await session.leave()
          await over(bench)
        }
      })

      check(`a message that is sent again over a ${end} has its packet identifier`, async (bench) => {
        const session = await bench.open('alice')
        await session.subscribe('t', { qos: 2 })
        for (const payload of ['a', 'b']) await bench.relay({ payload, qos: 2 })
        const before = (await session.log()).map(({ sequence }) => sequence)
        await over(bench)
        await bench.relay({ payload: 'c', qos: 2 })
        const after = (await (await bench.open('alice')).log()).map(({ sequence }) => sequence)
        assert.deepEqual(after.slice(0, 2), before)
        assert.ok(after[2] > before[1])
      })
    }
  },
)
