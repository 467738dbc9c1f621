/** Rules that change while the broker runs: what earlier ones allowed is asked about again, on every backend. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MiddlewareLike } from '@mqtt-stack/core'
import { subscribeProcess } from '@mqtt-stack/core'
import type { Change, Entry, KeyRange, OrderedStore } from '@mqtt-stack/core/backend'
import type { TestClient } from '@mqtt-stack/testing'
import { MemoryStore, settle } from '@mqtt-stack/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import type { DefaultStack, DefaultStackOptions } from '../../../test/rig/default-stack.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'
import { StoredBackend } from '../../../test/rig/stored-backend.ts'
import { Acl } from './acl.ts'
import type { AclRule } from './rule.ts'

const ALL: AclRule = { allow: ['publish', 'subscribe'], topic: '#' }

async function setup(
  rules: AclRule[],
  options: DefaultStackOptions = {},
): Promise<DefaultStack & { readonly acl: Acl }> {
  const acl = new Acl({ rules })
  return Object.assign(await defaultStack({ rules: acl, ...options }), { acl })
}

const payloads = ({ received }: TestClient): string[] =>
  received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.payload.toString()] : []))

/** Everybody is in the groups of its user name, as `alice:staff,night`. */
const users = (groups: Record<string, readonly string[]>): MiddlewareLike => ({
  name: 'Users',
  authenticateConnection({ username }, store) {
    store.valid = true
    store.groups = groups[username ?? ''] ?? []
  },
})

