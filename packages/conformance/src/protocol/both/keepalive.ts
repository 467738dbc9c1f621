/** 3.1.2.10, 3.12 and 3.14: keep alive, PINGREQ and DISCONNECT. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import * as encode from '../../wire/encode.ts'
import type { Version } from '../../wire/packet-types.ts'

export function keepalive(version: Version): Chapter {
  return chapter(version, '3.1.2 Keep alive', (test) => {
    test('3.12.4-1', 'answers PINGREQ with PINGRESP, as often as it comes', async (t) => {
      const client = await t.connect()
      client.send(encode.pingreq(), encode.pingreq(), encode.pingreq())
      for (let time = 0; time < 3; time++) await client.expect('pingresp')
      await client.ping()
      client.expectNothing()
    })

    const silence = { 4: '3.1.2-24', 5: '3.1.2-22 3.2.2-22' }
    test(
      silence,
      'closes after one and a half times the keep alive time without a packet',
      async (t) => {
        const { client, connack } = await t.accepted({ keepAlive: 2 })
        if (connack.properties.serverKeepAlive !== undefined)
          t.skip('the server sets its own keep alive time')
        await t.advance(2_500)
        t.check(!client.isClosed, 'it closed too early')
        await t.advance(1_000)
        await client.expectRefusal(0x8d)
      },
      { slow: true },
    )

    for (const [name, packet] of Object.entries(signsOfLife(version))) {
      test(
        silence,
        `takes ${name} as a sign of life`,
        async (t) => {
          const client = await t.connect({ keepAlive: 2 })
          for (let time = 0; time < 3; time++) {
            await t.advance(1_500)
            client.send(packet(t.topic()))
          }
          await client.ping()
        },
        { slow: true },
      )
    }

    test(
      '',
      'closes nobody whose keep alive time is 0',
      async (t) => {
        const { client, connack } = await t.accepted({ keepAlive: 0 })
        if (connack.properties.serverKeepAlive !== undefined)
          t.skip('the server sets its own keep alive time')
        await t.advance(t.target.advance === undefined ? 3_000 : 3_600_000)
        await client.ping()
      },
      { slow: true },
    )

    test('', 'closes the connection of a client that says DISCONNECT and stays', async (t) => {
      const client = await t.connect()
      client.send(encode.disconnect(version))
      await client.expectClose()
    })

    test('', 'does nothing with what stands behind a DISCONNECT', async (t) => {
      const watcher = await t.connect()
      await watcher.subscribe(t.topic())
      const client = await t.connect()
      client.send(encode.disconnect(version), encode.publish(version, { topic: t.topic(), payload: 'late' }))
      await client.gone()
      await t.target.settle?.()
      await t.recommended(t.silent(watcher))
    })
  })
}

function signsOfLife(version: Version): Record<string, (topic: string) => Uint8Array> {
  return {
    PINGREQ: () => encode.pingreq(),
    PUBLISH: (topic) => encode.publish(version, { topic, payload: 'x' }),
    SUBSCRIBE: (topic) => encode.subscribe(version, { id: 1, filters: [topic] }),
  }
}
