import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AddressList } from './address-list.ts'
import { forwardedOf } from './forwarded-for.ts'

const PROXIES = new AddressList(['10.0.0.0/8', '2001:db8:aaaa::/48'])

describe('from a proxy that is known', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    [' 192.0.2.1 ', '192.0.2.1'],
    ['203.0.113.9, 192.0.2.1', '192.0.2.1'],
    ['192.0.2.1, 10.1.1.1', '192.0.2.1'],
    ['203.0.113.9, 192.0.2.1, 10.1.1.1,10.2.2.2', '192.0.2.1'],
    ['10.9.9.9, 192.0.2.1, 10.1.1.1', '192.0.2.1'],
    ['10.9.9.9, 10.1.1.1', '10.9.9.9'],
    ['2001:db8::1', '2001:db8::1'],
    ['2001:db8::1, 2001:db8:aaaa::7', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['192.0.2.1:4711', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['127.0.0.1', '127.0.0.1'],
    ['192.0.2.1, unknown', undefined],
    ['192.0.2.1, unknown, 10.1.1.1', '10.1.1.1'],
    ['', undefined],
    [',', undefined],
    ['unix:', undefined],
    ['192.0.2.1:x', undefined],
    ['300.0.0.1', undefined],
    ['fe80::1%eth0', undefined],
    [undefined, undefined],
  ])('%j: %s', (header, client) => {
    const headers = header === undefined ? {} : { 'x-forwarded-for': header }
    expect(forwardedOf(headers, '10.0.0.1', PROXIES)).toEqual({ relayed: true, client })
    expect(forwardedOf(headers, '::ffff:10.0.0.1', PROXIES)).toEqual({ relayed: true, client })
  })
})

describe('from elsewhere nothing is believed', () => {
  test.each([
    ['192.0.2.9', PROXIES],
    ['10.0.0.1', undefined],
    [undefined, PROXIES],
  ] as const)('%s', (from, proxies) => {
    expect(forwardedOf({ 'x-forwarded-for': '127.0.0.1' }, from, proxies)).toEqual({
      relayed: true,
      client: undefined,
    })
    expect(forwardedOf({}, from, proxies)).toEqual({ relayed: false, client: undefined })
  })

  test.each(['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'])(
    'but %s shows that somebody passed it on',
    (name) => {
      expect(forwardedOf({ [name]: 'x' }, '127.0.0.1', undefined).relayed).toBe(true)
    },
  )
})

test('whatever stands there, the client is an address or nobody', () => {
  const entry = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constantFrom('10.0.0.1', 'unknown', '[::1]:1'))
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const { client } = forwardedOf({ 'x-forwarded-for': entries.join(',') }, '10.0.0.1', PROXIES)
      expect(client ?? '::1').toMatch(/^[\d.]+$|^[\da-f:]+$/)
    }),
  )
})
