/** A seeded sample of the WebSocket part of `npm run fuzz`: real sockets, raw bytes. */
import { Buffer } from 'node:buffer'
import { encode } from '@mqtt-stack/conformance/wire'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { webSockets } from './doors.ts'
import { cut, mutate, mutationsOf } from './mutations.ts'
import { RawStand } from './raw-stand.ts'
import { CONNECT, frame, payloadsOf, UPGRADE } from './websocket.ts'

let stand: RawStand

beforeAll(async () => {
  stand = await RawStand.open(webSockets)
  return () => stand.close()
})

test('packets split and merged across frames, fragments and chunks are served', async () => {
  const packets = Buffer.concat([
    CONNECT,
    encode.subscribe(4, { filters: ['#'] }),
    ...Array.from({ length: 5 }, (_, i) =>
      encode.publish(4, { topic: `t/${i}`, payload: 'x'.repeat(50 * i) }),
    ),
    encode.pingreq(),
    encode.disconnect(4),
  ])
  const whole = payloadsOf(await stand.listen([UPGRADE, frame(packets)]))
  expect(whole.subarray(-2).toString('hex')).toBe('d000')
  const places = fc.array(fc.nat({ max: packets.length }), { maxLength: 12 })
  const how = fc.array(fc.record({ fin: fc.boolean(), ping: fc.boolean(), long: fc.constantFrom(0, 2, 8) }), {
    minLength: 13,
    maxLength: 13,
  })
  await fc.assert(
    fc.asyncProperty(
      places,
      how,
      fc.array(fc.nat({ max: 2_000 }), { maxLength: 6 }),
      async (where, each, chunks) => {
        const parts = cut(packets, where)
        let open = false
        const frames = parts.flatMap((part, i) => {
          const { ping, long } = each[i]
          const fin = each[i].fin || i === parts.length - 1
          const lengthBytes = part.length > 125 ? undefined : (long as 0 | 2 | 8)
          const data = frame(part, {
            opcode: open ? 0 : 2,
            fin,
            ...(lengthBytes !== undefined && { lengthBytes }),
          })
          open = !fin
          return ping ? [data, frame(Buffer.from('hi'), { opcode: 9 })] : [data]
        })
        const received = await stand.listen([UPGRADE, ...cut(Buffer.concat(frames), chunks)])
        expect(payloadsOf(received).equals(whole)).toBe(true)
      },
    ),
    { numRuns: 60, seed: 13 },
  )
  await stand.check()
})

test.each<[string, Parameters<typeof frame>[1]]>([
  ['more than it has', { length: 100 }],
  ['less than it has', { length: 3 }],
  ['64 KiB more than it has', { length: 65_535, lengthBytes: 2 }],
  ['the largest of 63 bits', { length: (1n << 63n) - 1n, lengthBytes: 8 }],
  ['the largest of 64 bits', { length: (1n << 64n) - 1n, lengthBytes: 8 }],
  ['256 MB', { length: 268_435_460, lengthBytes: 8 }],
  ['nothing', { length: 0 }],
])('a frame that says that its length is %s harms nobody', async (_what, input) => {
  for (const opcode of [0, 1, 2, 8, 9, 10]) {
    await stand.talk([UPGRADE, frame(CONNECT, { ...input, opcode })])
    await stand.talk([UPGRADE, frame(CONNECT), frame(encode.pingreq(), { ...input, opcode })])
  }
  await stand.check()
})

test('frames without a mask, of reserved opcodes and with reserved bits are refused', async () => {
  const wrong = [
    { masked: false },
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({ opcode })),
    ...[1, 2, 4, 7].map((reserved) => ({ reserved })),
  ]
  for (const input of wrong) {
    const received = await stand.talk([UPGRADE, frame(CONNECT), frame(encode.pingreq(), input)])
    // No PINGRESP.
    expect(payloadsOf(received).toString('hex')).toBe('20020000')
  }
  await stand.check()
})

test('changed bytes and prefixes of upgrades and frames harm nobody', async () => {
  const good = Buffer.concat([UPGRADE, frame(CONNECT), frame(encode.pingreq())])
  const mutation = fc.nat({ max: mutationsOf(good.length) - 1 })
  const some = fc.array(fc.tuple(mutation, fc.array(fc.nat({ max: good.length }), { maxLength: 2 })), {
    minLength: 10,
    maxLength: 20,
  })
  await fc.assert(
    fc.asyncProperty(some, async (each) => {
      await Promise.all(each.map(([one, places]) => stand.talk(cut(mutate(good, one), places))))
      await stand.check()
    }),
    { numRuns: 20, seed: 14 },
  )
})

test.each([
  ['no method', ' / HTTP/1.1\r\n\r\n'],
  ['no version', 'GET /mqtt\r\n\r\n'],
  ['another protocol', 'SSH-2.0-client\r\n'],
  ['MQTT itself', CONNECT.toString('latin1')],
  ['a long path', `GET /${'x'.repeat(7_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
  ['many headers', `GET /mqtt HTTP/1.1\r\n${'a: b\r\n'.repeat(1_500)}\r\n`],
  ['a header without end', `GET /mqtt HTTP/1.1\r\nA: ${'x'.repeat(100_000)}`],
  ['a body that lies', 'POST /mqtt HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\nx'],
  [
    'two lengths',
    'POST /mqtt HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['a path that is no URL', UPGRADE.toString('latin1').replace('/mqtt', '//[::1')],
  ['an origin that is no URL', UPGRADE.toString('latin1').replace('Host:', 'Origin: \u0000\u00ff\r\nHost:')],
  [
    'protocols without end',
    UPGRADE.toString('latin1').replace('mqtt\r\n\r\n', `${'mqtt,'.repeat(1_000)}\r\n\r\n`),
  ],
  ['a key that is none', UPGRADE.toString('latin1').replace('dGhlIHNhbXBsZSBub25jZQ==', 'x')],
  ['a hundred requests', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100)],
])('an upgrade with %s harms nobody', async (_what, text) => {
  await stand.talk([Buffer.from(text, 'latin1')])
  await stand.check()
})
