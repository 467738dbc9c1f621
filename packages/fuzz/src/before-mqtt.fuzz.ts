/** Prefixes and changes of a single byte of what comes before MQTT, over real sockets. */
import { test } from 'vitest'
import { BEFORE_MQTT } from './before-mqtt.ts'
import { cut, mutate, mutationsOf, numbers } from './mutations.ts'
import { RawStand } from './raw-stand.ts'
import { count, report } from './result.ts'

/** Sockets open at once. */
const BATCH = 100
/** Where there are more mutations than that, each third is tried. */
const MANY = 60_000

test.for(BEFORE_MQTT)('mutations of %s, CONNECT and PINGREQ', async ([_what, door, good], context) => {
  const stand = await RawStand.open(door)
  const number = numbers(3)
  const all = mutationsOf(good.length)
  const step = all > MANY ? 3 : 1
  const size = Math.floor(all / step)
  for (let from = 0; from < size; from += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, size - from) }, (_, i) => {
      const places = Array.from({ length: number(3) }, () => number(good.length))
      return stand.talk(cut(mutate(good, (from + i) * step), places))
    })
    await Promise.all(batch)
    await stand.check()
  }
  await stand.close()
  report(context, `${count(size)} connections${step > 1 ? `, each third of all mutations` : ''}`)
})
