/** A seeded sample of `before-mqtt.fuzz.ts`: real sockets, raw bytes. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BEFORE_MQTT } from './before-mqtt.ts'
import { cut, mutate, mutationsOf } from './mutations.ts'
import { RawStand } from './raw-stand.ts'

describe.each(BEFORE_MQTT)('%s', (_what, door, good) => {
  test('lets in who is as it should be, and harms nobody where bytes are changed or missing', async () => {
    const stand = await RawStand.open(door)
    const whole = await stand.talk([good])
    // CONNACK.
    expect(whole.includes(Buffer.of(0x20, 0x02, 0x00, 0x00))).toBe(true)
    await stand.check()
    const mutation = fc.nat({ max: mutationsOf(good.length) - 1 })
    const some = fc.array(fc.tuple(mutation, fc.array(fc.nat({ max: good.length }), { maxLength: 3 })), {
      minLength: 10,
      maxLength: 20,
    })
    await fc.assert(
      fc.asyncProperty(some, async (each) => {
        await Promise.all(each.map(([one, places]) => stand.talk(cut(mutate(good, one), places))))
        await stand.check()
      }),
      { numRuns: 10, seed: 15 },
    )
    await stand.close()
  })
})
