/** What somebody may do, and who says so, and why. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Acl } from '@mqtt-stack/acl'
import type { Broker, BrokerOptions, Question } from '@mqtt-stack/broker'
import type { Context, MiddlewareLike } from '@mqtt-stack/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { memoryClient, testBroker } from '../../../../test/rig/broker.ts'
import { commandOf } from '../commands/index.ts'

const RULES = [
  { deny: 'publish', topic: 'plant/secret/#', source: 'broker.yaml:31' },
  { allow: ['publish', 'subscribe'], topic: 'plant/#', user: 'alice', qos: 1 },
  { allow: 'subscribe', topic: 'house/%g/#', group: 'staff' },
  { allow: 'publish', topic: 'open', address: '10.0.0.0/8' },
  { allow: 'publish', topic: '$SYS/#' },
  { allow: 'will', topic: 'gone' },
] as const

/** Knows alice, whose password is her name, and counts whom it is asked about. */
class Users implements MiddlewareLike {
  readonly name = 'Users'
  counted = 0

  authenticateConnection(
    { username, password, dry }: Context<'authenticateConnection'>,
    store: { valid?: boolean; groups?: readonly string[]; reason?: string },
  ): void {
    if (dry !== true) this.counted++
    if (username !== 'alice') return
    store.valid = Buffer.from(password ?? []).toString() === 'alice'
    store.groups = ['staff']
    if (!store.valid) store.reason = 'the password is wrong'
  }
}

const silent: MiddlewareLike = { name: 'Silent', authorizePacket: () => {} }

function setup(
  use: readonly MiddlewareLike[] = [],
  options: BrokerOptions = {},
): { broker: Broker; users: Users } {
  const users = new Users()
  const acl = new Acl({ rules: RULES })
  const placed = [users, ...use, acl].map((middleware) => ({ middleware, after: 'authentication' as const }))
  return { broker: testBroker({ use: placed, ...options }), users }
}

/** Each answer, in a line. */
async function answers(broker: Broker, question: Question): Promise<string[]> {
  const { allowed, reason, steps } = await broker.explain(question)
  const lines = steps.map(({ middleware, answer, reason: why }) => `${middleware} ${answer}: ${why}`)
  return [`${allowed}: ${reason}`, ...lines]
}

