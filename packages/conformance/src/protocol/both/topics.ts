/** 4.7: topic names and topic filters. */
import type { Chapter, Numbers } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import * as encode from '../../wire/encode.ts'
import type { Version } from '../../wire/packet-types.ts'
import { carryLongTopic } from './long-topic.ts'

const MULTI: Numbers = { 4: '4.7.1-2', 5: '4.7.1-1' }
const SINGLE: Numbers = { 4: '4.7.1-3', 5: '4.7.1-2' }
const AS_IT_IS: Numbers = '4.7.3-4'

/** A filter, topics that it matches, topics that it does not; all below a topic of the test. */
const MATCHES: readonly (readonly [Numbers, string, readonly string[], readonly string[]])[] = [
  [
    MULTI,
    'sport/player/#',
    ['sport/player', 'sport/player/a', 'sport/player/a/b', 'sport/player/'],
    ['sport', 'sport/players', 'sport/playe'],
  ],
  [MULTI, '#', ['a', 'a/b', '/', '/a'], []],
  [MULTI, '/#', ['/', '/a', ''], ['a']],
  [SINGLE, '+', ['a', ' ', 'ä'], ['a/b', '/a', 'a/']],
  [SINGLE, 'sport/+', ['sport/', 'sport/a'], ['sport', 'sport/a/b', 'sport/a/']],
  [SINGLE, '+/tennis', ['a/tennis', '/tennis'], ['tennis', 'a/b/tennis', 'a/tennis/']],
  [SINGLE, '+/+', ['a/b', '/a', 'a/', '/'], ['a', 'a/b/c']],
  [SINGLE, '/+', ['/a', '/'], ['a', 'a/b', '/a/b']],
  [SINGLE, '+/b/+', ['a/b/c', '/b/'], ['a/b', 'a/c/d', 'b/c']],
  [MULTI, '+/b/#', ['a/b', 'a/b/c', '/b/c/d'], ['a', 'a/c', 'b/c']],
  [AS_IT_IS, 'a/b', ['a/b'], ['a', 'a/', 'a/b/', '/a/b', 'a//b', 'A/b', 'a/B', 'a/b ', ' a/b', 'a/bc']],
  [AS_IT_IS, 'a//b', ['a//b'], ['a/b', 'a///b']],
  [AS_IT_IS, '/a', ['/a'], ['a', '//a', '/a/']],
  [
    AS_IT_IS,
    'Accounts payable',
    ['Accounts payable'],
    ['accounts payable', 'Accounts%20payable', 'Accounts  payable'],
  ],
  [AS_IT_IS, '\u00c5', ['\u00c5'], ['\u212b', 'A\u030a', '\u00e5']],
  [AS_IT_IS, 'a/../b', ['a/../b'], ['b', 'a/b', 'a/./../b']],
]

/** Filters in which wildcards stand where they may not. */
const MALFORMED: readonly (readonly [Numbers, string])[] = [
  [MULTI, 'a#'],
  [MULTI, 'a/b#'],
  [MULTI, 'a/#/b'],
  [MULTI, '#/a'],
  [MULTI, '#/'],
  [MULTI, '##'],
  [MULTI, 'a/##'],
  [MULTI, '#+'],
  [SINGLE, 'a+'],
  [SINGLE, '+a'],
  [SINGLE, 'a/b+/c'],
  [SINGLE, 'a/+b'],
  [SINGLE, '++'],
  [SINGLE, '+/++'],
  [SINGLE, '+#'],
]

