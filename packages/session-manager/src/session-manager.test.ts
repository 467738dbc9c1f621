import type {
  CallbackName,
  Client,
  Context,
  MiddlewareLike,
  SessionContext,
  Store,
  SubscribePacket,
  SubscriptionRecord,
  UnsubscribePacket,
} from '@mqtt-stack/core'
import { ReasonCode, Slot, StackError } from '@mqtt-stack/core'
import type { ConnectOptions, TestStack } from '@mqtt-stack/testing'
import { testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { SessionManagerOptions } from './options.ts'
import { SessionManager } from './session-manager.ts'

type Calls = { name: string; ctx: Record<string, unknown> }[]

/** What a store answers, by callback; callbacks that are not named are not answered. */
type Answers = { [Name in CallbackName]?: (ctx: Context<Name>, store: Store<Name>) => void | Promise<void> }

interface Setup extends TestStack {
  /** What was executed, in order. */
  readonly calls: Calls
  names(): string[]
  /** Core's end of a client that was accepted. */
  connect(options?: ConnectOptions): Promise<Client>
}

/** SessionManager alone, with a store of plain functions behind it. */
async function stackOf(answers: Answers = {}, options?: SessionManagerOptions): Promise<Setup> {
  const calls: Calls = []
  const store = {
    name: 'Store',
    ...Object.fromEntries(
      Object.entries(answers).map(([name, answer]) => [
        name,
        (ctx: object, answered: object) => {
          calls.push({ name, ctx: { ...ctx } })
          return (answer as (ctx: object, store: object) => void | Promise<void>)(ctx, answered)
        },
      ]),
    ),
  }
  const use = Object.keys(answers).length > 0 ? [store as MiddlewareLike] : []
  const test = await testStack(new SessionManager(options), ...use)
  return Object.assign(test, {
    calls,
    names: () => calls.map(({ name }) => name),
    async connect(connect: ConnectOptions = {}) {
      const known = new Set(test.stack.clients)
      await test.client(connect)
      return [...test.stack.clients].find((client) => !known.has(client)) as Client
    },
  })
}

const nothing = (): void => {}
const opened =
  (answer: Store<'openSession'>) =>
  (_ctx: unknown, store: Store<'openSession'>): void =>
    void Object.assign(store, answer)

const unclean = (client: Client): Context<'uncleanDisconnect'> => ({
  client,
  reasonCode: ReasonCode.UNSPECIFIED_ERROR,
  cause: undefined,
})

function record(topic: string, qos: 0 | 1 | 2 = 0): SubscriptionRecord {
  return { topic, qos, options: { topic, qos }, identifier: undefined }
}

function subscribing(client: Client, topic: string, qos: 0 | 1 | 2): Context<'subscribeTopic'> {
  const packet: SubscribePacket = { cmd: 'subscribe', packetId: 1, subscriptions: [{ topic, qos }] }
  const [options] = packet.subscriptions
  return { client, packet, topic, qos, options, identifier: undefined, share: undefined, restored: false }
}

function unsubscribing(client: Client, topic: string): Context<'unsubscribeTopic'> {
  const { id: clientId, epoch, session } = client
  const packet: UnsubscribePacket = { cmd: 'unsubscribe', packetId: 1, unsubscriptions: [topic] }
  return { client, clientId, epoch, session, topic, packet }
}

describe('CONNECT', () => {
  it('[MQTT-3.1.4-4] [MQTT-3.2.0-1] is accepted by a stack of nothing else', async () => {
    const { open } = await stackOf()
    for (const clean of [true, false]) {
      const alice = open()
      expect(await alice.connect({ clean })).toMatchObject({ returnCode: 0, sessionPresent: false })
    }
  })

  it('names clients, each differently, where no connection middleware does', async () => {
    const { connect } = await stackOf()
    const [one, two] = [await connect({ clientId: '' }), await connect({ clientId: '' })]
    expect(one.id).toMatch(/^auto-/)
    expect(one.id).not.toBe(two.id)
  })

  it.each([
    [true, { cleanStart: true, expiryInterval: 0 }],
    [false, { cleanStart: false, expiryInterval: 3_600 }],
  ])('[MQTT-3.1.3-2] opens the session of its client identifier (clean: %s)', async (clean, asked) => {
    const { connect, calls } = await stackOf({ openSession: nothing }, { maximumExpiry: 3_600 })
    const client = await connect({ clientId: 'alice', clean })
    expect(calls[0].name).toBe('openSession')
    expect(calls[0].ctx).toMatchObject({ clientId: 'alice', ...asked })
    expect(calls[0].ctx.client).toBe(client)
    expect(client.session.stored).toBe(!clean)
  })

  it.each([
    ['[MQTT-3.2.2-1]', true, true, 4, false],
    ['[MQTT-3.2.2-2]', false, true, 4, true],
    ['[MQTT-3.2.2-3]', false, false, 4, false],
    ['3.1 has no such byte:', false, true, 3, false],
  ] as const)(
    '%s clean %s, stored %s, level %i: session present %s',
    async (_number, clean, present, protocolVersion, told) => {
      const { open } = await stackOf({ openSession: opened({ present, epoch: 1 }) })
      expect(await open({ protocolVersion }).connect({ clean })).toMatchObject({
        returnCode: 0,
        sessionPresent: told,
      })
    },
  )

  it('[MQTT-3.1.2-6] [MQTT-3.1.4-3] forgets what was before a clean session, then answers', async () => {
    const { client, names, calls } = await stackOf({
      openSession: opened({ epoch: 7 }),
      clearSubscriptions: nothing,
      clearOfflineMessages: nothing,
      lookupSubscriptions: nothing,
      resumeSession: nothing,
      clientConnected: nothing,
    })
    const alice = await client({ clientId: 'alice' })
    expect(names()).toEqual([
      'openSession',
      'clearSubscriptions',
      'clearOfflineMessages',
      'resumeSession',
      'clientConnected',
    ])
    for (const { ctx } of calls.slice(1, 3)) expect(ctx).toMatchObject({ clientId: 'alice', epoch: 7 })
    expect(alice.received.map(({ cmd }) => cmd)).toEqual(['connack'])
  })

  it('[MQTT-3.1.2-4] [MQTT-4.1.0-1] brings back the subscriptions of a stored session, then answers', async () => {
    const { client, names, calls } = await stackOf({
      openSession: opened({ epoch: 7, present: true }),
      clearSubscriptions: nothing,
      lookupSubscriptions: (_ctx, store) => void store.push(record('a', 1), record('b/#', 2)),
      subscribeTopic: ({ qos }, store) => {
        store.grant = qos
      },
      resumeSession: nothing,
    })
    const alice = await client({ clean: false })
    expect(names()).toEqual([
      'openSession',
      'lookupSubscriptions',
      'subscribeTopic',
      'subscribeTopic',
      'resumeSession',
    ])
    expect(calls.slice(2, 4).map(({ ctx }) => [ctx.topic, ctx.qos, ctx.restored])).toEqual([
      ['a', 1, true],
      ['b/#', 2, true],
    ])
    expect(calls[4].ctx.present).toBe(true)
    await alice.expectNothing()
  })

  it.each<false | ReasonCode>([false, ReasonCode.NOT_AUTHORIZED])(
    'gives up a subscription that is not allowed any more (%s)',
    async (grant) => {
      const { client, calls } = await stackOf({
        openSession: opened({ epoch: 7, present: true }),
        lookupSubscriptions: (_ctx, store) => void store.push(record('yes'), record('no')),
        subscribeTopic: ({ topic }, store) => {
          store.grant = topic === 'yes' ? 0 : grant
        },
        unsubscribeTopic: nothing,
        removeSubscription: nothing,
      })
      await client({ clientId: 'alice', clean: false })
      const given = calls.filter(({ name }) => name !== 'subscribeTopic').slice(2)
      expect(given.map(({ name, ctx }) => [name, ctx.topic])).toEqual([
        ['removeSubscription', 'no'],
        ['unsubscribeTopic', 'no'],
      ])
      expect(given[0].ctx).toMatchObject({ clientId: 'alice', epoch: 7 })
    },
  )

  it('hands on the identifiers that await PUBREL', async () => {
    const { connect } = await stackOf({
      openSession: opened({ epoch: 1, present: true, inboundIds: [3, 9] }),
    })
    expect((await connect({ clean: false })).session.inboundIds?.list()).toEqual([3, 9])
  })

  it('lets nothing live overtake what was missed: resumeSession begins before anybody hears of the client', async () => {
    const order: string[] = []
    const { open, settle } = await stackOf({
      openSession: opened({ epoch: 1, present: true }),
      async resumeSession({ client }) {
        order.push(`resuming ${client.connected}`)
        await Promise.resolve()
        order.push('resumed')
      },
      clientConnected: () => void order.push('told'),
    })
    await open().connect({ clean: false })
    await settle()
    expect(order).toEqual(['resuming true', 'told', 'resumed'])
  })

  it.each([
    [
      'at once',
      () => {
        throw new Error('no log')
      },
    ],
    ['later', () => Promise.reject(new Error('no log'))],
  ])(
    'tells of a client also where resumeSession fails %s, which ends the connection',
    async (_when, resumeSession) => {
      const told: string[] = []
      const { open, logger, settle } = await stackOf({
        openSession: opened({ epoch: 1, present: true }),
        resumeSession,
        clientConnected: () => void told.push('connected'),
      })
      const device = open()
      await device.connect({ clean: false })
      await device.closed
      await settle()
      expect(told).toEqual(['connected'])
      expect(logger.errors).toHaveLength(1)
    },
  )
})

describe('a store that knows subscriptions alone, as the seed’s', () => {
  const seedlike = (kept: Map<string, SubscriptionRecord>): Answers => ({
    storeSubscription: ({ topic, qos, options, identifier }, store) => {
      store.existed = kept.has(topic)
      kept.set(topic, { topic, qos, options, identifier })
    },
    removeSubscription: ({ topic }, store) => {
      store.existed = kept.delete(topic)
    },
    clearSubscriptions: () => kept.clear(),
    lookupSubscriptions: (_ctx, store) => void store.push(...kept.values()),
    subscribeTopic: ({ qos }, store) => {
      store.grant = qos
    },
  })

  it('[MQTT-3.1.2-4] has its subscriptions restored', async () => {
    const kept = new Map([['a', record('a', 1)]])
    const { open, calls } = await stackOf(seedlike(kept))
    expect((await open().connect({ clean: false })).sessionPresent).toBe(true)
    expect(calls.filter(({ name }) => name === 'subscribeTopic').map(({ ctx }) => ctx.topic)).toEqual(['a'])
  })

  it('[MQTT-3.1.2-6] and cleared for a clean session', async () => {
    const kept = new Map([['a', record('a', 1)]])
    const { open } = await stackOf(seedlike(kept))
    expect((await open().connect({ clean: true })).sessionPresent).toBe(false)
    expect(kept.size).toBe(0)
    expect((await open().connect({ clean: false })).sessionPresent).toBe(false)
  })

  it('keeps those of a stored session when the connection ends, and forgets those of a clean one', async () => {
    const { connect, stack, names } = await stackOf(seedlike(new Map()))
    const stored = await connect({ clean: false })
    await stack.call('uncleanDisconnect', unclean(stored))
    expect(names()).not.toContain('clearSubscriptions')
    const clean = await connect()
    await stack.call('uncleanDisconnect', unclean(clean))
    expect(names().filter((name) => name === 'clearSubscriptions')).toHaveLength(2)
  })
})

describe('a CONNECT that is refused', () => {
  it.each([
    [ReasonCode.CLIENT_IDENTIFIER_NOT_VALID, 2],
    [ReasonCode.QUOTA_EXCEEDED, 3],
    [ReasonCode.NOT_AUTHORIZED, 5],
  ])(
    '[MQTT-3.2.2-4] [MQTT-3.2.2-5] by the store with %i is answered with %i',
    async (refused, returnCode) => {
      const { open, names } = await stackOf({
        openSession: opened({ refused, present: true }),
        clearSubscriptions: nothing,
        lookupSubscriptions: nothing,
        resumeSession: nothing,
        closeSession: nothing,
        clientConnected: nothing,
        sessionEnded: nothing,
      })
      const alice = open()
      expect(await alice.connect({ clean: false })).toMatchObject({ returnCode, sessionPresent: false })
      await alice.closed
      expect(names()).toEqual(['openSession'])
    },
  )

  it.each([
    [
      'throws',
      () => {
        throw new Error('no disk')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no disk'))],
  ])('with 3 when openSession %s, which is logged', async (_how, openSession) => {
    const { open, names, logger } = await stackOf({ openSession, closeSession: nothing })
    const alice = open()
    expect((await alice.connect()).returnCode).toBe(3)
    await alice.closed
    expect(logger.errors).toEqual(['Store (openSession): no disk'])
    expect(names()).toEqual(['openSession'])
  })

  const failing = [
    'clearSubscriptions',
    'clearOfflineMessages',
    'lookupSubscriptions',
    'subscribeTopic',
  ] as const

  it.each(failing)('with 3 when %s fails: the session is closed again', async (name) => {
    const clean = name.startsWith('clear')
    const { open, calls, logger } = await stackOf({
      openSession: opened({ epoch: 5, present: !clean }),
      lookupSubscriptions: (_ctx, store) => void store.push(record('a')),
      closeSession: nothing,
      resumeSession: nothing,
      [name]: () => Promise.reject(new Error('no disk')),
    })
    const alice = open({ clientId: 'alice' })
    expect((await alice.connect({ clean })).returnCode).toBe(3)
    await alice.closed
    expect(calls.at(-1)).toMatchObject({ name: 'closeSession', ctx: { clientId: 'alice', epoch: 5 } })
    expect(logger.errors).toEqual([`Store (${name}): no disk`])
  })
})

describe('a client that goes', () => {
  it('before its session is opened opens none', async () => {
    const test = await testStack(
      { name: 'Closer', handles: ['connect'], handle: (client) => client.close() },
      new SessionManager(),
      {
        name: 'Store',
        openSession: () => {
          throw new Error('opened')
        },
      },
    )
    await expect(test.open().connect()).rejects.toThrow('the connection closed')
    await test.settle()
    expect(test.logger.errors).toEqual([])
  })

  it('while its session is opened is not accepted, and its session is closed', async () => {
    let answer = (): void => {}
    const { connection, settle, names, calls } = await stackOf({
      openSession: (_ctx, store) =>
        new Promise<void>((resolve) => {
          answer = () => {
            store.epoch = 3
            resolve()
          }
        }),
      closeSession: nothing,
      resumeSession: nothing,
      clientConnected: nothing,
    })
    const { stream, client } = connection()
    stream.write(Buffer.from([0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 1, 0, 1, 0x61]))
    await settle()
    client.close()
    answer()
    await settle()
    expect(names()).toEqual(['openSession', 'closeSession'])
    expect(calls[1].ctx).toMatchObject({ clientId: 'a', epoch: 3, expiryInterval: 0 })
    expect(client.connected).toBe(false)
  })

  it.each(['cleanDisconnect', 'uncleanDisconnect'] as const)(
    'closes its session at %s, once',
    async (end) => {
      const { connect, stack, calls } = await stackOf({
        openSession: opened({ epoch: 3 }),
        closeSession: nothing,
      })
      const client = await connect({ clientId: 'alice', clean: false })
      const ctx = { client, reasonCode: 0, cause: undefined, packet: { cmd: 'disconnect' } as const }
      await stack.call(end, ctx)
      await stack.call('uncleanDisconnect', ctx)
      expect(calls.slice(1)).toMatchObject([
        { name: 'closeSession', ctx: { clientId: 'alice', epoch: 3, expiryInterval: 604_800 } },
      ])
      expect(client.session.client).toBeUndefined()
    },
  )

  it('and was accepted by somebody else has no session here to close', async () => {
    const calls: string[] = []
    const { client, stack } = await testStack(
      {
        name: 'Acceptor',
        handles: ['connect'],
        handle(from, _packet, _next, done) {
          from.accept()
          from.write({ cmd: 'connack', returnCode: 0, sessionPresent: false })
          done()
        },
      },
      new SessionManager(),
      { name: 'Store', closeSession: () => void calls.push('closeSession') },
    )
    await client()
    await stack.call('uncleanDisconnect', unclean([...stack.clients][0]))
    expect(calls).toEqual([])
  })

  it.each([
    [true, ['ended closed', 'closeSession']],
    [false, ['closeSession']],
  ])('[MQTT-3.1.2-6] ends its session with its connection, if it is clean: %s', async (clean, order) => {
    const seen: string[] = []
    const { connect, stack } = await stackOf({
      openSession: opened({ epoch: 3 }),
      closeSession: () => void seen.push('closeSession'),
      sessionEnded: ({ reason }) => void seen.push(`ended ${reason}`),
    })
    const client = await connect({ clean })
    await stack.call('uncleanDisconnect', unclean(client))
    expect(seen).toEqual(order)
  })
})

describe('subscriptions', () => {
  const answers: Answers = {
    openSession: opened({ epoch: 4 }),
    storeSubscription: (_ctx, store) => {
      store.existed = true
    },
    removeSubscription: (_ctx, store) => {
      store.existed = true
    },
  }

  it('[MQTT-3.1.2-5] of a session that is stored are stored and removed with it', async () => {
    const { connect, stack, calls } = await stackOf(answers)
    const client = await connect({ clientId: 'alice', clean: false })
    expect(await stack.call('subscribeTopic', subscribing(client, 'a', 1))).toMatchObject({ existed: true })
    expect(await stack.call('unsubscribeTopic', unsubscribing(client, 'a'))).toEqual({ existed: true })
    expect(calls.slice(1)).toMatchObject([
      { name: 'storeSubscription', ctx: { clientId: 'alice', epoch: 4, topic: 'a', qos: 1 } },
      { name: 'removeSubscription', ctx: { clientId: 'alice', epoch: 4, topic: 'a' } },
    ])
  })

  it('of a clean session are not', async () => {
    const { connect, stack, names } = await stackOf(answers)
    const client = await connect()
    await stack.call('subscribeTopic', subscribing(client, 'a', 1))
    await stack.call('unsubscribeTopic', unsubscribing(client, 'a'))
    expect(names()).toEqual(['openSession'])
  })

  it('are stored at the QoS that somebody before allowed', async () => {
    const { connect, stack, calls } = await stackOf(answers)
    const client = await connect({ clean: false })
    for (const grant of [0, 1, 2] as const)
      await stack.call('subscribeTopic', subscribing(client, 'a', 1), { grant })
    expect(calls.slice(1).map(({ ctx }) => ctx.qos)).toEqual([0, 1, 1])
  })
})

describe('the session object', () => {
  const note = new Slot(() => ({ text: '' }))

  it.each([
    ['is the same when the client comes back', 2, true],
    ['is a new one when somebody else had the session in between', 3, false],
  ])('%s', async (_case, second, same) => {
    let epoch = 1
    const { connect, stack } = await stackOf({
      openSession: (_ctx, store) => {
        store.epoch = epoch
        store.present = epoch > 1
      },
    })
    const first = await connect({ clientId: 'alice', clean: false })
    note.of(first.session).text = 'kept'
    await stack.call('uncleanDisconnect', unclean(first))
    epoch = second
    const back = await connect({ clientId: 'alice', clean: false })
    expect(note.of(back.session).text).toBe(same ? 'kept' : '')
    expect(back.session).toMatchObject({ clientId: 'alice', epoch: second, stored: true })
    expect(back.session.client).toBe(back)
  })

  it('is dropped, and said to have ended, by a clean start', async () => {
    const ended: string[] = []
    let epoch = 0
    const { connect, stack } = await stackOf({
      openSession: (_ctx, store) => {
        store.epoch = ++epoch
      },
      sessionEnded: ({ clientId, reason }) => void ended.push(`${clientId} ${reason}`),
    })
    const first = await connect({ clientId: 'alice', clean: false })
    await stack.call('uncleanDisconnect', unclean(first))
    const second = await connect({ clientId: 'alice', clean: true })
    expect(second.session).not.toBe(first.session)
    expect(ended).toEqual(['alice clean-start'])
  })
})

describe('the sweep', () => {
  /** A store with sessions that are over. */
  const expired = (ids: string[], remove: (ctx: SessionContext) => void | Promise<void>): Answers => ({
    lookupExpiredSessions({ limit }, store) {
      store.push(...ids.slice(0, limit).map((clientId) => ({ clientId, epoch: 1 })))
    },
    closeSession: remove,
    sessionEnded: nothing,
  })

  it('asks at its interval for what is over, removes, and tells', async () => {
    const ids = ['alice']
    const { advance, calls, clock } = await stackOf(
      expired(ids, ({ clientId }) => void ids.splice(ids.indexOf(clientId), 1)),
      { sweep: 5_000 },
    )
    await advance(4_999)
    expect(calls).toEqual([])
    await advance(1)
    expect(calls.slice(0, 3)).toMatchObject([
      { name: 'lookupExpiredSessions', ctx: { now: clock.now() } },
      { name: 'closeSession', ctx: { clientId: 'alice', epoch: 1, expiryInterval: 0 } },
      { name: 'sessionEnded', ctx: { clientId: 'alice', reason: 'expired' } },
    ])
  })

  it('ends as many as there are in one go, page by page', async () => {
    const ids = Array.from({ length: 250 }, (_, i) => `client-${i}`)
    const { advance } = await stackOf(
      expired(ids, ({ clientId }) => void ids.splice(ids.indexOf(clientId), 1)),
    )
    await advance(1_000)
    expect(ids).toEqual([])
  })

  it('goes on behind one that cannot be removed, and tries again at the next', async () => {
    const ids = ['bad', 'good']
    const { advance, logger } = await stackOf(
      expired(ids, ({ clientId }) => {
        if (clientId === 'bad') throw new Error('no disk')
        ids.splice(ids.indexOf(clientId), 1)
      }),
    )
    await advance(1_000)
    expect(ids).toEqual(['bad'])
    expect(logger.errors).toEqual(['Store (closeSession): no disk'])
    await advance(1_000)
    expect(logger.errors).toHaveLength(2)
  })

  it('does not run twice at a time, and runs again after a failure', async () => {
    let asked = 0
    let answer: (() => void) | undefined
    const { advance, logger, settle } = await stackOf({
      lookupExpiredSessions() {
        asked++
        if (asked > 1) throw new Error('no disk')
        return new Promise<void>((resolve) => {
          answer = resolve
        })
      },
    })
    await advance(10_000)
    expect(asked).toBe(1)
    answer?.()
    await settle()
    await advance(2_000)
    expect(asked).toBe(3)
    expect(logger.errors).toHaveLength(2)
  })

  it('ends with stop()', async () => {
    const { stop, advance, names } = await stackOf({ lookupExpiredSessions: nothing })
    await stop()
    await advance(60_000)
    expect(names()).toEqual([])
  })

  it('tells of no end of a session whose client is back', async () => {
    const { advance, names } = await stackOf({
      ...expired(['alice'], () => {}),
      closeSession() {
        throw new StackError('STALE_EPOCH', 'the client is back')
      },
    })
    await advance(1_000)
    expect(names()).toEqual(['lookupExpiredSessions', 'closeSession', 'lookupExpiredSessions'])
  })

  it('ends sessions itself where no store knows of their time', async () => {
    const test = await stackOf(
      { openSession: opened({ epoch: 1 }), sessionEnded: nothing },
      { maximumExpiry: 60 },
    )
    const { advance, calls } = test
    const client = await test.connect({ clientId: 'alice', clean: false })
    client.stack.execute('uncleanDisconnect', unclean(client))
    await advance(59_000)
    expect(calls.filter(({ name }) => name === 'sessionEnded')).toEqual([])
    await advance(2_000)
    const ends = calls.filter(({ name }) => name === 'sessionEnded')
    expect(ends).toMatchObject([{ ctx: { clientId: 'alice', reason: 'expired' } }])
  })
})

describe('options', () => {
  it.each([
    [{ maximumExpiry: 0 }, 'OPTION_INVALID'],
    [{ maximumExpiry: 2 ** 32 }, 'OPTION_INVALID'],
    [{ maximumExpiry: '7d' }, 'OPTION_INVALID'],
    [{ sweep: 9 }, 'OPTION_INVALID'],
    [{ expiry: 10 }, 'OPTION_UNKNOWN'],
  ])('%j: %s, naming the option', (options, code) => {
    const [name] = Object.keys(options)
    expect(() => new SessionManager(options as SessionManagerOptions)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(name) }),
    )
  })
})
