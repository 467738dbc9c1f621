/** What rules do not concern a client, or are about other topics, costs nothing: counted in nodes that are looked at. */
import { describe, expect, it } from 'vitest'
import { heapUsed } from '../../../test/rig/young.ts'
import { makeRules } from './read-file.ts'
import { readRule } from './read-rule.ts'
import { Rights } from './rights.ts'
import type { AclRule } from './rule.ts'
import { MOSQUITTOS, RuleSet } from './rule-set.ts'

const subject = {
  user: 'user 7',
  clientId: 'lamp',
  groups: ['group 7'],
  away: false,
  address: '10.0.0.7',
  listener: 'world',
}

const KINDS: readonly (readonly [string, (i: number) => AclRule])[] = [
  ['users', (i) => ({ allow: ['publish', 'subscribe'], topic: 'a/+/c', user: `user ${i}` })],
  ['groups', (i) => ({ allow: ['publish', 'subscribe'], topic: 'a/+/c', group: `group ${i}` })],
  ['clients', (i) => ({ deny: ['publish', 'subscribe'], topic: 'a/+/c', client: `client ${i}` })],
  ['listeners', (i) => ({ deny: ['publish', 'subscribe'], topic: '#', listener: `listener ${i}` })],
  ['addresses', (i) => ({ deny: ['publish'], topic: 'a/#', address: `11.0.${i >> 8}.${i & 255}` })],
  ['topics', (i) => ({ allow: ['publish', 'subscribe'], topic: `a/${i}/c` })],
  ['topics with names', (i) => ({ allow: ['publish', 'subscribe'], topic: `a/b/${i}/%u/#` })],
]

function steps(rules: RuleSet, work: (rights: Rights) => void): number {
  const rights = new Rights(rules, subject)
  const before = rules.steps
  work(rights)
  return rules.steps - before
}

describe.each(KINDS)('10,000 rules for other %s', (_name, rule) => {
  const last: AclRule = { allow: ['publish', 'subscribe'], topic: 'a/7/c' }
  const make = (count: number): RuleSet =>
    makeRules([...Array.from({ length: count }, (_, i) => rule(i)), last], undefined)
  const [few, many] = [make(10), make(10_000)]

  it('cost a publish nothing', () => {
    const publish = (rights: Rights): void => void rights.mayPublish('a/7/c', 1, false)
    expect(steps(many, publish)).toBeLessThanOrEqual(steps(few, publish))
    expect(steps(many, publish)).toBeLessThan(25)
  })

  it('cost a subscription nothing', () => {
    const subscribe = (rights: Rights): void => void rights.subscribe('a/7/c')
    expect(steps(many, subscribe)).toBeLessThanOrEqual(steps(few, subscribe))
  })
})

it('10,000 rules that only deny cost nothing to whoever looks for one that allows', () => {
  const make = (count: number): RuleSet => {
    const rules = Array.from({ length: count }, (_, i): AclRule => ({ deny: 'receive', topic: `a/${i}/c` }))
    return new RuleSet(
      rules.map((rule, i) => readRule(rule, i + 1)),
      MOSQUITTOS,
    )
  }
  const subscribe = (rights: Rights): void => void rights.subscribe('a/#')
  expect(steps(make(10_000), subscribe)).toBe(steps(make(10), subscribe))
})

it('10,000 rules take less than 2,000 bytes each', () => {
  const rules = Array.from(
    { length: 10_000 },
    (_, i): AclRule => ({
      deny: ['publish', 'subscribe'],
      topic: `plant/line ${i}/+/x`,
      user: `u${i % 500}`,
    }),
  )
  const before = heapUsed()
  const made = makeRules(rules, undefined)
  expect((heapUsed() - before) / rules.length).toBeLessThan(2_000)
  expect(made.rules.length).toBe(rules.length)
})

describe('what was decided', () => {
  const rules = makeRules(
    [
      { allow: 'publish', topic: 'a/#' },
      { deny: 'receive', topic: 'b/#' },
    ],
    undefined,
  )

  it('is remembered by topic, QoS and retain', () => {
    const rights = new Rights(rules, subject)
    const ask = (): unknown[] => [
      rights.mayPublish('a/1', 0, false),
      rights.mayPublish('a/1', 2, true),
      rights.mayPublish('b', 1, false),
      rights.mayReceive('a/1'),
      rights.mayReceive('b/1'),
    ]
    const first = ask()
    const { steps } = rules
    expect(ask()).toEqual(first)
    expect(first).toEqual([true, true, false, true, false])
    expect(rules.steps).toBe(steps)
  })

  it('is right for however many topics a client uses, and for long ones', () => {
    const rights = new Rights(rules, subject)
    for (let round = 0; round < 2; round++)
      for (let i = 0; i < 1_000; i++) {
        expect(rights.mayPublish(`a/${i}`, 0, false)).toBe(true)
        expect(rights.mayPublish(`b/${i}`, 0, false)).toBe(false)
        expect(rights.mayReceive(`b/${i}`)).toBe(false)
      }
    expect(rights.mayPublish(`a/${'x'.repeat(1_000)}`, 0, false)).toBe(true)
  })
})
