import assert from 'node:assert/strict'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'

export const epochs: Chapter = chapter('epochs', undefined, (check) => {
  check('an epoch is above 0, and one more than the last when the session goes on', async (bench) => {
    const first = await bench.open('alice')
    assert.ok(first.epoch > 0)
    await first.leave()
    const second = await bench.open('alice')
    assert.equal(second.epoch, first.epoch + 1)
    // Without a disconnect in between too.
    assert.equal((await bench.open('alice')).epoch, second.epoch + 1)
  })

  check('an epoch is never given back: higher than any that the client identifier had', async (bench) => {
    let newest = 0
    for (const [cleanStart, expiryInterval] of [
      [true, 0],
      [false, 60],
      [false, 60],
      [true, 60],
      [true, 0],
      [false, 0],
    ] as const) {
      const session = await bench.open('alice', { cleanStart, expiryInterval })
      assert.ok(session.epoch > newest, `${session.epoch} came behind ${newest}`)
      newest = session.epoch
      await session.leave(expiryInterval)
    }
  })
})
