/** Rules of a file that are listed and changed while the broker runs. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RuleChange, RuleList } from '@mqtt-stack/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import type { AclRule } from './index.ts'
import { Acl } from './index.ts'

const provider = 'Acl'
const TEXT = `# Who may do what.

# Everybody reads.
allow subscribe #
# Alice writes.
allow publish plant/# user alice
# The end.
`

interface Setup extends Broker5 {
  readonly acl: Acl
  readonly path: string
  text(): string
  list(limit?: number, after?: number): Promise<RuleList>
  store(asked: { text?: string; place?: number; to?: number; version?: string }): Promise<RuleChange>
  remove(place: number, version?: string): Promise<RuleChange>
  /** Watching a file is real: its reading takes turns that no clock of the test’s counts. */
  until(isSo: () => boolean): Promise<void>
}

async function setup(text: string | undefined, rules?: AclRule[]): Promise<Setup> {
  const folder = mkdtempSync(join(tmpdir(), 'acl-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'rules.acl')
  if (text !== undefined) writeFileSync(path, text)
  const acl = new Acl({ ...(rules !== undefined && { rules }), ...(text !== undefined && { file: path }) })
  const rig = broker5({ use: [{ middleware: acl, after: 'authentication' }] })
  await rig.broker.start()
  const call = rig.broker.stack.call.bind(rig.broker.stack)
  const list = async (limit = 100, after = 0): Promise<RuleList> => {
    const [found] = await call('lookupRules', { limit, after })
    return found as RuleList
  }
  const versionNow = async (): Promise<string> => (await list(0)).version
  return Object.assign(rig, {
    acl,
    path,
    list,
    text: () => readFileSync(path, 'utf8'),
    store: async (asked: object) => call('storeRule', { provider, version: await versionNow(), ...asked }),
    async until(isSo: () => boolean) {
      for (let i = 0; i < 1_000 && !isSo(); i++) {
        await rig.clock.advance(1_000)
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(isSo()).toBe(true)
    },
    remove: async (place: number, version?: string) =>
      call('removeRule', { provider, place, version: version ?? (await versionNow()) }),
  })
}

describe('rules are listed', () => {
  it('with their place, words and source, in pages, those of the option first', async () => {
    const { list, path } = await setup(TEXT, [
      { deny: ['publish', 'subscribe'], topic: ['a b', 'c'], group: 'guests' },
    ])
    expect(await list(2)).toEqual({
      provider,
      version: expect.stringMatching(/^[\w-]{22}$/),
      count: 3,
      readOnly: undefined,
      rules: [
        { place: 1, text: 'deny publish,subscribe "a b" c group guests', source: undefined, writable: false },
        { place: 2, text: 'allow subscribe #', source: `${path}:4`, writable: true },
      ],
    })
    expect((await list(2, 2)).rules).toEqual([
      { place: 3, text: 'allow publish plant/# user alice', source: `${path}:6`, writable: true },
    ])
  })

  it('of whom it is asked for alone', async () => {
    const { broker } = await setup(TEXT)
    expect(await broker.stack.call('lookupRules', { limit: 9, provider: 'Other' })).toEqual([])
    expect(await broker.stack.call('storeRule', { provider: 'Other', version: '' })).toEqual({})
    expect(await broker.stack.call('removeRule', { provider: 'Other', version: '', place: 1 })).toEqual({})
  })
})

describe('rules are changed', () => {
  it('added at the end or at a place, changed, moved with their comments, and removed without them', async () => {
    const { store, remove, text, list } = await setup(TEXT)
    expect(await store({ text: ' allow publish bob/# user bob ' })).toMatchObject({
      outcome: 'changed',
      place: 3,
    })
    expect(text()).toBe(`${TEXT}allow publish bob/# user bob\n`)
    expect(await store({ text: 'deny publish x', to: 1 })).toMatchObject({ outcome: 'changed', place: 1 })
    expect(text()).toBe(
      `${TEXT.replace('# Everybody', 'deny publish x\n# Everybody')}allow publish bob/# user bob\n`,
    )
    expect(await store({ place: 2, text: 'allow subscribe public/#' })).toMatchObject({ place: 2 })
    expect(await store({ place: 3, to: 1 })).toMatchObject({ outcome: 'changed', place: 1 })
    expect(await store({ place: 2, to: 4, text: 'deny publish y' })).toMatchObject({ place: 4 })
    expect(text()).toBe(`# Who may do what.

# Alice writes.
allow publish plant/# user alice
# Everybody reads.
allow subscribe public/#
# The end.
allow publish bob/# user bob
deny publish y
`)
    const { outcome, version } = await remove(2)
    expect(outcome).toBe('changed')
    expect(text()).toMatch(/^# Everybody reads\.\n# The end\.\nallow publish bob/m)
    const now = await list()
    expect(now.version).toBe(version)
    expect(now.rules.map((rule) => rule.text)).toEqual([
      'allow publish plant/# user alice',
      'allow publish bob/# user bob',
      'deny publish y',
    ])
  })

  it('which holds at once, keeps the rights of the file, and asks again about what is subscribed', async () => {
    const { broker, client, remove, path, seconds, text } = await setup(TEXT)
    const mode = statSync(path).mode & 0o770
    const joe = await client({ clientId: 'joe' })
    await joe.subscribe('plant/a')
    await remove(1)
    await seconds(0)
    expect(await broker.stack.call('lookupSubscriptions', { clientId: 'joe' })).toEqual([])
    expect((await joe.subscribe('plant/a')).granted).toEqual([0x87])
    expect([text().includes('allow subscribe'), statSync(path).mode & 0o770]).toEqual([false, mode])
  })

  it('once: the watch takes them for no further change, and sees the next one', async () => {
    const { store, logger, until, path } = await setup(TEXT)
    const reloads = (): number => logger.events('acl.reloaded').length
    await store({ text: 'deny publish x' })
    expect(reloads()).toBe(1)
    let looks = 0
    await until(() => looks++ > 20)
    expect(reloads()).toBe(1)
    writeFileSync(path, TEXT)
    await until(() => reloads() === 2)
  })

  it('in a file of Windows and with a byte order mark', async () => {
    const { store, text } = await setup('\uFEFF# ours\r\nallow publish a\r\n')
    await store({ text: 'deny publish b', to: 1 })
    expect(text()).toBe('\uFEFFdeny publish b\r\n# ours\r\nallow publish a\r\n')
  })
})

describe('nothing is changed', () => {
  it('by whoever has seen other rules: of two writers one is told to look again', async () => {
    const { store, list, text } = await setup(TEXT)
    const { version } = await list(0)
    const [one, other] = await Promise.all([
      store({ text: 'deny publish one', version }),
      store({ text: 'deny publish other', version }),
    ])
    expect(one.outcome).toBe('changed')
    expect(other).toEqual({
      outcome: 'stale',
      reason: 'the rules have changed since: look at them again',
      version: one.version,
    })
    expect(text()).toBe(`${TEXT}deny publish one\n`)
  })

  it('over what somebody else has written', async () => {
    const { store, path, text, list, until, logger } = await setup(TEXT)
    const edited = `${TEXT}allow publish by/hand\n`
    writeFileSync(path, edited)
    expect(await store({ text: 'deny publish x' })).toMatchObject({
      outcome: 'stale',
      reason: `${path} has changed since: it is read again within seconds; look at the rules again then`,
    })
    expect(text()).toBe(edited)
    await until(() => logger.events('acl.reloaded').length > 0)
    expect((await list()).count).toBe(3)
    expect(await store({ text: 'deny publish x' })).toMatchObject({ outcome: 'changed', place: 4 })
  })

  it('over a broken file: what is wrong with it is said, and what was in force stays so', async () => {
    const { store, path, text, list } = await setup(TEXT)
    writeFileSync(path, `${TEXT}alow publish a\n`)
    const message = `acl: ${path}:8: unknown word "alow": a rule begins with allow or deny (a line of Mosquitto with user, topic or pattern)`
    await expect(store({ text: 'deny publish x' })).rejects.toThrow(
      expect.objectContaining({ code: 'FILE_INVALID', message }),
    )
    expect([text(), (await list()).count]).toEqual([`${TEXT}alow publish a\n`, 2])
  })

  it.each([
    [
      'allow write a',
      'FILE_INVALID',
      'acl: PATH:8: unknown action "write": publish, subscribe, receive or will',
    ],
    [
      'allow publish a/#/b',
      'FILE_INVALID',
      'acl: PATH:8: "a/#/b" is no topic filter: "#" stands alone in the last level, "+" alone in its level',
    ],
    ['allow publish', 'FILE_INVALID', 'acl: PATH:8: a rule has an action and a topic: allow publish a/#'],
    ['user joe', 'OPTION_INVALID', 'acl: the rule: it begins with allow or deny, as in: allow publish a/#'],
    ['', 'OPTION_INVALID', 'acl: the rule: it begins with allow or deny, as in: allow publish a/#'],
    [
      'deny publish a\nallow publish b',
      'OPTION_INVALID',
      'acl: the rule: it is one line, without control characters',
    ],
  ])('by what is no rule: %s', async (rule, code, text) => {
    const { store, path, text: now } = await setup(TEXT)
    const message = text.replace('PATH', path)
    await expect(store({ text: rule })).rejects.toThrow(expect.objectContaining({ code, message }))
    expect(now()).toBe(TEXT)
  })

  it('where nothing is said', async () => {
    const { store } = await setup(TEXT)
    await expect(store({})).rejects.toThrow('acl: the rule: say how it is to be: allow publish a/#')
    await expect(store({ place: 1 })).rejects.toThrow('acl: the rule: say how it is to be, or where')
  })

  it('so that no rule is left', async () => {
    const { remove, path } = await setup('allow publish a\n')
    await expect(remove(1)).rejects.toThrow(
      `acl: ${path} holds no rule any more: to deny all, write "deny publish,subscribe #"`,
    )
  })

  it('at places that there are not, or that are of the option', async () => {
    const { store, remove } = await setup(TEXT, [{ allow: 'publish', topic: 'own' }])
    const why = async (change: Promise<RuleChange>): Promise<unknown> => {
      const { outcome, reason } = await change
      return [outcome, reason]
    }
    const none = 'there is no place 4: places are 1 to 3'
    expect(await why(remove(4))).toEqual(['missing', none])
    expect(await why(store({ place: 4, text: 'deny publish a' }))).toEqual(['missing', none])
    expect(await why(store({ place: 3, to: 4 }))).toEqual(['missing', none])
    expect(await why(remove(0))).toEqual(['missing', 'there is no place 0: places are 1 to 3'])
    const own = 'rule 1 is of the option "rules", not of the file: change it there'
    expect(await why(remove(1))).toEqual(['read-only', own])
    expect(await why(store({ to: 1, text: 'deny publish a' }))).toEqual([
      'read-only',
      'the rules of the option "rules" come first: a rule of the file can be at 2 to 4',
    ])
  })

  it('where there is no file, or it is one of Mosquitto', async () => {
    const code = await setup(undefined, [{ allow: 'publish', topic: 'own' }])
    const { readOnly, rules } = await code.list()
    expect([readOnly, rules[0]?.writable]).toEqual([
      'these rules are of a configuration or of code: change them there, or have rules in a file of their own (option "file")',
      false,
    ])
    expect(await code.remove(1)).toMatchObject({ outcome: 'read-only', reason: readOnly })
    const theirs = await setup('user joe\ntopic read a/#\n')
    expect(await theirs.store({ text: 'allow publish a' })).toMatchObject({
      outcome: 'read-only',
      reason: `${theirs.path} is a file of Mosquitto, whose order has another meaning: change it with an editor, and it is read again`,
    })
    expect((await theirs.list()).rules).toMatchObject([
      { text: 'allow receive a/# user joe', writable: false },
    ])
  })
})
