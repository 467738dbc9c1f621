/** 3.14 and 4.13 of MQTT 5.0: DISCONNECT, both ways. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import { Remark } from '../../harness/errors.ts'
import type { RawClient } from '../../harness/raw-client.ts'
import type { TestContext } from '../../harness/test-context.ts'
import * as encode from '../../wire/encode.ts'
import { LONG } from '../sessions.ts'

/** What makes a broker end a connection. */
const CAUSES: Readonly<
  Record<string, (t: TestContext, client: RawClient, clientId: string) => Promise<unknown>>
> = {
  'a malformed packet': async (t, client) => client.send(encode.publish(5, { topic: t.topic(), qos: 3 })),
  'a protocol error': async (t, client) => client.send(t.connectPacket()),
  'another connection': async (t, _, clientId) => await t.connect({ clientId }),
}

export function disconnect(): Chapter {
  return chapter(5, '3.14 DISCONNECT', (test) => {
    for (const [cause, bring] of Object.entries(CAUSES)) {
      test('4.13.1-1 4.13.2-1', `closes because of ${cause}`, async (t) => {
        const clientId = t.clientId()
        const client = await t.connect({ clientId })
        await bring(t, client, clientId)
        await client.gone()
      })

      const numbers = '3.14.2-1 3.14.2-2 3.14.4-1 3.14.4-2'
      test(
        numbers,
        `says why when it ends a connection because of ${cause}, then nothing more, and closes`,
        async (t) => {
          const clientId = t.clientId()
          const client = await t.connect({ clientId, properties: { sessionExpiry: LONG } })
          await client.subscribe(t.topic())
          const publisher = await t.connect()
          await bring(t, client, clientId)
          publisher.send(encode.publish(5, { topic: t.topic(), payload: 'late' }))
          await client.gone()
          // Codes and properties that no server may send are found when they are decoded.
          const types = client.received.map(({ type }) => type)
          const at = types.indexOf('disconnect')
          if (at < 0) throw new Remark('closed without a reason')
          t.check(at === types.length - 1, `${types.slice(at + 1)} came behind DISCONNECT`)
        },
      )
    }

    test('3.14.4-1', 'answers nothing that stands behind what it closes for', async (t) => {
      const client = await t.connect()
      const bad = encode.publish(5, { topic: t.topic(), qos: 3 })
      client.send(bad, encode.pingreq(), encode.subscribe(5, { filters: [t.topic()] }))
      await client.expectRefusal(0x81)
    })

    test('', 'takes DISCONNECT with reason, properties and code', async (t) => {
      const client = await t.connect({ properties: { sessionExpiry: 60 } })
      await client.disconnect(0x04, { sessionExpiry: 30, reasonString: 'enough', userProperty: [['a', 'b']] })
      client.expectNothing()
    })
  })
}
