import type { MiddlewareLike } from '@mqtt-stack/core'
import { matchesFilter, ReasonCode } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, test } from 'vitest'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import type { Claims } from '../../../test/support/tokens.ts'
import { SECRET, token } from '../../../test/support/tokens.ts'
import { covers } from './covers.ts'
import { JwtAuth, METHOD } from './index.ts'
import { readRights } from './rights.ts'

/** Signatures are checked by threads. */
const patience = 10_000

interface Setup extends Broker5 {
  device(mqtt: unknown, claims?: Claims, clientId?: string): Promise<TestClient>
}

function setup(...others: MiddlewareLike[]): Setup {
  const jwt = new JwtAuth({ algorithms: ['HS256'], key: SECRET, rightsClaim: 'mqtt' })
  const use = [jwt, ...others].map((middleware) => ({ middleware, after: 'authentication' as const }))
  const rig = broker5({ use })
  return {
    ...rig,
    async device(mqtt, claims, clientId) {
      const client = rig.open({ patience, ...(clientId && { clientId }) })
      const connack = await client.connect({ username: 'x', password: token({ mqtt, ...claims }) })
      expect(connack.reasonCode).toBe(0)
      return client
    },
  }
}

const everything = { publish: ['#'], subscribe: ['#'] }

describe('the rights of a token', () => {
  test('say what may be published', async () => {
    const { device } = setup()
    const heir = await device(everything)
    await heir.subscribe('#')
    const lamp = await device({ publish: ['lamps/%u/#', 'by-id/%c'] }, { sub: 'bob' }, 'lamp')
    expect(await lamp.publish('lamps/bob/on', 'x', { qos: 1 })).toMatchObject({ reasonCode: 0 })
    expect(await lamp.publish('by-id/lamp', 'x', { qos: 1 })).toMatchObject({ reasonCode: 0 })
    for (const topic of ['lamps/alice/on', 'lamps', 'by-id/other', 'by-id/lamp/on'])
      expect(await lamp.publish(topic, 'x', { qos: 1 })).toMatchObject({ reasonCode: 0x87 })
    expect([(await heir.message()).topic, (await heir.message()).topic]).toEqual([
      'lamps/bob/on',
      'by-id/lamp',
    ])
    await lamp.publish('lamps/bob/off')
    expect((await heir.message()).topic).toBe('lamps/bob/off')
  })

  test('say what may be subscribed to, filter by filter', async () => {
    const { device } = setup()
    const lamp = await device({ subscribe: ['plans/+/%c', 'news/#'] }, {}, 'lamp')
    const asked = [
      'plans/1/lamp',
      'plans/+/lamp',
      'plans/#',
      '#',
      'news',
      'news/+/x',
      '$share/g/news/#',
      '$share/g/#',
    ]
    expect((await lamp.subscribe(asked)).granted).toEqual([0, 0, 0x87, 0x87, 0, 0, 0, 0x87])
  })

  test('say what may be left as a will', async () => {
    const { open } = setup()
    const connect = (topic: string) =>
      open({ patience }).connect({
        username: 'x',
        password: token({ mqtt: { publish: ['gone/%u'] } }),
        will: { topic, payload: Buffer.from('x'), qos: 0, retain: false },
      })
    expect(await connect('gone/alice')).toMatchObject({ reasonCode: 0 })
    expect(await connect('gone/bob')).toMatchObject({ reasonCode: 0x87 })
  })

  test('that are left out allow nothing', async () => {
    const { device } = setup()
    const lamp = await device({})
    expect(await lamp.publish('a', 'x', { qos: 1 })).toMatchObject({ reasonCode: 0x87 })
    expect((await lamp.subscribe('a')).granted).toEqual([0x87])
  })

  test('bound what access rules allow, and the other way round', async () => {
    const { device } = setup({
      name: 'Rules',
      authorizePacket({ packet }, store) {
        store.valid = packet.cmd !== 'publish' || packet.topic !== 'a/forbidden'
      },
    })
    const lamp = await device({ publish: ['a/#'] })
    expect(await lamp.publish('a/b', 'x', { qos: 1 })).toMatchObject({ reasonCode: 0x10 })
    expect(await lamp.publish('b', 'x', { qos: 1 })).toMatchObject({ reasonCode: 0x87 })
    expect(await lamp.publish('a/forbidden', 'x', { qos: 1 })).toMatchObject({ reasonCode: 0x87 })
    const free = await device(undefined)
    expect(await free.publish('b', 'x', { qos: 1 })).toMatchObject({ reasonCode: 0x10 })
  })

  test('of a token that has none are left to access rules, and nobody else’s client is answered for', async () => {
    const { device, open } = setup({
      name: 'Users',
      authenticateConnection: (_ctx, store) => {
        store.valid = true
      },
    })
    const lamp = await device(undefined)
    const stranger = open()
    await stranger.connect({ username: 'stranger', password: 'x' })
    for (const client of [lamp, stranger])
      expect(await client.publish('a', 'x', { qos: 1 })).toMatchObject({ reasonCode: 0x87 })
  })

  test('are no other where the claim is not asked for', () => {
    const { authorizePacket, sendMessage } = new JwtAuth({ algorithms: ['HS256'], key: SECRET })
    expect([authorizePacket, sendMessage]).toEqual([undefined, undefined])
  })

  test('shrink with a newer token, for what was subscribed to before as well', async () => {
    const { open, device } = setup()
    const lamp = open({ patience })
    const say = (mqtt: unknown) => ({
      authenticationMethod: METHOD,
      authenticationData: Buffer.from(token({ mqtt })),
    })
    await lamp.connect({ properties: say(everything) })
    await lamp.subscribe(['#', 'news/#'])
    lamp.send({ cmd: 'auth', reasonCode: 0x19, properties: say({ subscribe: ['news/#'] }) })
    await lamp.next('auth')
    const editor = await device(everything, { sub: 'editor' })
    await editor.publish('secret', 'x')
    await editor.publish('news/1', 'x')
    expect((await lamp.message()).topic).toBe('news/1')
    await lamp.publish('secret', 'y', { qos: 1 })
    expect(lamp.received.at(-1)).toMatchObject({ cmd: 'puback', reasonCode: ReasonCode.NOT_AUTHORIZED })
  })

  test('are asked again when a session is resumed', async () => {
    const { open, device } = setup()
    const connect = async (mqtt: unknown): Promise<TestClient> => {
      const client = open({ patience, clientId: 'lamp' })
      const properties = { sessionExpiryInterval: 600 }
      await client.connect({ clean: false, username: 'x', password: token({ mqtt }), properties })
      return client
    }
    const first = await connect(everything)
    await first.subscribe(['news', 'secret'], { qos: 1 })
    await first.disconnect()
    const editor = await device(everything, { sub: 'editor' })
    for (const topic of ['secret', 'news']) await editor.publish(topic, 'waited', { qos: 1 })
    const second = await connect({ subscribe: ['news'] })
    expect((await second.message()).topic).toBe('news')
    await editor.publish('secret', 'live', { qos: 1 })
    await editor.publish('news', 'live', { qos: 1 })
    expect((await second.message()).topic).toBe('news')
  })
})

