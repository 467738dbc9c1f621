/** Values that a field may not have: identifiers, QoS, empty lists. */
import type { Chapter, Numbers } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import * as encode from '../../wire/encode.ts'
import type { Version } from '../../wire/packet-types.ts'

export function fields(version: Version): Chapter {
  return chapter(version, '2.3 Fields', (test) => {
    const asked = (qos: number) => (topic: string) =>
      encode.publish(version, { topic, qos, id: 0, payload: 'x' })
    const zero: Record<string, (topic: string) => Uint8Array> = {
      'PUBLISH of QoS 1': asked(1),
      'PUBLISH of QoS 2': asked(2),
      SUBSCRIBE: (topic) => encode.subscribe(version, { id: 0, filters: [topic] }),
      UNSUBSCRIBE: (topic) => encode.unsubscribe(version, { id: 0, filters: [topic] }),
    }
    for (const [name, packet] of Object.entries(zero)) {
      test({ 4: '2.3.1-1', 5: '2.2.1-3' }, `closes when the packet identifier of ${name} is 0`, async (t) => {
        const client = await t.connect()
        client.send(packet(t.topic()))
        await client.expectRefusal(0x82, 0x81)
      })
    }

    for (const name of ['puback', 'pubrec', 'pubrel', 'pubcomp'] as const) {
      test('', `closes when the packet identifier of ${name.toUpperCase()} is 0`, async (t) => {
        const client = await t.connect()
        client.send(encode.ack(version, name, 0))
        await client.expectRefusal(0x82, 0x81)
      })
    }

    test('3.3.1-4', 'closes when the QoS of PUBLISH is 3', async (t) => {
      for (const [dup, retain] of [
        [false, false],
        [true, true],
      ]) {
        const client = await t.connect()
        client.send(encode.publish(version, { topic: t.topic(), qos: 3, payload: 'x', dup, retain }))
        await client.expectRefusal(0x81)
      }
    })

    test('3.3.1-2', 'closes when DUP is set at QoS 0', async (t) => {
      const client = await t.connect()
      client.send(encode.publish(version, { topic: t.topic(), dup: true, payload: 'x' }))
      await client.expectRefusal(0x81, 0x82)
    })

    test({ 5: '3.8.3-2' }, 'closes when SUBSCRIBE has no filter', async (t) => {
      const client = await t.connect()
      client.send(encode.subscribe(version, { id: 1, filters: [] }))
      await client.expectRefusal(0x82, 0x81)
    })

    const options: readonly (readonly [Numbers, string, readonly number[], readonly number[]])[] =
      version === 5
        ? [
            ['', 'the QoS of a filter is 3', [0x03, 0x07], [0x82, 0x81]],
            [
              '3.8.3-5',
              'reserved bits of the subscription options are set',
              [0x40, 0x80, 0xc0, 0xc1],
              [0x81],
            ],
            ['', 'the retain handling of a filter is 3', [0x30, 0x31], [0x82, 0x81]],
          ]
        : [
            ['', 'the QoS of a filter is 3', [0x03], []],
            [
              '',
              'reserved bits beside the QoS of a filter are set',
              [0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xfc],
              [],
            ],
          ]
    for (const [numbers, what, values, codes] of options) {
      test(numbers, `closes when ${what}`, async (t) => {
        await t.each(Object.fromEntries(values.map((one) => [`options ${one}`, one])), async (one) => {
          for (const before of [[], [t.topic('good')]]) {
            const client = await t.connect()
            const filters = [...before, { filter: t.topic(), options: one }]
            client.send(encode.subscribe(version, { id: 1, filters }))
            await client.expectRefusal(...codes)
          }
        })
      })
    }

    for (const name of ['puback', 'pubcomp'] as const) {
      test('', `is not harmed by a ${name.toUpperCase()} that it never asked for`, async (t) => {
        const client = await t.connect()
        client.send(encode.ack(version, name, 4_711), encode.pingreq())
        await Promise.race([client.expect('pingresp'), client.closed])
        const other = await t.connect()
        await other.subscribe(t.topic())
        await other.publish({ topic: t.topic(), payload: 'x' })
        await other.message({ payload: 'x' })
      })
    }

    test('', 'does not release another message by an acknowledgement that does not fit', async (t) => {
      const client = await t.connect()
      await client.subscribe({ filter: t.topic(), qos: 2 })
      await client.publish({ topic: t.topic(), payload: 'x', qos: 2 })
      const { id } = await client.expect('publish', { qos: 2 })
      client.send(encode.ack(version, 'puback', id), encode.pingreq())
      await Promise.race([client.expect('pingresp'), client.closed])
      if (client.isClosed) return
      client.send(encode.ack(version, 'pubrec', id))
      await client.expect('pubrel', { id })
      client.send(encode.ack(version, 'pubcomp', id))
      await client.ping()
    })

    test(
      { 4: '4.8.0-1', 5: '4.13.1-1' },
      'closes only the connection on which the violation came',
      async (t) => {
        const [bad, good] = [await t.connect(), await t.connect()]
        await good.subscribe(t.topic())
        bad.send(encode.publish(version, { topic: t.topic(), qos: 3, payload: 'x' }))
        await bad.expectRefusal(0x81)
        await good.publish({ topic: t.topic(), payload: 'still served' })
        await good.message({ payload: 'still served' })
      },
    )
  })
}