describe('explain', () => {
  it('names rule and place', async () => {
    const { broker } = setup([silent])
    expect(await answers(broker, { user: 'alice', publish: 'plant/secret/a' })).toEqual([
      'false: Acl: acl rule 1, broker.yaml:31: deny publish plant/secret/#',
      'Silent nothing: undefined',
      'Acl no: acl rule 1, broker.yaml:31: deny publish plant/secret/#',
    ])
    expect(await answers(broker, { user: 'alice', publish: 'plant/a', qos: 1 })).toEqual([
      'true: Acl: acl rule 2: allow publish,subscribe plant/# user alice qos 1',
      'Silent nothing: undefined',
      'Acl yes: acl rule 2: allow publish,subscribe plant/# user alice qos 1',
    ])
    expect((await answers(broker, { user: 'alice', publish: 'plant/a', qos: 2 }))[0]).toBe(
      'false: acl: no rule allows publish plant/a',
    )
  })

  it('of subscriptions says the QoS; groups, addresses and wills count', async () => {
    const { broker } = setup()
    expect(await broker.explain({ user: 'alice', subscribe: '$share/g/plant/+', qos: 2 })).toMatchObject({
      allowed: true,
      granted: 1,
      who: 'user alice',
    })
    const staff = { user: 'bob', groups: ['staff'], subscribe: 'house/staff/1' }
    expect(await broker.explain(staff)).toMatchObject({ allowed: true, who: 'user bob, groups staff' })
    expect(await broker.explain({ ...staff, groups: [] })).toMatchObject({
      allowed: false,
      granted: undefined,
    })
    expect((await broker.explain({ publish: 'open', address: '10.1.2.3' })).allowed).toBe(true)
    expect((await broker.explain({ publish: 'open', address: '11.1.2.3' })).allowed).toBe(false)
    expect((await broker.explain({ publish: 'gone' })).allowed).toBe(false)
    expect((await broker.explain({ will: 'gone' })).allowed).toBe(true)
  })

  it('says that control topics are the broker’s, whatever is allowed', async () => {
    const { broker } = setup()
    expect(await answers(broker, { user: 'alice', publish: '$SYS/a' })).toEqual([
      'false: Stack: only the broker publishes there (controlTopics: $SYS)',
      'Stack no: only the broker publishes there (controlTopics: $SYS)',
      'Acl yes: acl rule 5: allow publish $SYS/#',
    ])
  })

  it('of a client that is known asks about what is known of it', async () => {
    const { broker } = setup()
    const lamp = memoryClient(broker, { clientId: 'lamp' })
    await lamp.connect({ username: 'alice', password: 'alice', clean: false })
    expect(await broker.explain({ client: 'lamp', subscribe: 'house/staff/x' })).toMatchObject({
      allowed: true,
      who: 'user alice, client lamp, groups staff',
    })
    await lamp.disconnect()
    expect(await broker.explain({ client: 'lamp', publish: 'plant/a' })).toMatchObject({
      allowed: true,
      who: 'user alice, client lamp',
    })
    expect(await broker.explain({ client: 'other', publish: 'plant/a' })).toMatchObject({
      allowed: false,
      who: 'nobody known, client other',
    })
  })

  it('says who lets somebody in, and asks those alone whom the listener asks', async () => {
    const { broker } = setup([], {
      allowAnonymous: 'local',
      listeners: [
        { transport: 'tcp', port: 0, name: 'world' },
        { transport: 'tcp', port: 0, name: 'house', providers: ['Anonymous'] },
      ],
    })
    const connect = { password: 'alice' }
    expect(await answers(broker, { user: 'alice', connect, listener: 'world' })).toEqual([
      'true: Users: says yes',
      'Users yes: undefined',
      'Anonymous not asked: undefined',
    ])
    expect((await answers(broker, { user: 'alice', connect: true }))[0]).toBe(
      'false: Users: the password is wrong',
    )
    expect((await answers(broker, { connect: true }))[0]).toBe('true: Anonymous: says yes')
    expect((await answers(broker, { connect: true, address: '192.0.2.1' }))[0]).toBe(
      'false: clients that nobody knows may connect from this machine alone',
    )
    expect(await answers(broker, { user: 'alice', connect, listener: 'house' })).toEqual([
      'false: Listener: it lets in clients without a name alone',
      'Users not asked: undefined',
      'Anonymous nothing: undefined',
    ])
  })

  it('of a broker without rules', async () => {
    const open = testBroker()
    expect(await answers(open, { publish: 'a' })).toEqual([
      'true: Anonymous: says yes',
      'Anonymous yes: undefined',
    ])
    const unasked = testBroker({ authorize: false, authentication: false })
    expect(await answers(unasked, { publish: 'a' })).toEqual(['true: nobody asks what clients may do'])
    expect(await answers(unasked, { connect: true })).toEqual(['true: nobody asks who clients are'])
    expect((await answers(unasked, { publish: '$SYS/a' }))[0]).toBe(
      'false: Stack: only the broker publishes there (controlTopics: $SYS)',
    )
  })

  it('says so of each listener, by its name or its address, and of no other', async () => {
    const { broker } = setup([], {
      allowAnonymous: true,
      listeners: [
        { transport: 'tcp', host: '0.0.0.0', port: 1883, name: 'house', providers: ['Anonymous'] },
        { transport: 'ws', host: '::1', port: 8083, path: '/mqtt', providers: ['Users'] },
      ],
    })
    const said = async (question: Question): Promise<string[]> =>
      (await broker.explainEach(question)).map(({ allowed, who, reason }) => `${allowed}, ${who}: ${reason}`)
    expect(await said({ connect: true })).toEqual([
      'true, nobody known, listener house: Anonymous: says yes',
      'false, nobody known, listener ws://[::1]:8083/mqtt: nobody says yes',
    ])
    expect(await said({ user: 'alice', publish: 'plant/a' })).toEqual([
      'false, user alice, listener house: Listener: it lets in clients without a name alone',
      'true, user alice, listener ws://[::1]:8083/mqtt: Acl: acl rule 2: allow publish,subscribe plant/# user alice qos 1',
    ])
    expect((await broker.explain({ connect: true })).allowed).toBe(false)
    expect((await broker.explain({ connect: true, listener: 'mqtt://0.0.0.0' })).allowed).toBe(true)
    const there = { user: 'alice', publish: 'plant/a', listener: 'ws://[::1]:8083/mqtt' }
    expect((await broker.explain(there)).allowed).toBe(true)
    await expect(broker.explain({ connect: true, listener: 'nope' })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: 'explain: unknown listener "nope" (known: house, ws://[::1]:8083/mqtt)',
    })
  })

  it('asks those who know users for their groups, as far as the listener asks them', async () => {
    const file: MiddlewareLike = {
      name: 'File',
      groupsOf: (user) => (user === 'bob' ? ['staff'] : undefined),
      authenticateConnection: () => {},
    }
    const token: MiddlewareLike = {
      name: 'Token',
      groupsOf: () => 'the token (claim "groups")',
      authenticateConnection: () => {},
    }
    const tcp = { transport: 'tcp', port: 0 } as const
    const { broker } = setup([file, token], {
      listeners: [
        { ...tcp, name: 'world' },
        { ...tcp, name: 'house', providers: ['Users'] },
      ],
    })
    const asked = { subscribe: 'house/staff/1' }
    expect(await broker.explain({ user: 'bob', ...asked, listener: 'world' })).toMatchObject({
      allowed: true,
      who: 'user bob, groups staff, listener world',
    })
    expect(await broker.explain({ user: 'bob', ...asked, listener: 'house' })).toMatchObject({
      allowed: false,
      who: 'user bob, listener house',
    })
    expect(await broker.explain({ user: 'eve', ...asked, listener: 'world' })).toMatchObject({
      allowed: false,
      who: 'user eve, listener world, groups come from the token (claim "groups")',
    })
  })

  it('says on what an answer depends, unless somebody says no anyway', async () => {
    const token: MiddlewareLike = {
      name: 'Token',
      authorizePacket: ({ dry }, store) => {
        store.depends = dry === true
        store.reason = 'depends on the token'
      },
    }
    const { broker } = setup([token])
    expect(await broker.explain({ user: 'alice', publish: 'plant/a' })).toMatchObject({
      allowed: false,
      depends: true,
      reason: 'Token: depends on the token',
    })
    expect(await broker.explain({ user: 'alice', publish: 'plant/secret/a' })).toMatchObject({
      allowed: false,
      depends: false,
      reason: 'Acl: acl rule 1, broker.yaml:31: deny publish plant/secret/#',
    })
  })

  it('names once who says it', async () => {
    const rules: MiddlewareLike = {
      name: 'MyRules',
      authorizePacket: (_ctx, store) =>
        void Object.assign(store, { valid: false, reason: 'MyRules: not today' }),
    }
    const { broker } = setup([rules])
    const { reason } = await broker.explain({ user: 'alice', publish: 'plant/a' })
    expect(reason).toBe('MyRules: not today')
  })

  it('says who failed', async () => {
    const fails: MiddlewareLike = {
      name: 'Fails',
      authorizePacket: () => Promise.reject(new Error('the database is away')),
    }
    const { broker } = setup([fails])
    expect((await answers(broker, { user: 'alice', publish: 'plant/a' }))[0]).toBe(
      'false: Fails: the database is away',
    )
  })

  it('changes nothing: no client is there, nobody is counted, nothing is told', async () => {
    const { broker, users } = setup()
    const told: string[] = []
    const note = (): void => void told.push('something')
    broker
      .on('clientConnected', note)
      .on('clientRefused', note)
      .on('messageDropped', note)
      .on('subscribed', note)
    await broker.explain({ user: 'alice', connect: { password: 'wrong' } })
    await broker.explain({ user: 'alice', publish: 'plant/secret/a' })
    await broker.explain({ user: 'alice', subscribe: '#' })
    expect([told, users.counted, broker.stack.clients.size]).toEqual([[], 0, 0])
  })

  it.each<[unknown, string, string]>([
    [{ user: 'alice' }, 'OPTION_INVALID', 'explain: give one of publish, will, subscribe, connect'],
    [
      { publish: 'a', subscribe: 'a' },
      'OPTION_INVALID',
      'explain: give one of publish, will, subscribe, connect',
    ],
    [{ publish: 'a/#' }, 'TOPIC_INVALID', 'explain: not a topic name: "a/#"'],
    [{ will: '' }, 'TOPIC_INVALID', 'explain: not a topic name: ""'],
    [{ subscribe: 'a#' }, 'FILTER_INVALID', 'explain: not a topic filter: "a#"'],
    [{ publish: 'a', qos: 3 }, 'OPTION_INVALID', 'explain: option "qos" must be one of 0, 1, 2, not 3'],
    [{ usr: 'a', publish: 'a' }, 'OPTION_UNKNOWN', 'explain: unknown option "usr" (did you mean "user"?)'],
  ])('%o is no question', async (question, code, message) => {
    const { broker } = setup()
    await expect(broker.explain(question as Question)).rejects.toMatchObject({ code, message })
  })
})

