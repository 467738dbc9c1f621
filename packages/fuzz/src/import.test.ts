/** A configuration of Mosquitto that is cut short, has other bytes, or has its lines shuffled, doubled and cut: seeded. */
import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { importDamaged, MOSQUITTO_CONF } from '../../../test/support/damaged-import.ts'
import { mutate, mutationsOf } from './mutations.ts'

test('a mosquitto.conf that is cut short, or has other bytes, becomes a configuration', async () => {
  expect(await importDamaged(MOSQUITTO_CONF)).toBeUndefined()
  const mutation = fc.nat({ max: mutationsOf(MOSQUITTO_CONF.length) - 1 })
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (all) => {
      let bytes = MOSQUITTO_CONF
      // A change of a place that is cut off by now changes nothing.
      for (const one of all) bytes = mutate(bytes, one % mutationsOf(bytes.length))
      expect(await importDamaged(bytes)).toBeUndefined()
    }),
    { numRuns: 300, seed: 16 },
  )
})

test('so does one whose lines are in any order, some of them twice, cut or run together', async () => {
  const lines = MOSQUITTO_CONF.toString().split('\n')
  const line = fc
    .tuple(
      fc.constantFrom(...lines),
      fc.nat({ max: 30 }),
      fc.constantFrom('\n', '\r\n', '\r', ' ', '\0', '\t\n'),
    )
    .map(([text, length, end]) => (length < 25 ? text : text.slice(0, length - 20)) + end)
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 40 }), async (all) => {
      expect(await importDamaged(Buffer.from(all.join('')))).toBeUndefined()
    }),
    { numRuns: 300, seed: 17 },
  )
})
