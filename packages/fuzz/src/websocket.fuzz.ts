/** Every prefix and every change of a single byte of a WebSocket upgrade with MQTT behind it, over real sockets. */
import { Buffer } from 'node:buffer'
import { encode } from '@mqtt-stack/conformance/wire'
import { expect, test } from 'vitest'
import { webSockets } from './doors.ts'
import { cut, mutate, mutationsOf, numbers } from './mutations.ts'
import { RawStand } from './raw-stand.ts'
import { count, report } from './result.ts'
import { CONNECT, frame, UPGRADE } from './websocket.ts'

/** Sockets open at once. */
const BATCH = 100

test('WebSocket: every mutation of an upgrade, CONNECT and PINGREQ', async (context) => {
  const stand = await RawStand.open(webSockets)
  const good = Buffer.concat([UPGRADE, frame(CONNECT), frame(encode.pingreq())])
  const number = numbers(2)
  const size = mutationsOf(good.length)
  for (let from = 0; from < size; from += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, size - from) }, (_, i) => {
      const places = Array.from({ length: number(3) }, () => number(good.length))
      return stand.talk(cut(mutate(good, from + i), places))
    })
    await Promise.all(batch)
    await stand.check()
  }
  await stand.close()
  report(context, `${count(size)} connections`)
  expect(size).toBeGreaterThan(50_000)
})