export function topics(version: Version): Chapter {
  return chapter(version, '4.7 Topics', (test) => {
    for (const [numbers, filter, matching, others] of MATCHES) {
      test(
        numbers,
        `matches ${JSON.stringify(filter)} with what the standard says, and no more`,
        async (t) => {
          const client = await t.connect()
          await client.subscribe(t.topic(filter) + (filter === '' ? '/' : ''))
          const publisher = await t.connect()
          for (const below of [...others, ...matching]) {
            const topic = below === '' ? t.topic() + (filter === '/#' ? '/' : '') : t.topic(below)
            await publisher.publish({ topic, payload: below })
          }
          for (const below of matching) await client.message({ payload: below })
          await t.silent(client, publisher)
        },
      )
    }

    for (const [numbers, filter] of MALFORMED) {
      test(numbers, `does not accept a subscription to ${filter}`, async (t) => {
        const client = await t.connect()
        client.send(encode.subscribe(version, { id: 1, filters: [t.topic(filter)] }))
        await client.expectRefusal(0x81, 0x82, 0x8f)
      })
    }

    const names = { 4: '4.7.1-1 3.3.2-2', 5: '4.7.0-1 3.3.2-2' }
    for (const name of ['a/+', 'a/#', 'a+b', 'a#', '+', '#', 'a/+/b']) {
      for (const qos of [0, 1, 2]) {
        test(names, `does not accept a PUBLISH of QoS ${qos} to ${name}`, async (t) => {
          const client = await t.connect()
          const topic = name.length === 1 ? name : t.topic(name)
          client.send(encode.publish(version, { topic, payload: 'x', qos }))
          await client.expectRefusal(0x81, 0x82, 0x90)
        })
      }
    }

    for (const filter of ['#', '+/#', '+/a/b', '+/+/b', '+/a/#']) {
      test('4.7.2-1', `does not give topics that begin with $ to a subscription to ${filter}`, async (t) => {
        const client = await t.connect()
        await client.subscribe(filter)
        const publisher = await t.connect()
        // A broker may refuse such topics to its clients: then nothing comes either.
        publisher.send(encode.publish(version, { topic: '$conformance/a/b', payload: 'x' }), encode.pingreq())
        await Promise.race([publisher.expect('pingresp'), publisher.closed])
        await t.barrier(client, publisher.isClosed ? client : publisher)
        const wrong = client.received.some(
          (packet) => packet.type === 'publish' && packet.topic.startsWith('$'),
        )
        t.check(!wrong, 'it came')
      })
    }

    test('4.7.2-1', 'does not give retained messages of topics that begin with $ to # and +', async (t) => {
      const client = await t.connect()
      await client.subscribe('#', '+/broker/#', '+/broker/version')
      await t.barrier(client)
      const wrong = client.received.find(
        (packet) => packet.type === 'publish' && packet.topic.startsWith('$'),
      )
      t.check(wrong === undefined, 'one came')
    })

    test('4.7.3-1', 'closes when a topic filter is empty', async (t) => {
      const client = await t.connect()
      client.send(encode.subscribe(version, { id: 1, filters: [''] }))
      await client.expectRefusal(0x81, 0x82, 0x8f)
    })

    test('4.7.3-1', 'closes when a topic filter behind a good one is empty', async (t) => {
      const client = await t.connect()
      client.send(encode.subscribe(version, { id: 1, filters: [t.topic(), ''] }))
      await client.expectRefusal(0x81, 0x82, 0x8f)
    })

    test('4.7.3-1', 'closes when a topic name is empty', async (t) => {
      const client = await t.connect()
      client.send(encode.publish(version, { topic: '', payload: 'x' }))
      await client.expectRefusal(0x82, 0x81, 0x90)
    })

    test('4.7.3-1', 'takes a topic of one character, and a filter of one', async (t) => {
      const client = await t.connect()
      await client.subscribe('/')
      await client.publish({ topic: '/', payload: 'x' })
      await client.message({ topic: '/', payload: 'x' })
    })

    test('4.7.3-3', 'carries a topic of 65,535 bytes', async (t) => {
      await carryLongTopic(t, t.topic().padEnd(65_535, 'x'))
    })

    test({ 4: '1.4.0-3' }, 'keeps U+FEFF in a topic, wherever it stands', async (t) => {
      const client = await t.connect()
      await client.subscribe(t.topic('+'))
      for (const below of ['\ufeff', '\ufeffa', 'a\ufeffb']) {
        await client.publish({ topic: t.topic(below), payload: 'x' })
        await client.message({ topic: t.topic(below) })
      }
      await client.unsubscribe(t.topic('+'))
      const beginning = `\ufeff${t.topic()}`
      await client.subscribe(beginning)
      await client.publish({ topic: t.topic(), payload: 'stripped' })
      await client.publish({ topic: beginning, payload: 'kept' })
      await client.message({ topic: beginning, payload: 'kept' })
      await t.silent(client)
    })
  })
}
