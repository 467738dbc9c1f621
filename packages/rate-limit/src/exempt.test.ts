/** Addresses that may stand for many. */
import { Authentication } from '@mqtt-stack/authentication'
import type { Listener, MiddlewareLike } from '@mqtt-stack/core'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { NO_LIMITS } from '../../../test/rig/no-limits.ts'
import { Exempt } from './exempt.ts'
import type { RateLimitOptions } from './index.ts'
import { RateLimit } from './index.ts'

const at = (remote: string, local = false): Listener => ({ transport: 'tcp', local, remote })

async function running(options: RateLimitOptions, ...others: MiddlewareLike[]) {
  const limits = new RateLimit({ ...NO_LIMITS, ...options })
  const { open } = await testStack(limits, ...others, acceptAll())
  const connack = async (remote: string, username?: string) =>
    (await open({ protocolVersion: 5, listener: at(remote) }).connect({ username })).reasonCode
  return { limits, connack }
}

describe('an exempt address', () => {
  it('has no limit of connections and of their rate, and still counts with all', async () => {
    const { connack } = await running({
      connections: 4,
      connectionsPerAddress: 1,
      connectRatePerAddress: 1,
      burst: 1,
      exempt: ['192.0.2.0/24'],
    })
    const codes = [await connack('192.0.2.1:1'), await connack('192.0.2.1:2'), await connack('192.0.2.1:3')]
    expect(codes).toEqual([0, 0, 0])
    expect([await connack('198.51.100.1:1'), await connack('198.51.100.2:1')]).toEqual([0, 0x97])
  })

  it('is not refused for failed authentications', async () => {
    const nobody: MiddlewareLike = { name: 'Nobody', authenticateConnection: () => {} }
    const limits = { failures: 3, failuresPerAddress: 1, exempt: ['192.0.2.7'] }
    const { connack } = await running(limits, new Authentication(), nobody)
    expect([await connack('192.0.2.7:1', 'a'), await connack('192.0.2.7:1', 'b')]).toEqual([0x86, 0x86])
    expect([await connack('192.0.2.8:1', 'a'), await connack('192.0.2.8:1', 'b')]).toEqual([0x86, 0x8a])
  })

  it('may become one while it runs', async () => {
    const options = { connectionsPerAddress: 1 }
    const { limits, connack } = await running(options)
    expect([await connack('192.0.2.1:1'), await connack('192.0.2.1:1')]).toEqual([0, 0x97])
    expect(limits.reconfigure({ ...NO_LIMITS, ...options, exempt: ['192.0.2.1'] })).toEqual([])
    expect(await connack('192.0.2.1:1')).toBe(0)
  })
})

it.each([
  ['192.0.2.7', '192.0.2.7:1883', true],
  ['192.0.2.7', '192.0.2.7', true],
  ['192.0.2.7', '[::ffff:192.0.2.7]:1883', true],
  ['192.0.2.7', '192.0.2.8:1883', false],
  ['192.0.2.0/24', '192.0.2.255:1', true],
  ['2001:db8::/32', '[2001:db8:1::1]:1883', true],
  ['2001:db8::1', '[2001:db8::2]:1883', false],
  ['2001:db8::/32', '2001:db8::9', true],
  ['fe80::1', '[fe80::1%eth0]:1', true],
  ['0.0.0.0/0', 'somewhere', false],
])('%s: %s is %j', (entry, remote, isExempt) => {
  expect(new Exempt('RateLimit', [entry]).has(at(remote))).toBe(isExempt)
})

it('this machine always is', () => {
  expect([
    new Exempt('RateLimit').has(at('127.0.0.1:1', true)),
    new Exempt('RateLimit').has(at('127.0.0.1:1')),
  ]).toEqual([true, false])
})

it.each([
  ['10.0.0.1', 'must be a list of addresses and networks, not "10.0.0.1"'],
  [
    ['10.0.0.1/33'],
    'has "10.0.0.1/33", which is no address and no network: write it as 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32',
  ],
  [
    ['example.com'],
    'has "example.com", which is no address and no network: write it as 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32',
  ],
  [[7], 'has 7, which is no address and no network: write it as 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32'],
])('%j is refused', (exempt, message) => {
  const make = () => new RateLimit({ exempt: exempt as string[] })
  expect(make).toThrow(`RateLimit: option "exempt" ${message}`)
  const limits = new RateLimit()
  expect(() => limits.reconfigure({ exempt: exempt as string[] })).toThrow(message)
})
