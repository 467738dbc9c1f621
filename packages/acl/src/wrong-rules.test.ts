/** A bad rule is fatal, and its message names the line and what to write. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Acl } from './acl.ts'
import { makeRules } from './read-file.ts'
import type { AclRule } from './rule.ts'

const errorOf = (work: () => unknown): { code?: string; message?: string } => {
  try {
    work()
  } catch (error) {
    return error as Error
  }
  return {}
}
const ofText = (text: string): string | undefined => {
  const { code, message } = errorOf(() => makeRules([], { path: 'rules.acl', text }))
  expect(code).toBe('FILE_INVALID')
  return message
}

describe('a line that cannot be read', () => {
  it.each([
    [
      'permit publish a',
      'unknown word "permit": a rule begins with allow or deny (a line of Mosquitto with user, topic or pattern)',
    ],
    ['allow', 'a rule has an action and a topic: allow publish a/#'],
    ['deny publish', 'a rule has an action and a topic: deny publish a/#'],
    ['allow write a', 'unknown action "write": publish, subscribe, receive or will'],
    ['allow publish, a', '"action" is a text that is not empty, or a list of them, not ""'],
    [
      'allow publish a/#/b',
      '"a/#/b" is no topic filter: "#" stands alone in the last level, "+" alone in its level',
    ],
    [
      'allow publish a/b+',
      '"a/b+" is no topic filter: "#" stands alone in the last level, "+" alone in its level',
    ],
    [
      'allow subscribe $share/g/a',
      '"$share/g/a": leave "$share/group/" out: a rule is about topics, and holds for shares of them too',
    ],
    ['allow publish a/%d', '"%d" in "a/%d": %u, %c and %g stand for names, and %% for a percent sign'],
    ['allow publish 100%', '"%" in "100%": %u, %c and %g stand for names, and %% for a percent sign'],
    [`allow publish ${'a/'.repeat(200)}b`, `"${'a/'.repeat(200)}b" has more than 128 levels`],
    [
      'allow publish a usr alice',
      'unknown condition "usr": user, group, client, address, listener, anonymous, qos or retain',
    ],
    ['allow publish a user', '"user" needs a value behind it'],
    ['allow publish a qos', '"qos" needs a value behind it'],
    ['allow publish a user ""', '"user" is a text that is not empty, or a list of them, not ""'],
    ['allow publish a qos 3', '"qos" is 0, 1 or 2, not 3'],
    ['allow publish a qos high', '"qos" is 0, 1 or 2, not "high"'],
    ['deny publish a qos 1', '"qos" is the highest that a rule allows: leave it out of "deny"'],
    [
      'allow receive a qos 1',
      '"qos" is not for "receive": what a subscription is granted says how its messages come',
    ],
    ['allow publish a retain maybe', '"retain" is yes or no, not "maybe"'],
    [
      'allow publish,subscribe a retain no',
      '"retain" is for "publish" and "will": put the other actions into a rule of their own',
    ],
    [
      'allow publish a address 10.0.0.0/33',
      '"10.0.0.0/33" is no address: write one as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32',
    ],
    [
      'allow publish a address localhost',
      '"localhost" is no address: write one as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32',
    ],
    ['allow publish a anonymous user bob', 'a rule for "anonymous" clients names no "user": they have none'],
    ['allow publish "a b', '"a: a word in quotes ends with a quote, and \\ stands before " and \\ in it'],
  ])('%s', (line, what) => {
    const message = ofText(`# rules\n\nallow publish fine\n${line}\nallow publish #`)
    expect(message).toBe(`acl: rules.acl:4: ${what}`)
  })

  it.each([
    ['subject alice', 'unknown word "subject": a line of Mosquitto begins with user, topic or pattern'],
    ['user', '"user" needs a name behind it'],
    ['topic', 'a topic is missing: topic read a/#'],
    ['pattern ', 'a topic is missing: pattern read a/#'],
    ['topic all a/b', 'unknown access "all": read, write, readwrite or deny'],
    [
      'topic read a/#/b',
      '"a/#/b" is no topic filter: "#" stands alone in the last level, "+" alone in its level',
    ],
  ])('of Mosquitto: %s', (line, what) => {
    expect(ofText(`# rules\ntopic fine\n${line}\n`)).toBe(`acl: rules.acl:3: ${what}`)
  })

  it('is one of the other kind', () => {
    expect(ofText('topic read a\nallow publish b')).toBe(
      'acl: rules.acl: rules of Mosquitto (rules.acl:1) and of ours (rules.acl:2) do not go into one file: their order has different meanings',
    )
    const both = errorOf(() =>
      makeRules([{ allow: 'publish', topic: 'a' }], { path: 'm.acl', text: 'topic a' }),
    )
    expect(both.message).toBe(
      'acl: m.acl: a file of Mosquitto stands alone: its order has another meaning; leave the rules out, or write the file in our lines',
    )
  })
})

describe('a rule that cannot be read', () => {
  it.each([
    ['nothing', null, 'a rule is an object, as { allow: "publish", topic: "a/#" }, not null'],
    ['a text', 'allow', 'a rule is an object, as { allow: "publish", topic: "a/#" }, not "allow"'],
    [
      'an unknown key',
      { allow: 'publish', topic: 'a', users: 'bob' },
      'unknown key "users" (known: allow, deny, topic, user, group, client, address, listener, anonymous, qos, retain, source)',
    ],
    ['neither allow nor deny', { topic: 'a' }, 'a rule has either "allow" or "deny"'],
    ['both', { allow: 'publish', deny: 'will', topic: 'a' }, 'a rule has either "allow" or "deny"'],
    ['no topic', { allow: 'publish' }, '"topic" is missing'],
    ['no action', { allow: [], topic: 'a' }, '"action" is missing'],
    [
      'a number for a name',
      { allow: 'publish', topic: 'a', user: 7 },
      '"user" is a text that is not empty, or a list of them, not 7',
    ],
    ['a text for a truth', { allow: 'publish', topic: 'a', retain: 'no' }, '"retain" is true or false'],
    ['a text for a truth', { allow: 'publish', topic: 'a', anonymous: 'no' }, '"anonymous" is true or false'],
  ])('%s', (_name, rule, what) => {
    const rules = [{ allow: 'publish', topic: 'a' }, rule] as unknown as AclRule[]
    expect(errorOf(() => new Acl({ rules })).message).toBe(`acl: rule 2: ${what}`)
  })

  it('names where it comes from', () => {
    const rules: AclRule[] = [{ allow: 'publish', topic: 'a#', source: 'broker.yaml:31' }]
    expect(errorOf(() => new Acl({ rules })).message).toBe(
      'acl: broker.yaml:31: "a#" is no topic filter: "#" stands alone in the last level, "+" alone in its level',
    )
  })

  it('what is no list', () => {
    expect(errorOf(() => new Acl({ rules: 'a' as never })).message).toBe(
      'acl: rules: a list of rules is wanted, not "a"',
    )
  })
})

describe('a file that cannot be read', () => {
  it('says why', () => {
    const folder = mkdtempSync(join(tmpdir(), 'acl-'))
    const missing = join(folder, 'none.acl')
    const binary = join(folder, 'binary.acl')
    writeFileSync(binary, Buffer.from([0xff, 0xfe, 0x00]))
    expect(errorOf(() => new Acl({ file: missing })).message).toBe(
      `acl: cannot read ${missing}: there is no such file: name a readable file of rules`,
    )
    expect(errorOf(() => new Acl({ file: folder })).message).toBe(
      `acl: cannot read ${folder}: it is a folder: name a readable file of rules`,
    )
    expect(errorOf(() => new Acl({ file: binary })).message).toBe(
      `acl: cannot read ${binary}: it is not UTF-8: name a readable file of rules`,
    )
    rmSync(folder, { recursive: true })
  })
})
