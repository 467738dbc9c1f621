/** The header of the PROXY protocol: whole, cut off at every byte, changed in every byte, and bytes at random. */
import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { extra, ssl, version2, withChecksum } from '../../../../../test/rig/proxy-headers.ts'
import { crc32c } from './crc32c.ts'
import type { ProxyHeader } from './proxy-header.ts'
import { readProxyHeader } from './proxy-header.ts'

const V1_4 = 'PROXY TCP4 192.0.2.1 198.51.100.1 50000 1883\r\n'
const V1_6 = 'PROXY TCP6 2001:db8::1 2001:db8::2 50000 1883\r\n'
const FOUR = version2(0x21, 0x11, [192, 0, 2, 1, 198, 51, 100, 1, 0xc3, 0x50, 0x07, 0x5b])
const SIX_ADDRESSES = [
  0x20,
  1,
  0xd,
  0xb8,
  ...Array(11).fill(0),
  1,
  ...Array(16).fill(9),
  0xc3,
  0x50,
  0x07,
  0x5b,
]
const TLS = ssl({ flags: 7, version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', commonName: 'device 1' })
const TLS_FACTS = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', serverName: undefined }
const FOUR_WITH = (...extras: Buffer[]): Buffer =>
  version2(0x21, 0x11, Buffer.concat([FOUR.subarray(16), ...extras]))
const SOURCE = { host: '192.0.2.1', port: 50_000 }

const RIGHT: readonly [string, Buffer, Partial<ProxyHeader>][] = [
  ['version 1, IPv4', Buffer.from(V1_4), { source: SOURCE }],
  ['version 1, IPv6', Buffer.from(V1_6), { source: { host: '2001:db8::1', port: 50_000 } }],
  ['version 1, unknown', Buffer.from('PROXY UNKNOWN\r\n'), {}],
  ['version 1, unknown with more', Buffer.from('PROXY UNKNOWN ffff::1 what ever\r\n'), {}],
  ['version 2, IPv4', FOUR, { source: SOURCE }],
  ['version 2, IPv6', version2(0x21, 0x21, SIX_ADDRESSES), { source: { host: '2001:db8::1', port: 50_000 } }],
  ['version 2, Unix socket', version2(0x21, 0x31, Buffer.alloc(216, 'x')), {}],
  ['version 2, unspecified', version2(0x21, 0x00, []), {}],
  ['version 2, the proxy itself', version2(0x20, 0x00, []), {}],
  ['version 2, the proxy itself, with bytes that mean nothing', version2(0x20, 0x77, [1, 2, 3]), {}],
  ['with a checksum', withChecksum(FOUR), { source: SOURCE }],
  [
    'with things that nobody knows',
    FOUR_WITH(extra(0x04, Buffer.alloc(9)), extra(0xe0, Buffer.from('x'))),
    { source: SOURCE },
  ],
  ['with TLS facts', FOUR_WITH(TLS), { source: SOURCE, tls: TLS_FACTS, commonName: 'device 1' }],
  [
    'with TLS facts and a checksum',
    withChecksum(FOUR_WITH(TLS)),
    { source: SOURCE, tls: TLS_FACTS, commonName: 'device 1' },
  ],
  [
    'with the name that was asked for',
    FOUR_WITH(extra(0x02, Buffer.from('mqtt.example')), TLS),
    { source: SOURCE, tls: { ...TLS_FACTS, serverName: 'mqtt.example' }, commonName: 'device 1' },
  ],
  ['a client without TLS', FOUR_WITH(ssl({ flags: 0, version: 'x', commonName: 'x' })), { source: SOURCE }],
  [
    'a certificate that was not verified',
    FOUR_WITH(ssl({ flags: 7, verify: 1, commonName: 'x' })),
    { source: SOURCE, tls: {} },
  ],
  ['no certificate', FOUR_WITH(ssl({ flags: 1, commonName: 'x' })), { source: SOURCE, tls: {} }],
  [
    'a certificate of an earlier connection of the session',
    FOUR_WITH(ssl({ flags: 5, commonName: 'x' })),
    { source: SOURCE, tls: {}, commonName: 'x' },
  ],
  ['a certificate without a common name', FOUR_WITH(ssl({ flags: 7 })), { source: SOURCE, tls: {} }],
]

describe('a header', () => {
  test.each(RIGHT)('%s', (_what, bytes, expected) => {
    const { length, ...told } = readProxyHeader(bytes) as ProxyHeader
    expect(length).toBe(bytes.length)
    expect(told).toEqual(expected)
  })

  test.each(RIGHT)('%s: what follows is left alone', (_what, bytes) => {
    const followed = Buffer.concat([bytes, Buffer.from('PROXY \r\n\r\n\0')])
    expect(readProxyHeader(followed)).toEqual(readProxyHeader(bytes))
  })

  test.each(RIGHT)('%s: no prefix is whole, and none is wrong', (_what, bytes) => {
    for (let end = 0; end < bytes.length; end++)
      expect(readProxyHeader(bytes.subarray(0, end))).toBeUndefined()
  })

  test.each(RIGHT)('%s: any change of a byte is read, or is an error', (_what, bytes) => {
    for (let at = 0; at < bytes.length; at++) {
      for (const change of [1, 0x20, 0x80, 0xff]) {
        const changed = Buffer.from(bytes)
        changed[at] ^= change
        judge(changed)
      }
    }
  })
})

describe('what is wrong is an error that says why', () => {
  test.each<[string, Buffer | string]>([
    ['it does not begin with one', ''.padEnd(1, '\x10')],
    ['it does not begin with one', 'GET / HTTP/1.1\r\n'],
    ['it does not begin with one', 'proxy TCP4'],
    ['it does not begin with one', 'PROXY\tTCP4'],
    ['it does not begin with one', Buffer.from('\r\n\r\n\0\r\nQUIT\r')],
    ['neither TCP4 nor TCP6 nor UNKNOWN', 'PROXY UDP4 192.0.2.1 198.51.100.1 50000 1883\r\n'],
    ['neither TCP4 nor TCP6 nor UNKNOWN', 'PROXY \r\n'],
    ['neither TCP4 nor TCP6 nor UNKNOWN', 'PROXY  TCP4 192.0.2.1 198.51.100.1 50000 1883\r\n'],
    ['not two addresses and two ports', 'PROXY TCP4\r\n'],
    ['not two addresses and two ports', 'PROXY TCP4 192.0.2.1 198.51.100.1 50000\r\n'],
    ['not two addresses and two ports', `${V1_4.trim()} 1\r\n`],
    ['no TCP4 address', 'PROXY TCP4 2001:db8::1 198.51.100.1 50000 1883\r\n'],
    ['no TCP4 address', 'PROXY TCP4 192.0.2.01 198.51.100.1 50000 1883\r\n'],
    ['no TCP4 address', 'PROXY TCP4 192.0.2.1 localhost 50000 1883\r\n'],
    ['no TCP6 address', 'PROXY TCP6 192.0.2.1 198.51.100.1 50000 1883\r\n'],
    ['no TCP6 address', 'PROXY TCP6 fe80::1%eth0 ::1 50000 1883\r\n'],
    ['no port', 'PROXY TCP4 192.0.2.1 198.51.100.1 65536 1883\r\n'],
    ['no port', 'PROXY TCP4 192.0.2.1 198.51.100.1 050 1883\r\n'],
    ['no port', 'PROXY TCP4 192.0.2.1 198.51.100.1 50000 -1\r\n'],
    [
      'no port',
      'PROXY TCP4 192.0.2.1 198.51.100.1 50000 1883 '.trim().replace('50000', '0x1').concat('\r\n'),
    ],
    ['no end of the line within 107 bytes', 'PROXY UNKNOWN'.padEnd(107, ' x')],
    ['no end of the line within 107 bytes', `${'PROXY UNKNOWN'.padEnd(106, ' x')}\r\n`],
    ['neither version 2 nor a command of it', version2(0x22, 0x11, FOUR.subarray(16)).subarray(0, 13)],
    ['neither version 2 nor a command of it', version2(0x11, 0x11, FOUR.subarray(16))],
    [
      'addresses of no kind that there is for a stream',
      version2(0x21, 0x12, FOUR.subarray(16)).subarray(0, 14),
    ],
    ['addresses of no kind that there is for a stream', version2(0x21, 0x41, [])],
    ['more than 4096 bytes', version2(0x21, 0x11, Buffer.alloc(4_081)).subarray(0, 16)],
    ['more than 4096 bytes', version2(0x20, 0x00, Buffer.alloc(4_081)).subarray(0, 16)],
    ['no room for its addresses', version2(0x21, 0x11, Buffer.alloc(11))],
    ['no room for its addresses', version2(0x21, 0x21, Buffer.alloc(35))],
    ['no room for its addresses', version2(0x21, 0x31, Buffer.alloc(215))],
    ['what is behind its addresses is cut off', FOUR_WITH(Buffer.from([4]))],
    ['what is behind its addresses is cut off', FOUR_WITH(Buffer.from([4, 0, 2, 0]))],
    [
      'what is behind its addresses is cut off',
      FOUR_WITH(extra(0x20, Buffer.from([1, 0, 0, 0, 0, 0x21, 0, 9]))),
    ],
    ['its TLS facts are cut off', FOUR_WITH(extra(0x20, Buffer.from([1, 0, 0, 0])))],
    ['it tells one thing twice', FOUR_WITH(TLS, TLS)],
    [
      'it tells one thing twice',
      FOUR_WITH(
        extra(
          0x20,
          Buffer.concat([
            Buffer.from([1, 0, 0, 0, 0]),
            extra(0x22, Buffer.from('a')),
            extra(0x22, Buffer.from('b')),
          ]),
        ),
      ),
    ],
    ['its checksum is wrong', FOUR_WITH(extra(0x03, Buffer.alloc(4)))],
    ['its checksum has not four bytes', FOUR_WITH(extra(0x03, Buffer.alloc(3)))],
    ['a text that is no UTF-8', FOUR_WITH(ssl({ flags: 7, commonName: Buffer.from([0xff]) }))],
    ['a text with a zero in it', FOUR_WITH(ssl({ flags: 7, commonName: 'alice\0.evil' }))],
  ])('%s: %j', (message, bytes) => {
    expect(() => readProxyHeader(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)).toThrow(
      new Error(message),
    )
  })

  test('any change of a byte makes a checksum wrong', () => {
    const right = withChecksum(FOUR_WITH(TLS))
    for (let at = 16; at < 28; at++) {
      const changed = Buffer.from(right)
      changed[at] ^= 4
      expect(() => readProxyHeader(changed)).toThrow('its checksum is wrong')
    }
  })
})

test('random bytes, alone and behind each beginning, are read or are an error', () => {
  const beginnings = ['', 'PROXY ', 'PROXY TCP4 ', 'PROXY TCP6 ', 'PROXY UNKNOWN'].map((text) =>
    Buffer.from(text),
  )
  const binary = [FOUR.subarray(0, 12), FOUR.subarray(0, 14), FOUR.subarray(0, 28), FOUR_WITH(TLS)]
  const beginning = fc.constantFrom(...beginnings, ...binary)
  fc.assert(
    fc.property(beginning, fc.uint8Array({ maxLength: 300 }), (first, rest) =>
      judge(Buffer.concat([first, rest])),
    ),
    { numRuns: 3_000 },
  )
})

test('the checksum is that of Castagnoli', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe306_9283)
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a91_36aa)
  expect(crc32c(Buffer.alloc(0))).toBe(0)
})

/** Either it waits for more, or it is a header within its bounds, or it throws one of our errors. */
function judge(bytes: Buffer): void {
  let header: ProxyHeader | undefined
  try {
    header = readProxyHeader(bytes)
  } catch (error) {
    expect((error as Error).constructor).toBe(Error)
    return
  }
  if (header === undefined) expect(bytes.length).toBeLessThan(4_096)
  else expect(header.length).toBeLessThanOrEqual(bytes.length)
}