describe('mqtt-stack explain', () => {
  const run = (...args: string[]) => runWith([], ...args)
  async function runWith(
    more: readonly string[],
    ...args: string[]
  ): Promise<{ code: number | undefined; text: string }> {
    const folder = mkdtempSync(join(tmpdir(), 'explain-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'broker.yaml')
    writeFileSync(
      file,
      [
        'listeners:',
        '  - listen: mqtt://127.0.0.1:1883',
        '    name: house',
        'acl:',
        '  rules:',
        '    - { deny: publish, topic: "plant/secret/#" }',
        '    - { allow: [publish, subscribe], topic: "plant/#", user: alice }',
        ...more,
        '',
      ].join('\n'),
    )
    let text = ''
    const out = { write: (part: string) => (text += part) }
    const io = { stdin: Readable.from([]), stdout: out, stderr: out, env: {} }
    const code = await commandOf(['explain'])?.run([file, ...args], io)
    return { code, text: text.replaceAll(`${folder}/`, '') }
  }

  it('prints each answer, and exits with 2 where it is no', async () => {
    expect(await run('--user', 'alice', '--publish', 'plant/secret/a', '--listener', 'house')).toEqual({
      code: 2,
      text: [
        'no: user alice, listener house: publish plant/secret/a',
        '  Acl  no: acl rule 1, broker.yaml:6: deny publish plant/secret/#',
        'because Acl: acl rule 1, broker.yaml:6: deny publish plant/secret/#',
        '',
      ].join('\n'),
    })
    expect(await run('--user', 'alice', '--subscribe', 'plant/+', '--qos', '1', '--groups', 'a,b')).toEqual({
      code: 0,
      text: [
        'yes: user alice, groups a b, listener house: subscribe plant/+ at QoS 1',
        '  Acl  yes: acl rule 2, broker.yaml:7: allow publish,subscribe plant/# user alice',
        'because Acl: acl rule 2, broker.yaml:7: allow publish,subscribe plant/# user alice',
        '',
      ].join('\n'),
    })
  })

  it('opens nothing: the broker may be running', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => void taken.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void taken.close())
    const place = `127.0.0.1:${(taken.address() as AddressInfo).port}`
    const more = [
      `admin: { listen: "${place}", open: "${place}", tokens: [{ role: read, token: long-enough-to-be-one }] }`,
      `metrics: { listen: "${place}" }`,
      'tracing: {}',
      'store: { lmdb: { path: data } }',
      'limits: {}',
    ]
    const { code, text } = await runWith(more, '--user', 'alice', '--publish', 'plant/a')
    expect([code, text.split('\n')[0]]).toEqual([0, 'yes: user alice, listener house: publish plant/a'])
  })

  it('explains itself', async () => {
    expect((await run('--help')).text).toContain('Usage: mqtt-stack explain FILE [flags]')
  })
})
