/** Grants are those of their packet, wherever its filters stand besides. */
import type { SubscribePacket, Subscription } from '@mqtt-stack/core'
import { ReasonCode } from '@mqtt-stack/core'
import { describe, expect, it } from 'vitest'
import { grantOf, keepGrants, whyRefused } from './grants.ts'

const filter = (topic: string): Subscription => ({ topic, qos: 1 })

function packetOf(...subscriptions: Subscription[]): SubscribePacket {
  return { cmd: 'subscribe', packetId: 1, subscriptions }
}

describe('grants of a SUBSCRIBE', () => {
  it('are its own where a handler has put one and the same filter into those of several clients', () => {
    const [shared, other] = [filter('x'), filter('y')]
    const [allowed, denied, mixed] = [packetOf(shared), packetOf(shared), packetOf(other, shared)]
    keepGrants(allowed, { inOrder: [1], reason: undefined })
    keepGrants(denied, { inOrder: [ReasonCode.NOT_AUTHORIZED], reason: 'a rule' })
    keepGrants(mixed, { inOrder: [2, 0], reason: undefined })
    for (let i = 0; i < 2; i++) {
      expect(grantOf(denied, shared)).toBe(ReasonCode.NOT_AUTHORIZED)
      expect(grantOf(allowed, shared)).toBe(1)
      expect(grantOf(mixed, shared)).toBe(0)
      expect(grantOf(mixed, other)).toBe(2)
    }
    expect([allowed, denied].map((packet) => whyRefused(packet, shared))).toEqual([undefined, 'a rule'])
  })

  it('are none for a filter that is not in it, and for a packet that nobody was asked about', () => {
    const [asked, foreign] = [filter('x'), filter('y')]
    const packet = packetOf(asked)
    keepGrants(packet, { inOrder: [1], reason: undefined })
    keepGrants(packetOf(foreign), { inOrder: [1], reason: undefined })
    expect(grantOf(packet, foreign)).toBeUndefined()
    expect(grantOf(packet, { ...asked })).toBeUndefined()
    expect(grantOf(packetOf(asked), asked)).toBeUndefined()
  })

  it('say why the first refused filter was refused, and no other', () => {
    const filters = ['a', 'b', 'c'].map(filter)
    const packet = packetOf(...filters)
    const { NOT_AUTHORIZED } = ReasonCode
    keepGrants(packet, { inOrder: [1, NOT_AUTHORIZED, NOT_AUTHORIZED], reason: 'acl rule 4' })
    expect(filters.map((one) => whyRefused(packet, one))).toEqual([undefined, 'acl rule 4', undefined])
  })
})
