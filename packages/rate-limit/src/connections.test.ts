import type { Listener } from '@mqtt-stack/core'
import type { TestStack } from '@mqtt-stack/testing'
import { acceptAll, testStack, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { NO_LIMITS } from '../../../test/rig/no-limits.ts'
import { Connections } from './connections.ts'
import { Exempt } from './exempt.ts'
import type { RateLimitOptions } from './index.ts'
import { RateLimit } from './index.ts'

const at = (remote: string): Listener => ({ transport: 'tcp', local: false, remote })
const limited = (options: RateLimitOptions): Promise<TestStack> =>
  testStack(new RateLimit({ ...NO_LIMITS, ...options }), acceptAll())

/** What CONNACK says. */
async function answer({ open }: TestStack, listener: Listener, protocolVersion: 4 | 5 = 5) {
  const client = open({ listener, protocolVersion })
  const { reasonCode, returnCode, properties } = await client.connect()
  return { client, code: reasonCode ?? returnCode, reason: properties?.reasonString }
}

describe('connections', () => {
  it('are refused above a number in all, with 0x97, or 3 before 5.0', async () => {
    const stack = await limited({ connections: 2 })
    await stack.client()
    const second = await stack.client()
    expect(await answer(stack, at('192.0.2.1:1'))).toMatchObject({
      code: 0x97,
      reason: 'more than 2 connections (connections)',
    })
    expect((await answer(stack, at('192.0.2.1:2'), 4)).code).toBe(3)
    await second.drop()
    expect((await answer(stack, at('192.0.2.1:3'))).code).toBe(0)
  })

  it('are refused above a number of one address, whatever their ports', async () => {
    const stack = await limited({ connectionsPerAddress: 1 })
    const first = await answer(stack, at('192.0.2.1:1'))
    expect(first.code).toBe(0)
    expect(await answer(stack, at('192.0.2.1:2'))).toMatchObject({
      code: 0x97,
      reason: 'more than 1 connections of one address (connectionsPerAddress)',
    })
    expect((await answer(stack, at('192.0.2.2:1'))).code).toBe(0)
    await first.client.drop()
    expect((await answer(stack, at('192.0.2.1:3'))).code).toBe(0)
  })

  it('of an IPv6 /64 count as those of one address', async () => {
    const stack = await limited({ connectionsPerAddress: 1 })
    expect((await answer(stack, at('[2001:db8:0:1::1]:1'))).code).toBe(0)
    expect((await answer(stack, at('[2001:db8:0:1:ffff::2]:1'))).code).toBe(0x97)
    expect((await answer(stack, at('[2001:db8:0:2::1]:1'))).code).toBe(0)
  })

  it('of this machine have no limit by address', async () => {
    const stack = await limited({ connectionsPerAddress: 1, connectRatePerAddress: 1, burst: 1 })
    const here: Listener = { transport: 'tcp', local: true, remote: '127.0.0.1:1' }
    for (let i = 0; i < 5; i++) expect((await answer(stack, here)).code).toBe(0)
  })

  it('count before they have sent anything', async () => {
    const stack = await limited({ connectionsPerAddress: 1 })
    stack.open({ listener: at('192.0.2.1:1') })
    expect((await answer(stack, at('192.0.2.1:2'))).code).toBe(0x97)
  })

  it('that were one too many are let in where there is room by the time of their CONNECT', async () => {
    const stack = await limited({ connections: 1 })
    const first = await stack.client()
    const second = stack.open({ protocolVersion: 5 })
    await first.drop()
    expect((await second.connect()).reasonCode).toBe(0)
    expect((await answer(stack, at('192.0.2.1:2'))).code).toBe(0x97)
    await second.drop()
    expect((await answer(stack, at('192.0.2.1:2'))).code).toBe(0)
  })

  it('that send no CONNECT do not pile up above the limit: further ones are closed without a word', async () => {
    const stack = await limited({ connectionsPerAddress: 1 })
    const all = Array.from({ length: 40 }, (_, i) => stack.open({ listener: at(`192.0.2.1:${i}`) }))
    await stack.settle()
    expect(all.filter(({ stream }) => !stream.destroyed)).toHaveLength(17)
    expect(all.at(-1)?.received).toEqual([])
    for (const one of all) await one.drop()
    expect((await answer(stack, at('192.0.2.1:99'))).code).toBe(0)
  })

  it('are told by clientRefused, also those that were closed without a word', async () => {
    const reasons = new Map<string, number>()
    const { open, settle } = await testStack(
      new RateLimit({ ...NO_LIMITS, connectionsPerAddress: 1 }),
      {
        name: 'Refusals',
        clientRefused({ reason, reasonCode }: { reason: string; reasonCode: number }) {
          const key = `${reasonCode} ${reason}`
          reasons.set(key, (reasons.get(key) ?? 0) + 1)
        },
      },
      acceptAll(),
    )
    for (let i = 0; i < 20; i++) open({ listener: at(`192.0.2.1:${i}`) })
    await settle()
    expect([...reasons]).toEqual([['151 more than 1 connections of one address (connectionsPerAddress)', 3]])
  })
})

describe('connect rates', () => {
  it('refuse what comes too often from one address, with 0x9F, or 3 before 5.0', async () => {
    const stack = await limited({ connectRatePerAddress: 2, burst: 2 })
    for (let i = 0; i < 4; i++) expect((await answer(stack, at(`192.0.2.1:${i}`))).code).toBe(0)
    expect(await answer(stack, at('192.0.2.1:5'))).toMatchObject({
      code: 0x9f,
      reason: 'more than 2 connections a second of one address (connectRatePerAddress)',
    })
    expect((await answer(stack, at('192.0.2.1:6'), 4)).code).toBe(3)
    expect((await answer(stack, at('192.0.2.2:1'))).code).toBe(0)
    await stack.advance(500)
    expect((await answer(stack, at('192.0.2.1:7'))).code).toBe(0)
    expect((await answer(stack, at('192.0.2.1:8'))).code).toBe(0x9f)
  })

  it('refuse what comes too often in all, this machine included', async () => {
    const stack = await limited({ connectRate: 1, burst: 2 })
    await stack.client()
    await stack.client()
    expect(await answer(stack, at('192.0.2.1:1'))).toMatchObject({
      code: 0x9f,
      reason: 'more than 1 connections a second (connectRate)',
    })
    await stack.advance(1_000)
    await stack.client()
  })

  it('of one address do not use up what there is for all', async () => {
    const stack = await limited({ connectRate: 3, connectRatePerAddress: 1, burst: 1 })
    for (let i = 0; i < 5; i++) await answer(stack, at(`192.0.2.1:${i}`))
    expect((await answer(stack, at('192.0.2.2:1'))).code).toBe(0)
    expect((await answer(stack, at('192.0.2.3:1'))).code).toBe(0)
    expect((await answer(stack, at('192.0.2.4:1'))).code).toBe(0x9f)
  })
})

it('a flood of connections from many addresses leaves nothing', async () => {
  const clock = new VirtualClock()
  const limits = {
    connections: 0,
    connectionsPerAddress: 1,
    connectRate: 0,
    connectRatePerAddress: 1,
    burst: 1,
  }
  const connections = new Connections(clock, new Exempt('test'))
  connections.limit(limits, new Map(), new Exempt('test'))
  const stack = await testStack({
    clock,
    use: [{ name: 'Counted', install: (client) => connections.add(client) }, acceptAll()],
  })
  for (let i = 0; i < 300; i++) {
    const listener = at(`192.0.${i % 100}.1:${i}`)
    const client = stack.open({ listener })
    await (i % 2 === 0 ? client.drop() : client.stream.destroy())
  }
  await stack.settle()
  expect(stack.stack.clients.size).toBe(0)
  expect(connections.size).toBe(100)
  connections.sweep(1_000)
  expect(connections.size).toBe(0)
})
