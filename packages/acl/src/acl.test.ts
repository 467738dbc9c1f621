/** Access rules in a whole stack, on every backend. */
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import type { DefaultStack, DefaultStackOptions } from '../../../test/rig/default-stack.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'
import { Acl } from './acl.ts'
import type { AclRule } from './rule.ts'

const RULES: AclRule[] = [
  { deny: ['publish', 'subscribe'], topic: 'plant/secret/#', user: 'guest' },
  { allow: ['publish', 'subscribe'], topic: 'plant/#' },
  { allow: ['publish', 'subscribe'], topic: 'devices/%c/#', qos: 1 },
  { allow: 'publish', topic: '$SYS/#' },
  { allow: 'subscribe', topic: '$SYS/#' },
  { allow: 'will', topic: 'gone/%u' },
]

const setup = (rules: AclRule[] = RULES, options: DefaultStackOptions = {}): Promise<DefaultStack> =>
  defaultStack({ rules: new Acl({ rules }), ...options })

const WILL = { payload: Buffer.from('bye'), qos: 0, retain: false } as const

describe.each(BACKENDS)('access rules, with %s', (_name, backend) => {
  it('let through what they allow, and nothing else', async () => {
    const { client, settle, drops } = await setup(RULES, { backend: backend() })
    const reader = await client({ clientId: 'reader', username: 'alice' })
    expect((await reader.subscribe(['plant/#', 'devices/reader/#', 'other'], { qos: 2 })).granted).toEqual([
      2, 1, 0x80,
    ])
    const guest = await client({ clientId: 'guest', username: 'guest' })
    await guest.publish('plant/a', 'yes', { qos: 1 })
    await guest.publish('plant/secret/a', 'no', { qos: 1 })
    await guest.publish('devices/reader/a', 'no', { qos: 1 })
    await settle()
    expect(reader.received.flatMap((one) => (one.cmd === 'publish' ? [one.topic] : []))).toEqual(['plant/a'])
    expect(drops.map(({ topic, reason }) => [topic, reason])).toEqual([
      ['plant/secret/a', 'not-authorized'],
      ['devices/reader/a', 'not-authorized'],
    ])
  })

  it('[CVE-2017-7650] names with wildcards read and write nothing of others', async () => {
    const { client, settle } = await setup(undefined, { backend: backend() })
    const victim = await client({ clientId: 'victim' })
    await victim.subscribe('devices/victim/#', { qos: 1 })
    for (const clientId of ['+', '#', 'victim/x', '/']) {
      const one = await client({ clientId, username: clientId })
      const granted = (
        await one.subscribe([`devices/${clientId === '#' ? '#' : `${clientId}/#`}`, 'devices/+/#'])
      ).granted
      expect(granted).toEqual([0x80, 0x80])
      await one.publish('devices/victim/a', 'no', { qos: 1 })
    }
    await settle()
    expect(victim.received.some(({ cmd }) => cmd === 'publish')).toBe(false)
  })
})

describe('control topics', () => {
  it('[Aedes #597] stay the broker’s, whatever the rules say', async () => {
    const { client, open, settle, drops } = await setup()
    const alice = await client({ username: 'alice' })
    await alice.subscribe('$SYS/#')
    await alice.publish('$SYS/broker/uptime', '0', { qos: 1, retain: true })
    await settle()
    expect(alice.received.some(({ cmd }) => cmd === 'publish')).toBe(false)
    expect(drops).toMatchObject([{ topic: '$SYS/broker/uptime', reason: 'control-topic' }])
    const refused = await open().connect({ username: 'bob', will: { ...WILL, topic: '$SYS/a' } })
    expect(refused.returnCode).toBe(5)
  })
})

describe('a will', () => {
  it('is refused with its CONNECT', async () => {
    const { client, open } = await setup()
    await client({ username: 'alice', will: { ...WILL, topic: 'gone/alice' } })
    const refused = await open().connect({ username: 'bob', will: { ...WILL, topic: 'gone/alice' } })
    expect(refused.returnCode).toBe(5)
  })
})

describe('an empty list of rules', () => {
  it('is told at start', async () => {
    const { logger } = await defaultStack({ rules: new Acl() })
    expect(logger.warnings).toContain('acl: there are no rules: nobody may do anything')
  })

  it('[CVE-2018-12550] denies all', async () => {
    const { client, open } = await setup([])
    const alice = await client({ username: 'alice' })
    expect((await alice.subscribe(['a', '#', '$SYS/#'])).granted).toEqual([0x80, 0x80, 0x80])
    expect((await open().connect({ will: { ...WILL, topic: 'a' } })).returnCode).toBe(5)
  })
})
