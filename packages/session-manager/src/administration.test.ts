/** Sessions from outside: listed, looked at and changed, whether or not their clients are connected. */
import type { Context, SessionSummary, Store, SubscriptionRecord } from '@mqtt-stack/core'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import type { DefaultStack, DefaultStackOptions } from '../../../test/rig/default-stack.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'

/** What is told about subscriptions and sessions. */
function told(): { readonly facts: string[]; readonly use: DefaultStackOptions['use'] } {
  const facts: string[] = []
  const note = {
    name: 'Note',
    topicUnsubscribed: ({ clientId, topic, existed, client }: Context<'topicUnsubscribed'>) =>
      void facts.push(`${clientId} ${client === undefined ? 'away' : 'connected'} ${topic} ${existed}`),
    sessionEnded: ({ clientId, reason }: Context<'sessionEnded'>) => void facts.push(`${clientId} ${reason}`),
  }
  return { facts, use: [note] }
}

/** A session that is away, subscribed to these filters at QoS 2. */
async function leave({ client }: DefaultStack, clientId: string, ...filters: string[]): Promise<void> {
  const one = await client({ clientId, clean: false })
  if (filters.length > 0) await one.subscribe(filters, { qos: 2 })
  await one.disconnect()
}

/** What a session gets when its client is back. */
async function comeBack({ client, settle }: DefaultStack, clientId: string): Promise<string[]> {
  const back = await client({ clientId, clean: false })
  await settle()
  return back.received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.payload.toString()] : []))
}

async function list({ stack }: DefaultStack, ctx: Context<'lookupSessions'>): Promise<SessionSummary[]> {
  return stack.call('lookupSessions', ctx)
}

async function subscriptions({ stack }: DefaultStack, clientId: string): Promise<SubscriptionRecord[]> {
  return stack.call('lookupSubscriptions', { clientId })
}

const purge = ({ stack }: DefaultStack, ctx: Context<'purgeMessages'>): Promise<Store<'purgeMessages'>> =>
  stack.call('purgeMessages', ctx)

describe.each(BACKENDS)('sessions, on a backend %s', (_name, backend) => {
  it('are listed in pages by client identifier, connected and away, each once', async () => {
    const whole = await defaultStack({ backend })
    for (const name of ['e', 'c', '$x', 'a']) await leave(whole, name)
    for (const name of ['d', 'b']) await whole.client({ clientId: name })
    const pages: string[][] = []
    let after: string | undefined
    for (;;) {
      const page = await list(whole, { limit: 4, ...(after !== undefined && { after }) })
      pages.push(page.map(({ clientId, connected }) => `${clientId} ${connected ? 'connected' : 'away'}`))
      if (page.length < 4) break
      after = page.at(-1)?.clientId
    }
    expect(pages).toEqual([
      ['$x away', 'a away', 'b connected', 'c away'],
      ['d connected', 'e away'],
    ])
  })

  it('are listed as they come and go once somebody has asked', async () => {
    const whole = await defaultStack({ backend })
    const names = async (): Promise<string[]> =>
      (await list(whole, { limit: 9 })).map(({ clientId }) => clientId)
    expect(await names()).toEqual([])
    await leave(whole, 'b')
    const a = await whole.client({ clientId: 'a' })
    expect(await names()).toEqual(['a', 'b'])
    await a.disconnect()
    await (await whole.client({ clientId: 'b' })).disconnect()
    const c = await whole.client({
      clientId: 'c',
      clean: false,
      protocolVersion: 5,
      properties: { sessionExpiryInterval: 10 },
    })
    await c.disconnect()
    expect(await names()).toEqual(['c'])
    await whole.clock.advance(11_000)
    expect(await names()).toEqual([])
  })

  it('are listed by identity, and looked at one by one', async () => {
    const whole = await defaultStack({ backend })
    for (const [clientId, username] of [
      ['1', 'joe'],
      ['2', 'jane'],
      ['3', 'joe'],
    ]) {
      const one = await whole.client({ clientId, clean: false, username })
      await one.subscribe(['t', 'u'], { qos: 1 })
      await one.disconnect()
    }
    const alice = await whole.client({ clientId: 'alice' })
    await alice.publish('t', 'hello', { qos: 1 })
    expect((await list(whole, { identity: 'joe', limit: 9 })).map(({ clientId }) => clientId)).toEqual([
      '1',
      '3',
    ])
    const [one] = await list(whole, { clientId: '3', limit: 1 })
    expect(one).toMatchObject({
      identity: 'joe',
      connected: false,
      client: undefined,
      subscriptions: 2,
      messages: 1,
    })
    expect(one.bytes).toBeGreaterThan(0)
    expect(one.expiresAt).toBe(whole.clock.now() + 604_800_000)
    expect(await list(whole, { clientId: '3', identity: 'jane', limit: 1 })).toEqual([])
    const [here] = await list(whole, { clientId: 'alice', limit: 1 })
    expect(here).toMatchObject({ connected: true, expiresAt: undefined, subscriptions: 0, messages: 0 })
    expect(here.client?.id).toBe('alice')
  })

  it('show their subscriptions, connected and away, stored or not', async () => {
    const whole = await defaultStack({ backend, clients: { protocolVersion: 5 } })
    const away = await whole.client({
      clientId: 'away',
      clean: false,
      properties: { sessionExpiryInterval: 60 },
    })
    const brief = await whole.client({ clientId: 'brief' })
    for (const one of [away, brief]) {
      await one.subscribe(
        { topic: 'a', qos: 1, nl: true, rap: true },
        { properties: { subscriptionIdentifier: 7 } },
      )
      await one.subscribe('$share/g/b', { qos: 2 })
    }
    await away.disconnect()
    for (const clientId of ['away', 'brief']) {
      const found = await subscriptions(whole, clientId)
      expect(found.map(({ topic, qos, identifier }) => [topic, qos, identifier])).toEqual([
        ['a', 1, 7],
        ['$share/g/b', 2, undefined],
      ])
      expect(found[0].options).toMatchObject({ nl: true, rap: true })
    }
    expect(await subscriptions(whole, 'nobody')).toEqual([])
  })
})