describe('who only wants to know', () => {
  test('is told what the token of a client that is connected says', async () => {
    const { broker, device } = setup()
    await device({ publish: ['a/+'], subscribe: ['b/#'] }, {}, 'lamp')
    const ask = (question: object) => broker.explain({ client: 'lamp', ...question })
    expect(await ask({ publish: 'a/b' })).toMatchObject({
      allowed: true,
      reason: 'JwtAuth: its token: publish a/+',
    })
    expect(await ask({ publish: 'b' })).toMatchObject({
      allowed: false,
      reason: 'JwtAuth: the token has no right to publish there',
    })
    expect(await ask({ subscribe: 'b/+' })).toMatchObject({
      allowed: true,
      reason: 'JwtAuth: its token: subscribe b/#',
    })
    expect(await ask({ subscribe: '#' })).toMatchObject({
      allowed: false,
      reason: 'JwtAuth: the token has no right to subscribe there',
    })
  })

  test('is told that it depends on the token of a user who is not there', async () => {
    const { broker } = setup()
    expect(await broker.explain({ user: 'eve', publish: 'a/b' })).toMatchObject({
      allowed: false,
      depends: true,
      reason: 'JwtAuth: depends on the token (claim "mqtt")',
    })
    expect(await broker.explain({ publish: 'a/b' })).toMatchObject({ depends: false })
  })

  test('whether a token lets in: nothing comes of it', async () => {
    const { broker, clock } = setup()
    await broker.start()
    const timers = clock.timers
    const connect = (password: string) => broker.explain({ client: 'x', user: 'x', connect: { password } })
    expect(await connect(token())).toMatchObject({ allowed: true })
    expect(await connect(token({ exp: 1 }))).toMatchObject({
      allowed: false,
      reason: 'JwtAuth: the token has expired',
    })
    expect(clock.timers).toBe(timers)
  })
})

