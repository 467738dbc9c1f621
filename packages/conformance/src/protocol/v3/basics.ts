/** MQTT 3.1, which has no numbers: what differs from 3.1.1. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import * as encode from '../../wire/encode.ts'

export function basics(): Chapter {
  return chapter(3, 'MQTT 3.1', (test) => {
    test('', 'accepts MQIsdp of level 3', async (t) => {
      const client = await t.connect()
      await client.ping()
    })

    test('', 'serves 3.1 and 3.1.1 clients together', async (t) => {
      const [old, newer] = [await t.connect(), await t.connect({ version: 4 })]
      await old.subscribe({ filter: t.topic('old'), qos: 2 })
      await newer.subscribe({ filter: t.topic('newer'), qos: 2 })
      for (const qos of [0, 1, 2]) {
        await newer.publish({ topic: t.topic('old'), payload: `${qos}`, qos })
        await old.message({ payload: `${qos}`, qos })
        await old.publish({ topic: t.topic('newer'), payload: `${qos}`, qos })
        await newer.message({ payload: `${qos}`, qos })
      }
    })

    test('', 'does not serve 3.1 by the protocol name of 3.1.1', async (t) => {
      const client = await t.open(3, false)
      client.send(t.connectPacket({ protocolName: 'MQTT' }))
      await client.expectClose()
      t.check(
        client.bytes[3] !== 0 || client.bytes.length === 0,
        `it answered ${client.bytes.toString('hex')}`,
      )
    })

    test('', 'refuses an empty client identifier by return code 2', async (t) => {
      const client = await t.open()
      client.send(t.connectPacket({ clientId: '' }))
      await client.expect('connack', { code: 2 })
      await client.expectClose()
    })

    test('', 'closes on a second CONNECT', async (t) => {
      const client = await t.connect()
      client.send(encode.connect(3, t.input()))
      await client.expectClose()
    })
  })
}