describe.each(BACKENDS)('a subscription that is taken away, on a backend %s', (_name, backend) => {
  it('of a session that is away matches no more, and does not come back with it', async () => {
    const { facts, use } = told()
    const whole = await defaultStack({ backend, use })
    await leave(whole, 'bob', 't', 'u')
    const { stack } = whole
    expect(await stack.call('endSubscription', { clientId: 'bob', topic: 't' })).toEqual({ existed: true })
    expect(await stack.call('endSubscription', { clientId: 'bob', topic: 't' })).toEqual({ existed: false })
    expect(await stack.call('endSubscription', { clientId: 'nobody', topic: 't' })).toEqual({})
    expect((await subscriptions(whole, 'bob')).map(({ topic }) => topic)).toEqual(['u'])
    const alice = await whole.client({ clientId: 'alice' })
    for (const topic of ['t', 'u']) await alice.publish(topic, topic, { qos: 1 })
    expect(await comeBack(whole, 'bob')).toEqual(['u'])
    for (const topic of ['t', 'u']) await alice.publish(topic, topic, { qos: 1 })
    expect(whole.memory.stats.subscriptions).toBe(1)
    expect(facts).toEqual(['bob away t true', 'bob away t false'])
  })

  it('of a connected client matches no more, and leaves room for another', async () => {
    const { facts, use } = told()
    const whole = await defaultStack({ backend, use, subscriptionManager: { subscriptions: 2 } })
    for (const clean of [true, false]) {
      const bob = await whole.client({ clientId: `bob ${clean}`, clean })
      await bob.subscribe(['t', 'u'], { qos: 1 })
      await whole.stack.call('endSubscription', { clientId: bob.clientId, topic: 't' })
      const alice = await whole.client({ clientId: 'alice' })
      await alice.publish('t', 'no', { qos: 1 })
      await bob.expectNothing()
      expect(await bob.subscribe('v')).toMatchObject({ granted: [0] })
    }
    expect(facts.filter((fact) => fact.startsWith('bob'))).toEqual([
      'bob true connected t true',
      'bob false connected t true',
    ])
  })

  it.each([0, 1, 3, 8])(
    'while its client comes back is gone, and nothing else is (%i turns later)',
    async (turns) => {
      const whole = await defaultStack({ backend })
      await leave(whole, 'bob', 't', 'u')
      const alice = await whole.client({ clientId: 'alice' })
      await alice.publish('u', 'waits', { qos: 1 })
      const back = whole.open({ clientId: 'bob' })
      const connected = back.connect({ clean: false })
      for (let i = 0; i < turns; i++) await new Promise(setImmediate)
      const { existed } = await whole.stack.call('endSubscription', { clientId: 'bob', topic: 't' })
      expect([existed, (await connected).sessionPresent]).toEqual([true, true])
      await whole.settle()
      expect((await subscriptions(whole, 'bob')).map(({ topic }) => topic)).toEqual(['u'])
      for (const topic of ['t', 'u']) await alice.publish(topic, topic, { qos: 1 })
      await whole.settle()
      const got = back.received.flatMap((packet) =>
        packet.cmd === 'publish' ? [packet.payload.toString()] : [],
      )
      expect(got).toEqual(['waits', 'u'])
      await back.drop()
      expect(await comeBack(whole, 'bob')).toEqual([])
      expect((await subscriptions(whole, 'bob')).map(({ topic }) => topic)).toEqual(['u'])
    },
  )

  it('takes along the retained messages that were still to come', async () => {
    const whole = await defaultStack({ backend, outboundManager: { inflight: 1 } })
    const alice = await whole.client({ clientId: 'alice' })
    for (const i of [1, 2, 3, 4]) await alice.publish(`t/${i}`, `${i}`, { qos: 1, retain: true })
    const bob = await whole.client({ clientId: 'bob', clean: false })
    bob.freeze()
    bob.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't/+', qos: 0 }] })
    await bob.drop()
    await whole.stack.call('endSubscription', { clientId: 'bob', topic: 't/+' })
    expect(await comeBack(whole, 'bob')).toEqual([])
  })

  it('of a shared subscription leaves the group to the others', async () => {
    const whole = await defaultStack({ backend })
    await leave(whole, 'bob', '$share/g/t')
    await leave(whole, 'carol', '$share/g/t')
    await whole.stack.call('endSubscription', { clientId: 'bob', topic: '$share/g/t' })
    const alice = await whole.client({ clientId: 'alice' })
    for (const i of [1, 2, 3]) await alice.publish('t', `${i}`, { qos: 1 })
    expect(await comeBack(whole, 'bob')).toEqual([])
    expect(await comeBack(whole, 'carol')).toEqual(['1', '2', '3'])
  })
})