describe.each(BACKENDS)('rules that change, with %s', (_name, backend) => {
  const options = (): DefaultStackOptions => ({ backend: backend() })

  it('[CVE-2021-34434] end subscriptions, of clients that are connected and away, and what waits because of them', async () => {
    const { acl, client, settle, stack } = await setup([ALL], options())
    const live = await client({ clientId: 'live', username: 'joe' })
    await live.subscribe(['secret/+', '#', 'open'], { qos: 1 })
    const away = await client({ clientId: 'away', username: 'joe', clean: false })
    await away.subscribe(['secret/a', '$share/g/secret/a', '#', 'open'], { qos: 2 })
    await away.drop()
    const jane = await client({ clientId: 'jane', username: 'jane', clean: false })
    await jane.subscribe('#', { qos: 2 })
    await jane.drop()
    const alice = await client({ clientId: 'alice', username: 'alice' })
    for (const topic of ['secret/a', 'open']) await alice.publish(topic, topic, { qos: 1 })
    await settle()
    expect(payloads(live)).toEqual(['secret/a', 'open'])
    const revoked = await acl.replace([{ deny: 'subscribe', topic: 'secret/#', user: 'joe' }, ALL])
    expect(revoked).toEqual({ subscriptions: 5, regranted: 0, waiting: 2, retained: 0, wills: 0 })
    for (const topic of ['secret/a', 'open']) await alice.publish(topic, `${topic} 2`, { qos: 1 })
    await settle()
    expect(payloads(live)).toEqual(['secret/a', 'open', 'open 2'])
    for (const [clientId, username, expected] of [
      ['away', 'joe', ['open', 'open 2']],
      ['jane', 'jane', ['secret/a', 'open', 'secret/a 2', 'open 2']],
    ] as const) {
      const back = await client({ clientId, username, clean: false })
      await settle()
      expect(payloads(back)).toEqual(expected)
    }
    const left = await stack.call('lookupSubscriptions', { clientId: 'live' })
    expect(left.map(({ topic }) => topic)).toEqual(['open'])
  })

  it('count for the next message, and so do other names and groups of its author', async () => {
    const rules: AclRule[] = [
      { allow: 'publish', topic: 'a', group: 'staff' },
      { allow: 'publish', topic: 'a', user: 'jane' },
      { allow: 'subscribe', topic: '#' },
    ]
    const { acl, client, settle, stack } = await setup(rules, {
      ...options(),
      users: users({ joe: ['staff'] }),
    })
    const reader = await client({ clientId: 'reader' })
    await reader.subscribe('#', { qos: 1 })
    const joe = await client({ clientId: 'joe', username: 'joe' })
    const { session } = [...stack.clients].find(({ id }) => id === 'joe')!
    const delivered = async (): Promise<number> => {
      const before = payloads(reader).length
      for (const payload of ['1', '2']) await joe.publish('a', payload, { qos: 1 })
      await settle()
      return payloads(reader).length - before
    }
    const { identity } = session
    expect(await delivered()).toBe(2)
    session.groups = []
    expect(await delivered()).toBe(0)
    session.identity = 'jane'
    expect(await delivered()).toBe(2)
    session.identity = identity
    expect(await delivered()).toBe(0)
    session.groups = ['staff']
    expect(await delivered()).toBe(2)
    await acl.replace([{ deny: 'publish', topic: 'a' }, ...rules])
    expect(await delivered()).toBe(0)
    await acl.replace(rules)
    expect(await delivered()).toBe(2)
  })

  it('[CVE-2018-12546] take away what an author has left who may publish no more: messages, retained ones and wills', async () => {
    const { acl, client, settle, seconds, open } = await withSeconds(await setup([ALL], options()))
    const reader = await client({ clientId: 'reader', clean: false })
    await reader.subscribe('#', { qos: 1 })
    await reader.drop()
    const will = { topic: 'gone', payload: Buffer.from('will of mallory'), qos: 1, retain: false } as const
    const mallory = await client({ clientId: 'm', username: 'mallory', will })
    const alice = await client({ clientId: 'a', username: 'alice' })
    for (const one of [mallory, alice]) {
      const name = one === mallory ? 'mallory' : 'alice'
      await one.publish(`from/${name}`, name, { qos: 1, retain: true })
      await one.publish('from/any', name, { qos: 1 })
    }
    const delayed = open({ clientId: 'd', protocolVersion: 5 })
    const late = { ...will, properties: { willDelayInterval: 10 } }
    await delayed.connect({ username: 'mallory', will: late, properties: { sessionExpiryInterval: 60 } })
    await delayed.drop()
    await settle()
    const revoked = await acl.replace([{ deny: 'publish', topic: '#', user: 'mallory' }, ALL])
    expect(revoked).toEqual({ subscriptions: 0, regranted: 0, waiting: 2, retained: 1, wills: 2 })
    await mallory.drop()
    await seconds(12)
    const back = await client({ clientId: 'reader', clean: false })
    await settle()
    expect(payloads(back)).toEqual(['alice', 'alice'])
    const fresh = await client({ clientId: 'fresh' })
    await fresh.subscribe('#')
    await settle()
    expect(payloads(fresh)).toEqual(['alice'])
  })

  it('leave what groups allow that are not known now, and ask again when the client is back', async () => {
    const groups: Record<string, readonly string[]> = { joe: ['staff'] }
    const rules: AclRule[] = [
      { allow: 'subscribe', topic: 'secret/#', group: 'staff' },
      { allow: 'subscribe', topic: 'open' },
      { allow: 'publish', topic: '#' },
    ]
    const { acl, client, settle } = await setup(rules, { ...options(), users: users(groups) })
    const joe = await client({ clientId: 'joe', username: 'joe', clean: false })
    await joe.subscribe(['secret/#', 'open'], { qos: 1 })
    await joe.drop()
    const alice = await client({ clientId: 'alice', username: 'alice' })
    await alice.publish('secret/a', 'secret', { qos: 1 })
    await alice.publish('open', 'open', { qos: 1 })
    expect(await acl.replace([...rules])).toMatchObject({ subscriptions: 0 })
    groups.joe = []
    const back = await client({ clientId: 'joe', username: 'joe', clean: false })
    await settle()
    await alice.publish('secret/a', 'secret', { qos: 1 })
    await settle()
    expect(payloads(back)).toEqual(['open'])
    expect(acl.sendMessage).toBeUndefined()
  })

  it('hold for a subscription that is just being made', async () => {
    const { acl, client, settle, stack } = await setup([ALL], options())
    const joe = await client({ clientId: 'joe', clean: false })
    const granted = joe.subscribe('secret', { qos: 1 })
    await Promise.resolve()
    await acl.replace([{ allow: ['publish', 'subscribe'], topic: 'open' }])
    await granted
    await settle()
    expect(await stack.call('lookupSubscriptions', { clientId: 'joe' })).toEqual([])
  })
})

/** Time that goes by in steps, so that what is late answers. */
async function withSeconds<T extends DefaultStack>(
  test: T,
): Promise<T & { seconds(n: number): Promise<void> }> {
  const seconds = async (n: number): Promise<void> => {
    for (let i = 0; i < n; i++) await test.advance(1_000)
    await test.settle()
  }
  return Object.assign(test, { seconds })
}

