/** 1.5.3 of 3.1.1 and 1.5.4 of 5.0: what no string may hold, in every field that is one. */
import { Buffer } from 'node:buffer'
import type { Chapter, Numbers } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import { field, join } from '../../wire/bytes.ts'
import * as encode from '../../wire/encode.ts'
import type { Version } from '../../wire/packet-types.ts'

const ILL_FORMED: Readonly<Record<string, string>> = {
  'a byte that only continues': '80',
  'a character cut short': 'c3',
  'a character of three bytes cut short': 'e282',
  'a character of four bytes cut short': 'f09f9a',
  'a letter in two bytes': 'c181',
  'U+0000 in two bytes': 'c080',
  'a letter in three bytes': 'e08181',
  'U+0000 in four bytes': 'f0808080',
  'U+D800': 'eda080',
  'U+DFFF': 'edbfbf',
  'a pair of surrogates': 'eda0bdedb29a',
  'a character above U+10FFFF': 'f4908080',
  'a character of five bytes': 'f888808080',
  'a byte that UTF-8 does not have': 'ff',
  'a byte order of UTF-16': 'fffe',
}

const NULLS: Readonly<Record<string, string>> = { 'U+0000': '00', 'U+0000 within': '610062' }

interface Field {
  readonly name: string
  /** Statements that ask for UTF-8 in this very field. */
  readonly utf8: Numbers
  /** And those that forbid U+0000 there. */
  readonly nul?: Numbers
  /** Only in 5.0. */
  readonly v5?: boolean
  /** In the CONNECT: refused before acceptance. */
  readonly early?: boolean
  /** A packet with this text in the field. */
  packet(version: Version, text: Buffer): Uint8Array
}

const FIELDS: readonly Field[] = [
  {
    name: 'the client identifier',
    utf8: '3.1.3-4',
    early: true,
    packet: (version, clientId) => encode.connect(version, { clientId }),
  },
  {
    name: 'the will topic',
    utf8: { 4: '3.1.3-10', 5: '3.1.3-11' },
    nul: '4.7.3-2',
    early: true,
    packet: (version, topic) => encode.connect(version, { clientId: 'strings', will: { topic } }),
  },
  {
    name: 'the user name',
    utf8: { 4: '3.1.3-11', 5: '3.1.3-12' },
    early: true,
    packet: (version, username) => encode.connect(version, { clientId: 'strings', username }),
  },
  {
    name: 'the topic name',
    utf8: '3.3.2-1',
    nul: '4.7.3-2',
    packet: (version, topic) => encode.publish(version, { topic }),
  },
  {
    name: 'a topic filter of SUBSCRIBE',
    utf8: { 5: '3.8.3-1' },
    nul: '4.7.3-2',
    packet: (version, filter) => encode.subscribe(version, { filters: [filter] }),
  },
  {
    name: 'the second topic filter of SUBSCRIBE',
    utf8: { 5: '3.8.3-1' },
    nul: '4.7.3-2',
    packet: (version, filter) => encode.subscribe(version, { filters: ['conformance/good', filter] }),
  },
  {
    name: 'a topic filter of UNSUBSCRIBE',
    utf8: '3.10.3-1',
    nul: '4.7.3-2',
    packet: (version, filter) => encode.unsubscribe(version, { filters: [filter] }),
  },
  ...propertyFields(),
]