/** Does at once what a resumed session asks for, and answers when it may. */
class LateResume extends MemoryBackend {
  readonly #late: 'lookupSubscriptions' | 'subscribeTopic'
  gate: Promise<void> | undefined

  constructor(late: 'lookupSubscriptions' | 'subscribeTopic') {
    super()
    this.#late = late
  }

  override lookupSubscriptions(
    ctx: Context<'lookupSubscriptions'>,
    store: Store<'lookupSubscriptions'>,
  ): void | Promise<void> {
    super.lookupSubscriptions(ctx, store)
    if (this.#late === 'lookupSubscriptions' && ctx.client !== undefined) return this.gate
  }

  override subscribeTopic(
    ctx: Context<'subscribeTopic'>,
    store: Store<'subscribeTopic'>,
  ): void | Promise<void> {
    if (this.#late !== 'subscribeTopic') return super.subscribeTopic(ctx, store)
    return this.gate?.then(() => super.subscribeTopic(ctx, store)) ?? super.subscribeTopic(ctx, store)
  }
}

it.each(['lookupSubscriptions', 'subscribeTopic'] as const)(
  'a subscription that is taken away while %s of a resumed session is under way does not come back',
  async (late) => {
    const store = new LateResume(late)
    const whole = await defaultStack({ backend: store })
    await leave(whole, 'bob', 't', 'u')
    let answer = (): void => {}
    store.gate = new Promise((resolve) => {
      answer = resolve
    })
    const back = whole.open({ clientId: 'bob' })
    const protocolId = 'MQTT'
    back.send({ cmd: 'connect', protocolId, protocolVersion: 4, clientId: 'bob', clean: false, keepalive: 0 })
    await whole.settle()
    const ended = await whole.stack.call('endSubscription', { clientId: 'bob', topic: 't' })
    expect(ended).toEqual({ existed: true })
    answer()
    expect((await back.next('connack')).sessionPresent).toBe(true)
    expect((await subscriptions(whole, 'bob')).map(({ topic }) => topic)).toEqual(['u'])
    const alice = await whole.client({ clientId: 'alice' })
    for (const topic of ['t', 'u']) await alice.publish(topic, topic, { qos: 1 })
    expect((await back.message()).payload).toBe('u')
    await back.expectNothing()
  },
)

describe.each(BACKENDS)('a session that is ended, on a backend %s', (_name, backend) => {
  it('while it is away is gone with all that it had', async () => {
    const { facts, use } = told()
    const whole = await defaultStack({ backend, use })
    await leave(whole, 'bob', 't')
    const alice = await whole.client({ clientId: 'alice' })
    await alice.publish('t', 'waits', { qos: 1 })
    expect(await whole.stack.call('endSession', { clientId: 'bob' })).toEqual({ ended: true })
    expect(await whole.stack.call('endSession', { clientId: 'bob' })).toEqual({})
    expect(whole.memory.stats).toMatchObject({ sessions: 1, subscriptions: 0, messages: 0 })
    const back = await whole.open({ clientId: 'bob' }).connect({ clean: false })
    expect(back.sessionPresent).toBe(false)
    expect(facts).toEqual(['bob ended'])
  })

  it.each([0, 60])(
    'while its client is connected closes the connection first (expiry %i)',
    async (seconds) => {
      const { facts, use } = told()
      const whole = await defaultStack({ backend, use, clients: { protocolVersion: 5 } })
      const bob = await whole.client({
        clientId: 'bob',
        clean: false,
        properties: { sessionExpiryInterval: seconds },
        will: { topic: 'will', payload: Buffer.from('gone'), qos: 0, retain: false },
      })
      await bob.subscribe('t', { qos: 1 })
      const watcher = await whole.client({ clientId: 'watcher' })
      await watcher.subscribe('will')
      expect(await whole.stack.call('endSession', { clientId: 'bob' })).toEqual({ ended: true })
      expect(await bob.next('disconnect')).toMatchObject({ reasonCode: 0x98 })
      await bob.closed
      expect(await list(whole, { clientId: 'bob', limit: 1 })).toEqual([])
      expect(facts).toEqual([seconds === 0 ? 'bob closed' : 'bob ended'])
      expect((await watcher.message()).payload).toBe('gone')
      expect(whole.memory.stats).toMatchObject({ sessions: 1, subscriptions: 1 })
    },
  )

  it('is told with the reason code that is given', async () => {
    const whole = await defaultStack({ backend, clients: { protocolVersion: 5 } })
    const bob = await whole.client({ clientId: 'bob' })
    await whole.stack.call('endSession', { clientId: 'bob', reasonCode: 0x87 })
    expect(await bob.next('disconnect')).toMatchObject({ reasonCode: 0x87 })
  })

  it.each([0, 1, 3, 8])(
    'while its client comes back: that connection ends, or has a new session (%i turns later)',
    async (turns) => {
      const whole = await defaultStack({ backend })
      await leave(whole, 'bob', 't')
      const back = whole.open({ clientId: 'bob' })
      const connected = back.connect({ clean: false }).catch(() => undefined)
      for (let i = 0; i < turns; i++) await new Promise(setImmediate)
      await whole.stack.call('endSession', { clientId: 'bob' })
      const present = (await connected)?.sessionPresent === true
      await whole.settle()
      const there = await list(whole, { clientId: 'bob', limit: 1 })
      if (present) expect(there).toEqual([])
      expect(whole.memory.stats.subscriptions).toBe(0)
      const again = await whole.client({ clientId: 'bob', clean: false })
      const alice = await whole.client({ clientId: 'alice' })
      await alice.publish('t', 'no', { qos: 1 })
      await again.expectNothing('connack')
    },
  )
})

describe.each(BACKENDS)('messages that are purged, on a backend %s', (_name, backend) => {
  it('by filter leave the logs and the retained store; all others stay, in their order', async () => {
    const whole = await defaultStack({ backend })
    for (const name of ['bob', 'carol']) await leave(whole, name, '#')
    const alice = await whole.client({ clientId: 'alice' })
    for (const i of [1, 2, 3]) {
      await alice.publish('secret/a', `secret ${i}`, { qos: 1, retain: true })
      await alice.publish('open', `open ${i}`, { qos: 2, retain: true })
    }
    expect(await purge(whole, { filter: 'secret/#' })).toEqual({ waiting: 6, retained: 1, wills: 0 })
    expect(whole.memory.stats).toMatchObject({ messages: 6, retained: 1 })
    expect(whole.drops.filter(({ reason }) => reason === 'purged')).toHaveLength(7)
    for (const name of ['bob', 'carol'])
      expect(await comeBack(whole, name)).toEqual(['open 1', 'open 2', 'open 3'])
    expect(whole.memory.stats.messages).toBe(0)
    const late = await whole.client({ clientId: 'late' })
    await late.subscribe('#')
    expect((await late.message()).payload).toBe('open 3')
    await late.expectNothing()
  })

  it('by author leave nothing of his, and nothing else goes', async () => {
    const whole = await defaultStack({ backend })
    await leave(whole, 'bob', '#')
    const eve = await whole.client({ clientId: 'eve', username: 'mallory' })
    const alice = await whole.client({ clientId: 'alice', username: 'alice' })
    for (const one of [eve, alice]) {
      await one.publish('t', one.clientId, { qos: 1 })
      await one.publish(`$share/${one.clientId}`.slice(7), one.clientId, { qos: 1, retain: true })
    }
    await eve.disconnect()
    expect(await purge(whole, { author: { clientId: 'eve', identity: 'nobody' } })).toEqual({
      waiting: 0,
      retained: 0,
      wills: 0,
    })
    expect(await purge(whole, { author: { identity: 'mallory' } })).toEqual({
      waiting: 2,
      retained: 1,
      wills: 0,
    })
    expect(await comeBack(whole, 'bob')).toEqual(['alice', 'alice'])
    expect(whole.memory.stats.retained).toBe(1)
  })

  it('of one client alone leave the others theirs, and what is retained', async () => {
    const whole = await defaultStack({ backend })
    for (const name of ['bob', 'carol']) await leave(whole, name, 't')
    const alice = await whole.client({ clientId: 'alice' })
    await alice.publish('t', 'x', { qos: 1, retain: true })
    expect(await purge(whole, { clientId: 'bob' })).toEqual({ waiting: 1, retained: 0, wills: 0 })
    expect(await purge(whole, { clientId: 'nobody' })).toEqual({ waiting: 0, retained: 0, wills: 0 })
    expect(await comeBack(whole, 'bob')).toEqual([])
    expect(await comeBack(whole, 'carol')).toEqual(['x'])
    expect(whole.memory.stats.retained).toBe(1)
  })

  it('are none where no term is given, and those of one kind where one is asked for', async () => {
    const whole = await defaultStack({ backend })
    await leave(whole, 'bob', 't')
    const alice = await whole.client({ clientId: 'alice' })
    await alice.publish('t', 'x', { qos: 1, retain: true })
    expect(await purge(whole, {})).toEqual({ waiting: 0, retained: 0, wills: 0 })
    expect(await purge(whole, { filter: 't', only: 'retained' })).toEqual({
      waiting: 0,
      retained: 1,
      wills: 0,
    })
    expect(whole.memory.stats).toMatchObject({ messages: 1, retained: 0 })
    await alice.publish('t', 'y', { qos: 1, retain: true })
    expect(await purge(whole, { filter: 't', only: 'waiting' })).toEqual({
      waiting: 2,
      retained: 0,
      wills: 0,
    })
    expect(whole.memory.stats).toMatchObject({ messages: 0, retained: 1 })
  })

  it.each<[string, Context<'purgeMessages'>, string]>([
    ['an author of whom nothing is said', { author: {} }, 'OPTION_INVALID'],
    ['an author whose name was forgotten', { author: { clientId: undefined } as object }, 'OPTION_INVALID'],
    ['the same, beside another term', { filter: 't', author: {} }, 'OPTION_INVALID'],
    ['what is no filter', { filter: 't/##' }, 'FILTER_INVALID'],
    ['an empty filter', { filter: '' }, 'FILTER_INVALID'],
    ['what shares no filter', { filter: '$share/g' }, 'FILTER_INVALID'],
    ['what is no filter, with a client', { clientId: 'bob', filter: '#/t' }, 'FILTER_INVALID'],
  ])('are none for %s, which is an error', async (_what, terms, code) => {
    const whole = await defaultStack({ backend })
    await leave(whole, 'bob', 't')
    await (await whole.client({ clientId: 'alice' })).publish('t', 'x', { qos: 1, retain: true })
    await expect(purge(whole, terms)).rejects.toMatchObject({ code })
    await expect(purge(whole, { ...terms, only: 'retained' })).rejects.toMatchObject({ code })
    await expect(purge(whole, { ...terms, only: 'waiting' })).rejects.toMatchObject({ code })
    expect(whole.memory.stats).toMatchObject({ messages: 1, retained: 1 })
    expect(await purge(whole, { author: { identity: undefined } })).toEqual({
      waiting: 1,
      retained: 1,
      wills: 0,
    })
  })

  it('for a shared subscription go to another member where one client is not to have them', async () => {
    const whole = await defaultStack({ backend })
    await leave(whole, 'bob', '$share/g/t')
    const alice = await whole.client({ clientId: 'alice' })
    for (const i of [1, 2]) await alice.publish('t', `${i}`, { qos: i as 1 | 2 })
    await leave(whole, 'carol', '$share/g/t')
    expect((await purge(whole, { clientId: 'bob' })).waiting).toBe(2)
    await whole.settle()
    expect(await comeBack(whole, 'bob')).toEqual([])
    expect(await comeBack(whole, 'carol')).toEqual(['1', '2'])
    expect(whole.drops).toEqual([])
  })

  it('for a shared subscription go where all is purged, or nobody else is there', async () => {
    const whole = await defaultStack({ backend })
    await leave(whole, 'bob', '$share/g/t', 't')
    const alice = await whole.client({ clientId: 'alice' })
    await alice.publish('t', '1', { qos: 1 })
    expect((await purge(whole, { filter: '$share/other/t' })).waiting).toBe(0)
    expect((await purge(whole, { filter: '$share/g/t' })).waiting).toBe(1)
    await alice.publish('t', '2', { qos: 1 })
    expect((await purge(whole, { clientId: 'bob' })).waiting).toBe(3)
    expect(whole.drops.map(({ payload, reason }) => `${payload} ${reason}`)).toEqual([
      '1 purged',
      '1 purged',
      '2 purged',
      '2 purged',
    ])
  })

  it('that may have been sent at QoS 2 are not sent again: PUBREL ends the exchange', async () => {
    const whole = await defaultStack({ backend })
    const bob = await whole.client({ clientId: 'bob', clean: false })
    await bob.subscribe('t', { qos: 2 })
    bob.autoAck = false
    const alice = await whole.client({ clientId: 'alice' })
    await alice.publish('t', 'x', { qos: 2 })
    await bob.next('publish')
    await bob.drop()
    expect((await purge(whole, { filter: 't' })).waiting).toBe(1)
    const back = await whole.client({ clientId: 'bob', clean: false })
    await whole.settle()
    expect(back.received.map(({ cmd }) => cmd)).toEqual(['connack', 'pubrel'])
    expect(whole.memory.stats.messages).toBe(0)
  })

  it.each([true, false])(
    'leave the queue of a client that is connected (clean session: %s)',
    async (clean) => {
      const whole = await defaultStack({ backend, outboundManager: { inflight: 1 } })
      const bob = await whole.client({ clientId: 'bob', clean })
      await bob.subscribe('#', { qos: 1 })
      bob.autoAck = false
      const alice = await whole.client({ clientId: 'alice' })
      const topics = ['first', 'secret', 'open', 'secret', 'open']
      for (const [i, topic] of topics.entries()) await alice.publish(topic, `${topic} ${i}`, { qos: 1 })
      await whole.settle()
      expect((await purge(whole, { filter: 'secret' })).waiting).toBe(2)
      const first = await bob.next('publish')
      bob.autoAck = true
      bob.send({ cmd: 'puback', messageId: first.messageId })
      await whole.settle()
      const got = bob.received.flatMap((packet) =>
        packet.cmd === 'publish' ? [packet.payload.toString()] : [],
      )
      expect(got).toEqual(['first 0', 'open 2', 'open 4'])
      expect(whole.drops.map(({ payload, reason }) => `${payload} ${reason}`)).toEqual([
        'secret 1 purged',
        'secret 3 purged',
      ])
    },
  )
})
