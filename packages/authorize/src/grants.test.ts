/** Grants are those of their packet, wherever its filters stand besides. */
import type { Pace, QoS, SubscribePacket, Subscription } from '@mqtt-stack/core'
import { ReasonCode } from '@mqtt-stack/core'
import { describe, expect, it } from 'vitest'
import { grantOf, keepGrants, whyRefused } from './grants.ts'

const { NOT_AUTHORIZED } = ReasonCode
const idle = { spent: false } as Pace
const filter = (topic: string): Subscription => ({ topic, qos: 1 })

function packetOf(...subscriptions: Subscription[]): SubscribePacket {
  return { cmd: 'subscribe', packetId: 1, subscriptions }
}

function keep(packet: SubscribePacket, inOrder: (QoS | ReasonCode)[], reason?: string): void {
  expect([...keepGrants(packet, { inOrder, reason }, idle)]).toEqual([])
}

describe('grants of a SUBSCRIBE', () => {
  it('are its own where a handler has put one and the same filter into those of several clients', () => {
    const [shared, other] = [filter('x'), filter('y')]
    const [allowed, denied, mixed] = [packetOf(shared), packetOf(shared), packetOf(other, shared)]
    keep(allowed, [1])
    keep(denied, [NOT_AUTHORIZED], 'a rule')
    keep(mixed, [2, 0])
    for (let i = 0; i < 2; i++) {
      expect(grantOf(denied, shared)).toBe(NOT_AUTHORIZED)
      expect(grantOf(allowed, shared)).toBe(1)
      expect(grantOf(mixed, shared)).toBe(0)
      expect(grantOf(mixed, other)).toBe(2)
    }
    expect([allowed, denied].map((packet) => whyRefused(packet, shared))).toEqual([undefined, 'a rule'])
  })

  it('are none for a filter that is not in it, and for a packet that nobody was asked about', () => {
    const [asked, foreign] = [filter('x'), filter('y')]
    const packet = packetOf(asked)
    keep(packet, [1])
    keep(packetOf(foreign), [1])
    expect(grantOf(packet, foreign)).toBeUndefined()
    expect(grantOf(packet, { ...asked })).toBeUndefined()
    expect(grantOf(packetOf(asked), asked)).toBeUndefined()
  })

  it('are those of the filters that were asked about, where a handler changes their list though it is to be read alone', () => {
    const [secret, open] = [filter('secret'), filter('open')]
    const subscriptions = [secret, open]
    const packet = { ...packetOf(), subscriptions }
    keep(packet, [NOT_AUTHORIZED, 1], 'a rule')
    subscriptions.reverse()
    expect([secret, open].map((one) => grantOf(packet, one))).toEqual([NOT_AUTHORIZED, 1])
    expect([secret, open].map((one) => whyRefused(packet, one))).toEqual(['a rule', undefined])
    subscriptions[0] = filter('another secret')
    expect(grantOf(packet, subscriptions[0])).toBeUndefined()
  })

  it('are those of its first place for a filter that stands twice, whoever had it meanwhile', () => {
    const constant = filter('x')
    const packet = packetOf(constant, constant)
    keep(packet, [NOT_AUTHORIZED, 1], 'a rule')
    expect(grantOf(packet, constant)).toBe(NOT_AUTHORIZED)
    keep(packetOf(filter('y'), constant), [1, 1])
    expect(grantOf(packet, constant)).toBe(NOT_AUTHORIZED)
    expect(whyRefused(packet, constant)).toBe('a rule')
  })

  it('are what was said last, and nothing that is no reason code', () => {
    const packet = packetOf(...['a', 'b', 'c', 'd'].map(filter))
    keep(packet, [NOT_AUTHORIZED, 1, 1, 1], 'a rule')
    keep(packet, [NOT_AUTHORIZED, Number.NaN, 65_536, false as never])
    expect(packet.subscriptions.map((one) => grantOf(packet, one))).toEqual(Array(4).fill(NOT_AUTHORIZED))
    expect(whyRefused(packet, packet.subscriptions[0])).toBeUndefined()
  })

  it('say why the first refused filter was refused, and no other', () => {
    const filters = ['a', 'b', 'c'].map(filter)
    const packet = packetOf(...filters)
    keep(packet, [1, NOT_AUTHORIZED, NOT_AUTHORIZED], 'acl rule 4')
    expect(filters.map((one) => whyRefused(packet, one))).toEqual([undefined, 'acl rule 4', undefined])
  })

  it('of very many filters are noted in turns', () => {
    let rests = 0
    const pace = { spent: true, rest: () => Promise.resolve(void rests++) } as unknown as Pace
    const filters = Array.from({ length: 10_000 }, (_, i) => filter(`${i}`))
    const packet = packetOf(...filters)
    const steps = keepGrants(packet, { inOrder: filters.map(() => 1 as const), reason: undefined }, pace)
    expect([...steps].length).toBe(rests)
    expect(rests).toBeGreaterThan(10)
    expect(filters.map((one) => grantOf(packet, one))).toEqual(filters.map(() => 1))
  })
})
