import { describe, expect, test } from 'vitest'
import { testBroker } from '../../../../test/rig/broker.ts'
import type { ListenerOptions } from './options.ts'
import type { Origins } from './origins.ts'
import { isAllowedOrigin } from './origins.ts'

describe('a page may connect', () => {
  test.each<[string, string | undefined, string | undefined, Origins?]>([
    ['where nobody says that it is one', undefined, 'broker.example:8083'],
    ['of the same host', 'https://broker.example', 'broker.example'],
    ['of the same host, on another port', 'http://broker.example:3000', 'broker.example:8083'],
    ['of the same host, written otherwise', 'https://Broker.Example', 'BROKER.example:8083'],
    ['of the same address', 'http://192.0.2.1:3000', '192.0.2.1:8083'],
    ['of the same address, IPv6', 'http://[2001:db8::1]', '[2001:db8::1]:8083'],
    ['of this machine, whatever it is called', 'http://localhost:5173', '127.0.0.1:8083'],
    ['of this machine, IPv6', 'http://127.0.0.1', '[::1]:8083'],
    [
      'of the same host, though others are listed',
      'https://broker.example',
      'broker.example',
      ['https://a.example'],
    ],
    ['that is listed', 'https://a.example', 'broker.example', ['https://b.example', 'https://a.example']],
    ['that is listed with its port', 'https://a.example:8443', 'broker.example', ['https://a.example:8443']],
    ['that is listed in capitals', 'https://a.example', 'broker.example', ['HTTPS://A.Example']],
    [
      'of an application that is listed',
      'capacitor://localhost',
      'broker.example',
      ['capacitor://localhost'],
    ],
    ['of no site, where that is listed', 'null', 'broker.example', ['null']],
    ['where all may', 'https://evil.example', 'broker.example', '*'],
    ['where all may, in a list', 'null', undefined, ['*']],
  ])('%s', (_what, origin, host, origins) => {
    expect(isAllowedOrigin(origin, host, origins)).toBe(true)
  })
})

describe('a page may not connect', () => {
  test.each<[string, string, string | undefined, Origins?]>([
    ['of another host', 'https://evil.example', 'broker.example'],
    ['of a host above', 'https://example', 'broker.example'],
    ['of a host beneath', 'https://x.broker.example', 'broker.example'],
    ['of a host that begins like it', 'https://broker.example.evil.example', 'broker.example'],
    ['of another scheme than the listed one', 'http://a.example', 'broker.example', ['https://a.example']],
    [
      'of another port than the listed one',
      'https://a.example:8443',
      'broker.example',
      ['https://a.example'],
    ],
    ['of no site', 'null', 'broker.example'],
    ['of no site, from this machine', 'null', '127.0.0.1'],
    ['of a file', 'file://', 'broker.example'],
    ['of two origins', 'https://broker.example, https://a.example', 'broker.example'],
    ['of nothing', '', 'broker.example'],
    ['of another site, to this machine', 'https://evil.example', 'localhost:8083'],
    ['of this machine, to another', 'http://localhost', 'broker.example'],
    ['that asked for nobody', 'https://broker.example', undefined],
    ['that asked for what is no host', 'https://broker.example', 'a b'],
    ['where nobody is listed', 'https://evil.example', 'broker.example', []],
  ])('%s', (_what, origin, host, origins) => {
    expect(isAllowedOrigin(origin, host, origins)).toBe(false)
  })
})

describe('what cannot be meant is refused', () => {
  const no = 'ws listener: option "origins" has'
  test.each([
    [
      'https://a.example',
      'ws listener: option "origins" must be a list of origins, or *, not "https://a.example"',
    ],
    [
      ['https://a.example/'],
      `${no} "https://a.example/", which is no origin: write it as https://a.example, or * for all`,
    ],
    [
      ['https://a.example:443'],
      `${no} "https://a.example:443", which is no origin: write it as https://a.example, or * for all`,
    ],
    [
      ['https://a.example/app'],
      `${no} "https://a.example/app", which is no origin: write it as https://a.example, or * for all`,
    ],
    [
      ['a.example'],
      `${no} "a.example", which is no origin: write it as https://app.example.com, or * for all`,
    ],
    [
      ['localhost:3000'],
      `${no} "localhost:3000", which is no origin: write it as https://app.example.com, or * for all`,
    ],
    [[7], `${no} 7, which is no origin: write it as https://app.example.com, or * for all`],
  ])('%j', (origins, message) => {
    const listener = { transport: 'ws', origins } as unknown as ListenerOptions
    expect(() => testBroker({ listeners: [listener] })).toThrow(message)
  })

  test('forwardedFor is checked as proxy is', () => {
    const listener: ListenerOptions = { transport: 'ws', forwardedFor: { from: ['nginx'] } }
    expect(() => testBroker({ listeners: [listener] })).toThrow(
      'ws listener: option "forwardedFor" has "nginx", which is no address and no network: write it as 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32',
    )
  })
})
