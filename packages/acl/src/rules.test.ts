/** What rules mean, asked directly. */
import { describe, expect, it } from 'vitest'
import { makeRules } from './read-file.ts'
import { Rights } from './rights.ts'
import type { AclRule } from './rule.ts'
import type { RuleSet } from './rule-set.ts'
import type { Subject } from './subject.ts'

const alice: Subject = {
  user: 'alice',
  clientId: 'lamp',
  groups: ['staff'],
  away: false,
  address: '10.1.2.3',
  listener: 'world',
}

function rights(rules: RuleSet | string, subject: Partial<Subject> = {}): Rights {
  const set = typeof rules === 'string' ? makeRules([], { path: 'rules.acl', text: rules }) : rules
  return new Rights(set, { ...alice, ...subject })
}

const publishes = (rules: string, topic: string, subject?: Partial<Subject>): boolean =>
  rights(rules, subject).mayPublish(topic, 0, false)

describe('a file of rules', () => {
  it.each([[''], ['# nothing\n\n   # here\n']])('that is empty denies all: %j', (text) => {
    const mine = rights(text)
    expect(mine.mayPublish('a', 0, false)).toBe(false)
    expect(mine.publish('will', 'a', 0, false).allowed).toBe(false)
    expect(mine.subscribe('a').allowed).toBe(false)
  })

  it('is read with a BOM, with CRLF, with tabs and blanks around', () => {
    expect(publishes('\uFEFFallow publish a\r\n\t allow \t publish  b \r\n', 'a')).toBe(true)
    expect(publishes('\uFEFFallow publish a\r\n\t allow \t publish  b \r\n', 'b')).toBe(true)
  })

  it('has words with blanks in quotes', () => {
    const text = 'allow publish "a b/\\"c\\"" user "alice cooper"'
    expect(publishes(text, 'a b/"c"', { user: 'alice cooper' })).toBe(true)
    expect(publishes(text, 'a b/"c"')).toBe(false)
  })
})

describe('order', () => {
  it('is first match', () => {
    const text = 'deny publish plant/secret/#\nallow publish plant/#\ndeny publish plant/a'
    expect(publishes(text, 'plant/a')).toBe(true)
    expect(publishes(text, 'plant/secret/a')).toBe(false)
    expect(publishes(text, 'plants')).toBe(false)
  })

  it('holds between rules that are found by different conditions', () => {
    const text =
      'deny publish a group staff\nallow publish a user alice\nallow publish b\ndeny publish b client lamp'
    expect(publishes(text, 'a')).toBe(false)
    expect(publishes(text, 'a', { groups: [] })).toBe(true)
    expect(publishes(text, 'b')).toBe(true)
  })
})

describe('a condition', () => {
  it.each<[string, Partial<Subject>, boolean]>([
    ['user alice', {}, true],
    ['user bob user alice', {}, true],
    ['user bob', {}, false],
    ['user alice', { user: undefined }, false],
    ['group staff', {}, true],
    ['group night group staff', {}, true],
    ['group night', {}, false],
    ['client lamp', {}, true],
    ['client door', {}, false],
    ['listener world', {}, true],
    ['listener house', {}, false],
    ['listener world', { listener: undefined }, false],
    ['address 10.1.2.3', {}, true],
    ['address 10.0.0.0/8', {}, true],
    ['address 10.0.0.0/8', { address: '11.0.0.1' }, false],
    ['address 10.0.0.0/8', { address: undefined }, false],
    ['address 2001:db8::/32', { address: '2001:db8:1::7' }, true],
    ['address 2001:db8::/32', {}, false],
    ['address 0.0.0.0/0', { address: '::1' }, false],
    ['anonymous', {}, false],
    ['anonymous', { user: undefined }, true],
    ['user alice client lamp group staff listener world address 10.0.0.0/8', {}, true],
    ['user alice client door', {}, false],
    ['user alice group night', {}, false],
    ['client lamp listener house', {}, false],
    ['group staff address 192.0.2.0/24', {}, false],
  ])('%s: %o %s', (conditions, subject, allowed) => {
    expect(publishes(`allow publish a ${conditions}`, 'a', subject)).toBe(allowed)
  })

  it('of QoS is the highest', () => {
    const mine = rights('allow publish,subscribe a qos 1\nallow publish b qos 0 retain no')
    expect([0, 1, 2].map((qos) => mine.mayPublish('a', qos as 0, false))).toEqual([true, true, false])
    expect(mine.subscribe('a')).toMatchObject({ allowed: true, qos: 1 })
    expect(mine.mayPublish('b', 0, false)).toBe(true)
    expect(mine.mayPublish('b', 0, true)).toBe(false)
    expect(mine.mayPublish('b', 1, false)).toBe(false)
  })

  it('of retain is about what is retained alone, or what is not', () => {
    const mine = rights('deny publish a retain yes\nallow publish a')
    expect(mine.mayPublish('a', 1, true)).toBe(false)
    expect(mine.mayPublish('a', 1, false)).toBe(true)
  })
})

describe('a will', () => {
  it('is published too, and may have rules of its own', () => {
    const mine = rights('deny will gone/bad\nallow publish gone/#\nallow will last')
    expect(mine.publish('will', 'gone/a', 0, true).allowed).toBe(true)
    expect(mine.publish('will', 'gone/bad', 0, true).allowed).toBe(false)
    expect(mine.mayPublish('gone/bad', 0, true)).toBe(true)
    expect(mine.publish('will', 'last', 0, false).allowed).toBe(true)
    expect(mine.mayPublish('last', 0, false)).toBe(false)
  })
})

