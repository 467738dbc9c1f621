/** Mosquitto's ACL files mean what they mean to Mosquitto. */
import type { QoS } from '@mqtt-stack/core'
import { describe, expect, it } from 'vitest'
import { makeRules } from './read-file.ts'
import { Rights } from './rights.ts'

const TEXT = `# This affects access control for clients with no username.
topic read $SYS/#

# This only affects clients with username "roger".
user roger
topic foo/bar
topic write out/a b
topic deny foo/bar/secret
topic read foo/bar/#

user mary ann
topic read news/#

user roger
topic readwrite again

# This affects all clients.
pattern write $SYS/broker/connection/%c/state
pattern read sensor/%u/data
pattern deny %u/no
pattern readwrite %u/#
`

function rights(user: string | undefined, clientId = 'lamp', text = TEXT): Rights {
  const subject = { user, clientId, groups: ['staff'], away: false, address: undefined, listener: undefined }
  return new Rights(makeRules([], { path: 'mosquitto.acl', text }), subject)
}

/** `w` and `r`, as far as they are allowed. */
function access(mine: Rights, topic: string, qos: QoS = 2): string {
  const written = mine.mayPublish(topic, qos, true) && mine.publish('will', topic, qos, true).allowed
  return `${written ? 'w' : ''}${mine.mayReceive(topic) ? 'r' : ''}`
}

describe('Mosquitto’s rules', () => {
  it('of a subscription say what is delivered, and what is withheld', () => {
    const why = (filter: string): string => {
      const mine = rights('roger')
      return mine.explain(mine.subscribe(filter), filter)
    }
    expect(why('foo/bar/#')).toBe(
      [
        'acl: no rule denies subscribe foo/bar/#',
        'received by acl rule 5, mosquitto.acl:9: allow receive foo/bar/# user roger',
        'withheld by acl rule 4, mosquitto.acl:8: deny publish,receive foo/bar/secret user roger',
      ].join('; '),
    )
    expect(why('foo/#')).toContain('; nothing else of it')
    expect(why('again')).not.toContain('withheld')
  })

  it.each([
    ['roger', 'foo/bar', 'wr'],
    ['roger', 'foo/bar/x', 'r'],
    // Denied first, wherever it stands.
    ['roger', 'foo/bar/secret', ''],
    ['roger', 'out/a b', 'w'],
    ['roger', 'again', 'wr'],
    ['roger', '$SYS/broker/uptime', ''],
    ['roger', 'roger/x', 'wr'],
    ['roger', 'roger/no', ''],
    ['roger', 'mary ann/x', ''],
    ['roger', 'sensor/roger/data', 'r'],
    ['roger', '$SYS/broker/connection/lamp/state', 'w'],
    ['mary ann', 'news/1', 'r'],
    ['mary ann', 'foo/bar', ''],
    ['mary ann', 'mary ann/x', 'wr'],
    [undefined, '$SYS/broker/uptime', 'r'],
    [undefined, 'foo/bar', ''],
    [undefined, '%u/x', ''],
    ['somebody', 'somebody/x', 'wr'],
    ['somebody', '$SYS/broker/uptime', ''],
  ] as const)('%s and %s: %j', (user, topic, expected) => {
    expect(access(rights(user), topic)).toBe(expected)
  })

  it('whoever may read something of a filter may subscribe to it, and gets what it may read', () => {
    const mine = rights('roger')
    const granted = (filter: string): boolean => mine.subscribe(filter).allowed
    expect(['#', 'foo/#', '+/bar', 'foo/bar/x', 'sensor/+/data', 'roger/#'].map(granted)).toEqual(
      new Array(6).fill(true),
    )
    expect(['foo/bar/secret', 'other/#', 'out/#', '$SYS/#', 'roger/no'].map(granted)).toEqual(
      new Array(5).fill(false),
    )
  })

  it.each(['+', '#', 'a+b', 'x#'])('nobody whose name holds a wildcard meets a pattern: %s', (name) => {
    for (const mine of [rights(name), rights('bob', name), rights(undefined, name)])
      for (const topic of ['bob/x', `${name}/x`, 'any']) expect(access(mine, topic)).toBe('')
    expect(access(rights(name, 'lamp', 'pattern readwrite any'), 'any')).toBe('')
  })

  it.each(['a/b', '/', ''])('no name is more than a level: %j', (name) => {
    expect(access(rights(name), `${name}/x`)).toBe('')
    expect(access(rights('bob', name), `$SYS/broker/connection/${name}/state`)).toBe('')
  })

  it('%g and percent signs are text', () => {
    const mine = rights('bob', 'lamp', 'pattern read a/%g/100%\npattern read %%')
    expect([access(mine, 'a/%g/100%'), access(mine, 'a/staff/100%'), access(mine, '%%')]).toEqual([
      'r',
      '',
      'r',
    ])
  })

  it('names the line', () => {
    const mine = rights('roger')
    expect(
      mine.reason(mine.publish('publish', 'foo/bar/secret', 0, false), 'publish', 'foo/bar/secret'),
    ).toBe('acl rule 4, mosquitto.acl:8: deny publish,receive foo/bar/secret user roger')
  })

  it('a file of a user and nothing else denies all', () => {
    const mine = rights('roger', 'lamp', 'user roger\n')
    expect(access(mine, 'a')).toBe('')
    expect(mine.subscribe('a').allowed).toBe(false)
  })
})
