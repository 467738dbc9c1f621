/** A configuration of Mosquitto, cut short anywhere or with one byte changed: a fifth of all mutations. */
import { expect, test } from 'vitest'
import { importDamaged, MOSQUITTO_CONF } from '../../../test/support/damaged-import.ts'
import { mutate, mutationsOf } from './mutations.ts'
import { count, report } from './result.ts'

const STEP = 5

test('mqtt-stack import: mutations of a mosquitto.conf', async (context) => {
  const size = mutationsOf(MOSQUITTO_CONF.length)
  let files = 0
  for (let i = 0; i < size; i += STEP, files++)
    expect(await importDamaged(mutate(MOSQUITTO_CONF, i)), `mutation ${i}`).toBeUndefined()
  report(context, `${count(files)} files, each of which becomes a configuration`)
})
