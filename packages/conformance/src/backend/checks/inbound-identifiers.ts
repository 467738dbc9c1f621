import assert from 'node:assert/strict'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'

export const inboundIdentifiers: Chapter = chapter('QoS 2 identifiers', undefined, (check) => {
  check('are handed out with the session until they are released', async (bench) => {
    let session = await bench.open('alice')
    for (const id of [1, 2, 65_535]) await session.hold(id)
    await session.leave()
    session = await bench.open('alice')
    assert.deepEqual([...session.inboundIds].sort(), [1, 2, 65_535])
    await session.free(2, 65_535)
    await session.leave()
    session = await bench.open('alice')
    assert.deepEqual(session.inboundIds, [1])
    await session.free(1, 7)
    await session.leave()
    assert.deepEqual((await bench.open('alice')).inboundIds, [])
  })

  check('may be stored, and released, twice', async (bench) => {
    const session = await bench.open('alice')
    await session.hold(3)
    await session.hold(3)
    await session.hold(4)
    await session.free(4)
    await session.free(4)
    await session.leave()
    assert.deepEqual((await bench.open('alice')).inboundIds, [3])
  })

  check('many of them, from 1 to 65,535', async (bench) => {
    const session = await bench.open('alice')
    const all = Array.from({ length: 2_115 }, (_, i) => 1 + i * 31)
    await Promise.all(all.map((id) => session.hold(id)))
    await session.leave()
    const { inboundIds } = await bench.open('alice')
    assert.deepEqual(
      [...inboundIds].sort((a, b) => a - b),
      all,
    )
  })
})