describe('rules that change', () => {
  it('are in force at once: deliveries are asked about while subscriptions are being ended', async () => {
    const { acl, client, settle, stack } = await setup([ALL])
    const joe = await client({ clientId: 'joe' })
    await joe.subscribe('#')
    const alice = await client({ clientId: 'alice' })
    const replaced = acl.replace([{ allow: ['publish', 'subscribe'], topic: 'open/#' }])
    expect(stack.answers('sendMessage')).toBe(true)
    await alice.publish('secret', 'no')
    await alice.publish('open/a', 'yes')
    await replaced
    await settle()
    expect(payloads(joe).filter((one) => one === 'no')).toEqual([])
    expect(stack.answers('sendMessage')).toBe(false)
  })

  it('that are wrong change nothing', async () => {
    const { acl, client } = await setup([ALL])
    const wrong = [{ allow: 'publish', topic: 'a#' }] as AclRule[]
    await expect(acl.replace(wrong)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    await expect(acl.replace({ rule: [ALL] } as object)).rejects.toMatchObject({ code: 'OPTION_UNKNOWN' })
    await expect(acl.replace({ file: '/none/at/all' })).rejects.toMatchObject({ code: 'FILE_INVALID' })
    expect((await (await client()).subscribe('x')).granted).toEqual([0])
  })

  it('before the start are those that it starts with', async () => {
    const acl = new Acl()
    expect(await acl.replace([ALL])).toEqual({
      subscriptions: 0,
      regranted: 0,
      waiting: 0,
      retained: 0,
      wills: 0,
    })
    const { client, logger } = await defaultStack({ rules: acl })
    expect((await (await client()).subscribe('x')).granted).toEqual([0])
    expect(logger.warnings).toEqual([])
  })

  it('several times at once end as the last', async () => {
    const { acl, client, stack } = await setup([ALL])
    const joe = await client({ clientId: 'joe' })
    await joe.subscribe(['a', 'b', 'c'])
    const allow = (topic: string): AclRule[] => [{ allow: 'subscribe', topic }]
    await Promise.all([acl.replace(allow('a')), acl.replace(allow('b')), acl.replace(allow('c'))])
    const left = await stack.call('lookupSubscriptions', { clientId: 'joe' })
    expect(left.map(({ topic }) => topic)).toEqual(['c'])
  })

  it('leave wills that were published by a right of their own', async () => {
    const { acl, client, settle, drops } = await setup([{ allow: 'will', topic: 'gone/%u' }, ALL])
    const will = { topic: 'gone/joe', payload: Buffer.from('bye'), qos: 1, retain: true } as const
    const joe = await client({ username: 'joe', will })
    await joe.drop()
    await settle()
    const revoked = await acl.replace([{ allow: 'will', topic: 'gone/%u' }])
    expect(revoked).toMatchObject({ retained: 0 })
    expect(drops).toEqual([])
  })
})

describe('other rules after a restart', () => {
  it('[CVE-2018-12546] end subscriptions, and take retained messages and wills away', async () => {
    const store = new MemoryStore()
    const first = await setup([ALL], { backend: new StoredBackend(undefined, store) })
    const joe = await first.client({ clientId: 'joe', username: 'joe', clean: false })
    await joe.subscribe(['secret', 'open'], { qos: 1 })
    await joe.drop()
    const mallory = first.open({ clientId: 'm', protocolVersion: 5 })
    const properties = { willDelayInterval: 60 }
    const will = { topic: 'gone', payload: Buffer.from('will'), qos: 1, retain: false, properties } as const
    await mallory.connect({ username: 'mallory', will, properties: { sessionExpiryInterval: 600 } })
    await mallory.publish('kept', 'evil', { qos: 1, retain: true })
    await mallory.drop()
    const alice = await first.client({ clientId: 'alice', username: 'alice' })
    await alice.publish('fine', 'good', { qos: 1, retain: true })
    const nobody = await first.client({ clientId: 'nobody' })
    await nobody.publish('old', 'older than the rules', { qos: 1, retain: true })
    await alice.publish('secret', 'secret', { qos: 1 })
    await first.stop()

    const rules: AclRule[] = [
      { deny: 'publish', topic: '#', user: 'mallory' },
      { deny: 'publish', topic: '#', anonymous: true },
      { deny: 'subscribe', topic: 'secret', user: 'joe' },
      ALL,
    ]
    const again = await setup(rules, { backend: new StoredBackend(undefined, store) })
    await again.settle()
    const left = await again.stack.call('lookupSubscriptions', { clientId: 'joe' })
    expect(left.map(({ topic }) => topic)).toEqual(['open'])
    const reader = await again.client({ clientId: 'reader', keepalive: 0 })
    await reader.subscribe('#')
    await again.advance(61_000)
    expect(payloads(reader).toSorted()).toEqual(['good', 'older than the rules'])
    const back = await again.client({ clientId: 'joe', username: 'joe', clean: false, keepalive: 0 })
    await again.settle()
    expect(payloads(back)).toEqual([])
  })
})

/** Reads are answered with what there was when they began, and as late as a test likes; so are those of a busy disk. */
class LateReads implements OrderedStore {
  readonly #store = new MemoryStore()
  /** Where reads are held, those that wait. */
  #held: (() => void)[] | undefined

  hold(): void {
    this.#held = []
  }

  /** Answers the first so many of those that wait; without a number all, and holds no more. */
  go(count?: number): void {
    const waiting = this.#held ?? []
    if (count === undefined) this.#held = undefined
    for (const go of waiting.splice(0, count ?? waiting.length)) go()
  }

  open(): void {
    this.#store.open()
  }

  close(): void {}

  write(batch: readonly Change[]): Promise<void> {
    return this.#store.write(batch)
  }

  read(range: KeyRange, limit: number): readonly Entry[] | Promise<readonly Entry[]> {
    const entries = this.#store.read(range, limit)
    if (this.#held === undefined) return entries
    return new Promise((resolve) => this.#held?.push(() => resolve(entries)))
  }
}

it('what a right was lost to is not delivered, however late it comes from the disk', async () => {
  const groups: Record<string, readonly string[]> = { joe: ['staff'] }
  const rules: AclRule[] = [
    { allow: 'subscribe', topic: 'secret', group: 'staff' },
    { allow: 'subscribe', topic: 'open' },
    { allow: 'publish', topic: '#' },
  ]
  const store = new LateReads()
  const backend = new StoredBackend(undefined, store)
  const { acl, client, settle, drops } = await setup(rules, { backend, users: users(groups) })
  const joe = await client({ clientId: 'joe', username: 'joe', clean: false })
  await joe.subscribe(['secret', 'open'], { qos: 1 })
  await joe.drop()
  const alice = await client({ clientId: 'alice', username: 'alice' })
  for (const topic of ['secret', 'open']) await alice.publish(topic, topic, { qos: 1 })
  groups.joe = []
  store.hold()
  const back = await client({ clientId: 'joe', username: 'joe', clean: false })
  await settle()
  // What the purge reads comes first: all is purged then, and nobody is asked about deliveries any more.
  store.go(2)
  await settle()
  expect([acl.sendMessage, payloads(back)]).toEqual([undefined, []])
  expect(drops).toMatchObject([{ clientId: 'joe', topic: 'secret', reason: 'purged' }])
  store.go()
  await settle()
  expect(payloads(back)).toEqual(['open'])
})

describe('receive', () => {
  it('is asked about at each delivery, and costs nothing where no rule says so', async () => {
    const { acl, client, settle, stack, drops } = await setup([ALL])
    expect(stack.answers('sendMessage')).toBe(false)
    const joe = await client({ clientId: 'joe', username: 'joe' })
    await joe.subscribe('#')
    await acl.replace([{ deny: 'receive', topic: 'secret/#', user: 'joe' }, ALL])
    expect(stack.answers('sendMessage')).toBe(true)
    const alice = await client({ clientId: 'alice' })
    for (const topic of ['secret/a', 'open']) await alice.publish(topic, topic)
    await settle()
    expect(payloads(joe)).toEqual(['open'])
    expect(drops).toMatchObject([{ clientId: 'joe', topic: 'secret/a', reason: 'withheld' }])
    await acl.replace([ALL])
    expect(stack.answers('sendMessage')).toBe(false)
  })

  it('holds for what is retained, and for what waited', async () => {
    const rules: AclRule[] = [{ deny: 'receive', topic: 'secret/#', user: 'joe' }, ALL]
    const { client, settle } = await setup(rules)
    const joe = await client({ clientId: 'joe', username: 'joe', clean: false })
    await joe.subscribe('#', { qos: 1 })
    await joe.drop()
    const alice = await client({ clientId: 'alice' })
    for (const topic of ['secret/a', 'open']) await alice.publish(topic, topic, { qos: 1, retain: true })
    const back = await client({ clientId: 'joe', username: 'joe', clean: false })
    await back.subscribe('+/+', { qos: 1 })
    await settle()
    expect(payloads(back)).toEqual(['open'])
  })
})

describe('a file of rules', () => {
  async function withFile(text: string) {
    const folder = mkdtempSync(join(tmpdir(), 'acl-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'rules.acl')
    writeFileSync(file, text)
    const acl = new Acl({ file })
    const test = await defaultStack({ rules: acl })
    /** Watching a file is real: its reading takes turns that no clock of the test's counts. */
    const until = async (isSo: () => boolean): Promise<void> => {
      for (let i = 0; i < 1_000 && !isSo(); i++) {
        await test.advance(1_000)
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(isSo()).toBe(true)
    }
    return { ...test, acl, file, until, replace: (now: string) => replaceFile(file, now) }
  }

  /** As editors and tools do. */
  function replaceFile(file: string, text: string): void {
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
  }

  it('is read again when it changes', async () => {
    const { client, replace, until, logger, file, stack } = await withFile('allow publish,subscribe #\n')
    const joe = await client({ clientId: 'joe', keepalive: 0 })
    await joe.subscribe(['a', 'b'])
    replace('allow subscribe b\n')
    const asked = 'acl: what earlier rules allowed was asked about again'
    await until(() => logger.lines.some(({ message }) => message === asked))
    expect(logger.lines.map(({ message }) => message)).toContain(`acl: ${file} was read again`)
    expect(logger.lines.map(({ message }) => message)).toContain(
      'a subscription ended: acl: no rule allows subscribe a',
    )
    const left = await stack.call('lookupSubscriptions', { clientId: 'joe' })
    expect(left.map(({ topic }) => topic)).toEqual(['b'])
  })

  it('that is broken, empty or gone changes nothing and is an error once', async () => {
    const { client, replace, until, logger, file } = await withFile('allow publish,subscribe #\n')
    replace('allow publish,subscribe #\nallow everything\n')
    await until(() => logger.errors.length > 0)
    expect(logger.errors).toEqual([
      `acl: ${file}:2: a rule has an action and a topic: allow publish a/#; the rules stay as they were`,
    ])
    replace('# nothing\n')
    await until(() => logger.errors.length > 1)
    expect(logger.errors[1]).toBe(
      `acl: ${file} holds no rule any more: to deny all, write "deny publish,subscribe #"; the rules stay as they were`,
    )
    rmSync(file)
    await until(() => logger.errors.length > 2)
    expect(logger.errors[2]).toBe(
      `acl: cannot read ${file}: there is no such file: name a readable file of rules; the rules stay as they were`,
    )
    expect((await (await client({ keepalive: 0 })).subscribe('x')).granted).toEqual([0])
    replace('deny subscribe x\nallow subscribe #\n')
    await until(() => logger.lines.some(({ message }) => message === `acl: ${file} was read again`))
    expect((await (await client({ keepalive: 0 })).subscribe('x')).granted).toEqual([0x80])
    expect(logger.errors).toHaveLength(3)
  })
})

it('takes nothing from the process itself, whatever the rules say', async () => {
  const { stack, acl, client } = await setup([{ deny: 'receive', topic: '#' }])
  const got: string[] = []
  const subscription = await subscribeProcess(stack, 'a/#', ({ payload }) => void got.push(`${payload}`), {
    qos: 1,
  })
  await acl.replace({
    rules: [
      { allow: 'publish', topic: 'a/b' },
      { deny: 'receive', topic: '#' },
    ],
  })
  const device = await client({ clientId: 'device' })
  await device.publish('a/b', 'x', { qos: 1 })
  await settle()
  expect(got).toEqual(['x'])
  expect(await stack.call('lookupSubscriptions', { clientId: subscription.clientId })).toHaveLength(1)
})