export function strings(version: Version): Chapter {
  return chapter(version, '1.5 Strings', (test) => {
    for (const { name, utf8, nul, early, v5, packet } of FIELDS) {
      if (v5 && version !== 5) continue
      const kinds = [
        [{ 4: `1.4.0-1 ${of(utf8, 4)}`, 5: `1.5.4-1 ${of(utf8, 5)}` }, 'is not UTF-8', ILL_FORMED],
        [{ 4: `1.4.0-2 ${of(nul, 4)}`, 5: `1.5.4-2 ${of(nul, 5)}` }, 'holds U+0000', NULLS],
      ] as const
      for (const [numbers, what, texts] of kinds) {
        test(numbers, `closes when ${name} ${what}`, async (t) => {
          await t.each(texts, async (hex) => {
            const client = early ? await t.open() : await t.connect()
            client.send(packet(version, Buffer.from(hex, 'hex')))
            await client.expectRefusal(0x81)
          })
        })
      }
    }

    test({ 4: '1.4.0-1', 5: '1.5.4-1' }, 'takes all of Unicode', async (t) => {
      const client = await t.connect()
      await client.subscribe(t.topic('+'))
      for (const text of ['a', '\u00a0\u07ff', '\u0800\ud7ff\ue000', '\u{10000}\u{10fffd}', '😀ü日本語']) {
        await client.publish({ topic: t.topic(text), payload: text })
        await client.message({ topic: t.topic(text), payload: text })
      }
    })

    const control = ['\u0001', '\u001f', '\u007f', '\u009f', '\ufffe', '\u{1ffff}', '\ufdd0']
    test('', 'refuses control characters and noncharacters, or hands them on unchanged', async (t) => {
      await t.each(
        Object.fromEntries(control.map((one) => [`U+${one.codePointAt(0)?.toString(16)}`, one])),
        async (one) => {
          const subscriber = await t.connect()
          const below = `${one.codePointAt(0)}`
          const topic = t.topic(`${below}/${one}`)
          await subscriber.subscribe(t.topic(`${below}/#`))
          const client = await t.connect()
          client.send(encode.publish(version, { topic, payload: 'x', qos: 1, id: 1 }))
          await Promise.race([client.closed, client.expect('puback')])
          await t.barrier(subscriber)
          for (const packet of subscriber.received) {
            if (packet.type === 'publish') t.check(packet.topic === topic, 'it was changed')
          }
        },
      )
    })
  })
}

/** The strings of 5.0's properties, in each packet that may carry them. */
function propertyFields(): Field[] {
  const id = Uint8Array.of(0x26)
  const text = (name: number) => (value: Buffer) => join(Uint8Array.of(name), field(value))
  const key = (value: Buffer): Buffer => join(id, field(value), field('value'))
  const value = (bytes: Buffer): Buffer => join(id, field('name'), field(bytes))
  type Make = (version: Version, properties: Buffer) => Uint8Array
  const publish: Make = (version, properties) =>
    encode.publish(version, { topic: 'conformance/x', properties })
  const connect: Make = (version, properties) => encode.connect(version, { clientId: 'strings', properties })
  const will: Make = (version, properties) =>
    encode.connect(version, { clientId: 'strings', will: { topic: 'conformance/x', properties } })
  const subscribe: Make = (version, properties) =>
    encode.subscribe(version, { filters: ['conformance/x'], properties })
  const unsubscribe: Make = (version, properties) =>
    encode.unsubscribe(version, { filters: ['conformance/x'], properties })
  const one = (
    name: string,
    utf8: string,
    make: Make,
    property: (text: Buffer) => Buffer,
    early = false,
  ): Field => ({
    name,
    utf8: { 5: utf8 },
    v5: true,
    early,
    packet: (version, bytes) => make(version, property(bytes)),
  })
  return [
    one('the content type', '3.3.2-19', publish, text(0x03)),
    one('the response topic', '3.3.2-13', publish, text(0x08)),
    one("the will's content type", '', will, text(0x03), true),
    one("the will's response topic", '', will, text(0x08), true),
    one('the authentication method', '', connect, text(0x15), true),
    one('the name of a user property of CONNECT', '', connect, key, true),
    one('the value of a user property of CONNECT', '', connect, value, true),
    one('the name of a user property of the will', '', will, key, true),
    one('the value of a user property of the will', '', will, value, true),
    one('the name of a user property of PUBLISH', '', publish, key),
    one('the value of a user property of PUBLISH', '', publish, value),
    one('the name of a user property of SUBSCRIBE', '', subscribe, key),
    one('the value of a user property of SUBSCRIBE', '', subscribe, value),
    one('the name of a user property of UNSUBSCRIBE', '', unsubscribe, key),
    one('the value of a user property of UNSUBSCRIBE', '', unsubscribe, value),
  ]
}

function of(numbers: Numbers | undefined, version: 4 | 5): string {
  return typeof numbers === 'string' ? numbers : (numbers?.[version] ?? '')
}