describe('names in filters', () => {
  const rights = (filter: string, username: string) =>
    readRights({ publish: [filter] }, { username, clientId: 'c' })

  test.each(['+', '#', 'a/b', '+/+', '/'])('a name %s reaches no further', (name) => {
    for (const filter of ['%u', 'a/%u', 'a/%u/#', 'x%u'])
      for (const topic of ['a', 'a/b', 'x', `a/${name}`, name, 'a/b/c', 'xa'])
        expect(rights(filter, name)?.publishes(topic)).toBeUndefined()
  })

  test('a name opens no topics that begin with $', () => {
    expect(rights('%u/#', '$SYS')?.publishes('$SYS/a')).toBeUndefined()
    expect(rights('a/%u', '$x')?.publishes('a/$x')).toBeDefined()
  })

  test('what is filled in is not looked at again', () => {
    expect(rights('a/%u', '%c')?.publishes('a/c')).toBeUndefined()
    expect(rights('a/%u', '%c')?.publishes('a/%c')).toBeDefined()
  })

  test.each([
    null,
    'a',
    ['a'],
    { publish: 'a' },
    { publish: [1] },
    { subscribe: [''] },
    { publish: ['a/#/b'] },
  ])('%j is no claim of rights', (claim) => {
    expect(readRights(claim, { username: 'u', clientId: 'c' })).toBeUndefined()
  })
})

describe('a filter within a filter', () => {
  const levels = ['', 'a', 'b', '+', '#', '$x']
  const filters = levels
    .flatMap((one) => [
      one,
      ...levels.flatMap((two) =>
        one === '#' ? [] : [`${one}/${two}`, ...(two === '#' ? [] : [`${one}/${two}/#`])],
      ),
    ])
    .filter((filter) => filter !== '')
  const topics = ['a', 'b', '$x', '', 'c']
    .flatMap((one) => [
      one,
      ...['a', 'b', '', '$x', 'c'].flatMap((two) => [
        `${one}/${two}`,
        `${one}/${two}/a`,
        `${one}/${two}/c/d`,
      ]),
    ])
    .filter((topic) => topic !== '')

  test('is found to be so only if it matches nothing else', () => {
    for (const allowed of filters)
      for (const asked of filters) {
        const within = topics.every((topic) => !matchesFilter(asked, topic) || matchesFilter(allowed, topic))
        // `+/#` is all that `#` is: that it is not seen costs nobody a right that was meant.
        if (covers(allowed, asked)) expect([allowed, asked, within]).toEqual([allowed, asked, true])
        else if (!allowed.endsWith('/#')) expect([allowed, asked, within]).toEqual([allowed, asked, false])
      }
  })
})