describe('names in topics', () => {
  const text =
    'allow publish,subscribe devices/%c/#\nallow publish of-%u-%c/x\nallow publish groups/%g/x\nallow publish 100%%'

  it.each([
    ['devices/lamp/a/b', true],
    ['devices/lamp', true],
    ['devices/door/a', false],
    ['devices/%c/a', false],
    ['of-alice-lamp/x', true],
    ['of-alice-door/x', false],
    ['groups/staff/x', true],
    ['groups/night/x', false],
    ['groups//x', false],
    ['100%', true],
  ])('%s: %s', (topic, allowed) => {
    expect(publishes(text, topic)).toBe(allowed)
  })

  it.each(['+', '#', 'a/b', '/', '', 'a+', '#a', 'lamp/#', '+/+'])('no name widens them: %j', (clientId) => {
    const mine = rights(text, { clientId, user: clientId, groups: [clientId] })
    for (const topic of [
      'devices/lamp/a',
      `devices/${clientId}/a`,
      `groups/${clientId}/x`,
      `of-${clientId}-${clientId}/x`,
    ])
      expect(mine.mayPublish(topic, 0, false)).toBe(false)
    for (const filter of [`devices/${clientId}/#`, 'devices/+/#', 'devices/#', '#', '+/lamp/#'])
      expect(mine.subscribe(filter).allowed).toBe(false)
  })

  it('no name makes a topic one of the broker’s', () => {
    expect(publishes('allow publish %u/a', '$SYS/a', { user: '$SYS' })).toBe(false)
    expect(publishes('allow publish a/%u', 'a/$SYS', { user: '$SYS' })).toBe(true)
    expect(publishes('allow publish $own/%u', '$own/alice')).toBe(true)
  })
})

describe('a subscription', () => {
  const text =
    'deny subscribe plant/+/secret\nallow subscribe plant/#\nallow subscribe house/+/light\nallow subscribe %c/#'

  it.each([
    ['plant/1/open', true],
    ['plant/1/secret', false],
    ['plant/+/secret', false],
    ['plant/1/+', false],
    ['plant/1/#', false],
    ['plant/+/open', true],
    ['plant/#', false],
    ['plant/+', true],
    ['plant', true],
    ['house/1/light', true],
    ['house/+/light', true],
    ['house/+/+', false],
    ['house/#', false],
    ['lamp/#', true],
    ['+/#', false],
    ['#', false],
    ['$SYS/#', false],
  ])('with wildcards is granted where no deny can be read through it: %s %s', (filter, allowed) => {
    expect(rights(text).subscribe(filter).allowed).toBe(allowed)
  })

  it('a deny behind what allows all of it denies nothing', () => {
    expect(rights('allow subscribe plant/#\ndeny subscribe plant/secret').subscribe('plant/#').allowed).toBe(
      true,
    )
  })

  it('wildcards do not reach topics that begin with $', () => {
    const mine = rights('deny subscribe $SYS/#\nallow subscribe #')
    expect(['#', '+/a', 'a'].map((filter) => mine.subscribe(filter).allowed)).toEqual([true, true, true])
    expect(['$SYS/#', '$SYS/a', '$other'].map((filter) => mine.subscribe(filter).allowed)).toEqual([
      false,
      false,
      false,
    ])
  })

  it('is refused where receive lets nothing of it through', () => {
    const mine = rights(
      'allow receive plant/secret/mine\ndeny receive plant/secret/#\nallow subscribe plant/#',
    )
    const asked = ['plant/#', 'plant/secret/#', 'plant/secret/mine', 'plant/secret/+', 'plant/secret/other']
    expect(asked.map((filter) => mine.subscribe(filter).allowed)).toEqual([true, true, true, true, false])
    expect(mine.mayReceive('plant/secret/mine')).toBe(true)
    expect(mine.mayReceive('plant/secret/other')).toBe(false)
    expect(mine.mayReceive('plant/open')).toBe(true)
  })
})

describe('a reason', () => {
  it('names rule, place and topic', () => {
    const rules: AclRule[] = [
      { allow: 'publish', topic: 'a' },
      { deny: ['publish', 'subscribe'], topic: ['x', 'plant/#'], user: 'alice', source: 'broker.yaml:31' },
    ]
    const mine = rights(makeRules(rules, { path: 'rules.acl', text: '\nallow publish c qos 1 retain no' }))
    const reason = (topic: string): string =>
      mine.reason(mine.publish('publish', topic, 0, false), 'publish', topic)
    expect(['a', 'plant/1', 'c', 'd'].map(reason)).toEqual([
      'acl rule 1: allow publish a',
      'acl rule 2, broker.yaml:31: deny publish,subscribe plant/# user alice',
      'acl rule 3, rules.acl:2: allow publish c qos 1 retain no',
      'acl: no rule allows publish d',
    ])
  })
})

describe('a client that is away', () => {
  const away = { away: true, groups: undefined, address: undefined, listener: undefined }

  it('may have what groups, addresses and listeners that nobody knows now would give it', () => {
    const text =
      'deny publish a group banned\ndeny publish b\nallow publish a group staff\nallow publish b group staff\nallow publish c address 10.0.0.0/8\nallow publish d listener x user alice\nallow publish e/%g/f\nallow publish g user bob'
    const mine = rights(text, away)
    const may = (topic: string): boolean => mine.mayPublish(topic, 0, false)
    expect(['a', 'b', 'c', 'd', 'e/x/f', 'g', 'h'].map(may)).toEqual([
      true,
      false,
      true,
      true,
      true,
      false,
      false,
    ])
  })

  it('is not denied by what may not be about it', () => {
    const mine = rights('deny publish x/%g\ndeny subscribe y/%g/#\nallow publish,subscribe #', away)
    expect(mine.mayPublish('x/a', 0, false)).toBe(true)
    expect(mine.subscribe('y/#').allowed).toBe(true)
  })
})
