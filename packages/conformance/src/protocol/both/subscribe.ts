/** 3.8 and 3.9: SUBSCRIBE and SUBACK. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import * as encode from '../../wire/encode.ts'
import type { Version } from '../../wire/packet-types.ts'

export function subscribe(version: Version): Chapter {
  return chapter(version, '3.8 SUBSCRIBE', (test) => {
    const answered = { 4: '3.8.4-1 3.8.4-2 2.3.1-7', 5: '3.8.4-1 3.8.4-2 2.2.1-6' }
    test(answered, 'answers with a SUBACK of the same identifier', async (t) => {
      const client = await t.connect()
      for (const id of [1, 255, 256, 65_535]) {
        client.send(encode.subscribe(version, { id, filters: [t.topic(`${id}`)] }))
        await client.expect('suback', { id })
      }
      await client.ping()
      client.expectNothing()
    })

    const codes = { 4: '3.8.4-5 3.9.3-1', 5: '3.8.4-6 3.8.4-7 3.9.3-1' }
    test(codes, 'answers with a code for each filter, in their order', async (t) => {
      const client = await t.connect()
      const wanted = [2, 0, 1, 1, 2, 0]
      const filters = wanted.map((qos, at) => ({ filter: t.topic(`${at}`), qos }))
      const suback = await client.trySubscribe({ filters })
      t.check(suback.codes.join() === wanted.join(), `asked for ${wanted}, got ${suback.codes}`)
    })

    test('3.9.3-2', 'answers with none but the codes of the standard', async (t) => {
      const client = await t.connect()
      // Whatever it answers is held against the list of codes when it is decoded.
      const filters = [t.topic('a'), '#', '+/+', `${t.topic('b')}/#`, '$SYS/#'].map((filter) => ({
        filter,
        qos: 2,
      }))
      const { codes: granted } = await client.trySubscribe({ filters })
      t.check(granted.length === filters.length, `${granted.length} codes for ${filters.length} filters`)
    })

    for (const published of [0, 1, 2]) {
      for (const granted of [0, 1, 2]) {
        const qos = Math.min(published, granted)
        const least = { 4: '3.8.4-6', 5: '3.8.4-8' }
        test(least, `sends QoS ${published} to a subscription of QoS ${granted} as QoS ${qos}`, async (t) => {
          const client = await t.connect()
          const suback = await client.subscribe({ filter: t.topic(), qos: granted })
          t.check(suback.codes[0] === granted, `QoS ${suback.codes[0]} was granted`)
          const publisher = await t.connect()
          await publisher.publish({ topic: t.topic(), payload: 'x', qos: published })
          await client.message({ payload: 'x', qos })
          await t.silent(client, publisher)
        })
      }
    }

    test('3.8.4-3', 'replaces a subscription with the same filter', async (t) => {
      const client = await t.connect()
      for (const qos of [0, 2, 1, 0]) {
        await client.subscribe({ filter: t.topic(), qos })
        await client.publish({ topic: t.topic(), payload: `at ${qos}`, qos: 2 })
        await client.message({ payload: `at ${qos}`, qos })
        await t.silent(client)
      }
    })

    test(
      { 4: '3.8.4-3', 5: '3.8.4-4' },
      'sends retained messages again when a subscription is replaced',
      async (t) => {
        const client = await t.connect()
        await t.keep(client, { topic: t.topic(), payload: 'kept', qos: 1 })
        for (const qos of [1, 1, 0]) {
          await client.subscribe({ filter: t.topic(), qos })
          await client.message({ payload: 'kept', retain: true, qos })
        }
        await t.silent(client)
      },
    )

    test({ 4: '3.8.4-3', 5: '3.8.4-4' }, 'loses no message while a subscription is replaced', async (t) => {
      const client = await t.connect()
      await client.subscribe({ filter: t.topic(), qos: 1 })
      const again = encode.subscribe(version, { id: 9, filters: [{ filter: t.topic(), qos: 1 }] })
      const parts = ['1', '2', '3', '4', '5', '6'].flatMap((payload, at) => {
        const publish = encode.publish(version, { topic: t.topic(), payload, qos: 1, id: at + 1 })
        return at % 2 === 0 ? [publish] : [publish, again]
      })
      client.send(...parts)
      for (const payload of ['1', '2', '3', '4', '5', '6']) await client.message({ payload })
      for (let at = 0; at < 6; at++) await client.expect('puback')
      for (let at = 0; at < 3; at++) await client.expect('suback', { id: 9 })
      await t.silent(client)
    })

    const several = { 4: '3.8.4-4', 5: '3.8.4-5' }
    test(several, 'takes several filters as if each had come alone', async (t) => {
      const client = await t.connect()
      for (const below of ['a', 'b', 'c']) {
        await t.keep(client, { topic: t.topic(below), payload: `kept ${below}`, qos: 1 })
      }
      await client.subscribe(...['a', 'b', 'c'].map((below, qos) => ({ filter: t.topic(below), qos })))
      const kept = new Map<string, number>()
      for (let at = 0; at < 3; at++) {
        const { payload, qos } = await client.message({ retain: true })
        kept.set(payload.toString(), qos)
      }
      t.check(kept.get('kept a') === 0 && kept.get('kept b') === 1 && kept.get('kept c') === 1, 'others came')
      for (const [qos, below] of ['a', 'b', 'c'].entries()) {
        await client.publish({ topic: t.topic(below), payload: `live ${below}`, qos: 2 })
        await client.message({ payload: `live ${below}`, qos })
      }
    })

    test(several, 'lets the last win when a filter stands twice in one SUBSCRIBE', async (t) => {
      const client = await t.connect()
      const suback = await client.subscribe({ filter: t.topic(), qos: 2 }, { filter: t.topic(), qos: 0 })
      t.check(suback.codes.join() === '2,0', `the codes are ${suback.codes}`)
      await client.publish({ topic: t.topic(), payload: 'x', qos: 2 })
      await client.message({ payload: 'x', qos: 0 })
      await t.silent(client)
    })

    for (const [one, other] of [
      [0, 1],
      [2, 0],
      [1, 2],
    ]) {
      const highest = Math.max(one, other)
      test(
        { 5: '3.3.4-2' },
        `sends at QoS ${highest} where overlapping filters have QoS ${one} and ${other}`,
        async (t) => {
          const client = await t.connect()
          await client.subscribe({ filter: t.topic('#'), qos: one }, { filter: t.topic('+'), qos: other })
          await client.publish({ topic: t.topic('x'), payload: 'x', qos: 2 })
          await t.barrier(client)
          // One copy or one for each: the standard leaves it open.
          const copies = client.received.filter(
            (packet) => packet.type === 'publish' && packet.topic === t.topic('x'),
          )
          const levels = copies.map((packet) => (packet.type === 'publish' ? packet.qos : -1))
          t.check(levels.length > 0 && levels.length <= 2, `${levels.length} copies came`)
          t.check(Math.max(...levels) === highest, `the copies have QoS ${levels}`)
        },
      )
    }

    test('', 'does not deliver to others what one client subscribed to', async (t) => {
      const client = await t.connect()
      await client.subscribe(t.topic('mine'))
      const other = await t.connect()
      await other.subscribe(t.topic('theirs'))
      await client.publish({ topic: t.topic('mine'), payload: 'x' })
      await client.message({ payload: 'x' })
      await t.silent(other, client)
    })
  })
}
