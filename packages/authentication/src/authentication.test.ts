import type { Context, MiddlewareLike, Store } from '@mqtt-stack/core'
import { DONE, ReasonCode } from '@mqtt-stack/core'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { Authentication } from './index.ts'

type Answer = Store<'authenticateConnection'>

const provider = (
  answer: (ctx: Context<'authenticateConnection'>, store: Answer) => void | Promise<void>,
): MiddlewareLike => ({ name: 'Provider', authenticateConnection: (ctx, store) => answer(ctx, store) })

const answering = (answer: Answer): MiddlewareLike =>
  provider((_ctx, store) => void Object.assign(store, answer))

describe('who is let in', () => {
  it('is who a provider knows', async () => {
    const { client } = await testStack(new Authentication(), answering({ valid: true }), acceptAll())
    await client({ username: 'alice', password: 'secret' })
  })

  it('is no token: what stands for one that a provider takes for a name is the same each time, and lets nobody in', async () => {
    const { client, stack } = await testStack(new Authentication(), answering({ valid: true }), acceptAll())
    const token = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl'
    for (const [clientId, username] of [
      ['a', token],
      ['b', token],
      ['c', `${token}x`],
      ['d', 'eyJoan'],
    ] as const)
      await client({ clientId, username, password: '' })
    const names = [...stack.clients].map(({ session }) => session.identity)
    expect(names).toEqual([
      expect.stringMatching(/^token:[\da-f]{32}$/),
      names[0],
      expect.anything(),
      'eyJoan',
    ])
    expect(names[2]).not.toBe(names[0])
    expect(names.join()).not.toContain(token.slice(0, 12))
  })

  it('is asked of providers with user name, password, packet and connection', async () => {
    const asked: unknown[] = []
    const { client, stack } = await testStack(
      new Authentication(),
      provider(({ client: from, packet, username, password }, store) => {
        asked.push(from, packet.clientId, username, Buffer.from(password ?? []).toString())
        store.valid = true
      }),
      acceptAll(),
    )
    await client({ clientId: 'one', username: 'alice', password: 'secret' })
    expect(asked).toEqual([[...stack.clients][0], 'one', 'alice', 'secret'])
  })

  it('[MQTT-3.1.2-18] [MQTT-3.1.2-20] without a user name there is none, and no password', async () => {
    const asked: unknown[] = []
    const { client } = await testStack(
      new Authentication(),
      provider(({ username, password }, store) => {
        asked.push(username, password)
        store.valid = true
      }),
      acceptAll(),
    )
    await client()
    expect(asked).toEqual([undefined, undefined])
  })

  it('the first provider that decides is the last that is asked', async () => {
    const asked: string[] = []
    const named = (name: string, valid?: boolean): MiddlewareLike =>
      provider((_ctx, store) => {
        asked.push(name)
        if (valid !== undefined) store.valid = valid
      })
    const { client, open } = await testStack(
      new Authentication(),
      named('unsure'),
      provider(({ username }, store) => {
        asked.push('decides')
        store.valid = username === 'alice'
      }),
      named('never asked', true),
      acceptAll(),
    )
    await client({ username: 'alice' })
    expect((await open().connect({ username: 'bob' })).returnCode).toBe(4)
    expect(asked).toEqual(['unsure', 'decides', 'unsure', 'decides'])
  })

  it('waits for providers that take their time, and nobody behind sees the client before', async () => {
    let decide = (): void => {}
    const seen: string[] = []
    const { open, settle } = await testStack(
      new Authentication(),
      provider(
        (_ctx, store) =>
          new Promise<void>((resolve) => {
            decide = () => {
              store.valid = true
              resolve()
            }
          }),
      ),
      { name: 'Behind', handles: ['connect'], handle: (_client, { cmd }) => void seen.push(cmd) },
      acceptAll(),
    )
    const alice = open()
    const connack = alice.connect()
    connack.catch(() => {})
    await settle()
    expect(seen).toEqual([])
    decide()
    expect((await alice.next('connack')).returnCode).toBe(0)
    expect(seen).toEqual(['connect'])
  })

  it.each([
    ['what the provider says', { valid: true, identity: 'id of alice' }, 'id of alice'],
    ['the user name otherwise', { valid: true }, 'alice'],
  ])('has an identity: %s', async (_case, answer, identity) => {
    const { client, stack } = await testStack(new Authentication(), answering(answer), acceptAll())
    await client({ username: 'alice' })
    expect([...stack.clients][0].session.identity).toBe(identity)
  })

  it('has none who gave no user name', async () => {
    const { client, stack } = await testStack(new Authentication(), answering({ valid: true }), acceptAll())
    await client()
    expect([...stack.clients][0].session.identity).toBeUndefined()
  })
})

describe('who is refused', () => {
  const behind: MiddlewareLike = {
    name: 'Behind',
    handles: ['connect', 'publish'],
    handle: (_client, { cmd }) => {
      throw new Error(`saw a ${cmd}`)
    },
  }

  it.each([
    ['with a user name: 4', { username: 'alice' }, { valid: false }, 4],
    ['without: 5', {}, { valid: false }, 5],
    ['and nobody decided: 4', { username: 'alice' }, {}, 4],
    ['and nobody decided about nobody: 5', {}, {}, 5],
    ['as a provider says: 5', { username: 'alice' }, { valid: false, reasonCode: ReasonCode.BANNED }, 5],
    ['as a provider says: 3', {}, { valid: false, reasonCode: ReasonCode.SERVER_BUSY }, 3],
    [
      'as a provider says: 3, of rates',
      {},
      { valid: false, reasonCode: ReasonCode.CONNECTION_RATE_EXCEEDED },
      3,
    ],
    ['as a provider says: 2', {}, { valid: false, reasonCode: ReasonCode.CLIENT_IDENTIFIER_NOT_VALID }, 2],
  ])(
    '[MQTT-3.2.2-4] [MQTT-3.2.2-5] [MQTT-3.1.4-5] is told, closed, and heard no further: %s',
    async (_case, options, answer, returnCode) => {
      const { open, logger, settle } = await testStack(new Authentication(), answering(answer), behind)
      const alice = open()
      const connack = alice.connect(options)
      alice.send({ cmd: 'publish', topic: 'a', payload: '', qos: 0, dup: false, retain: false })
      expect(await connack).toMatchObject({ returnCode, sessionPresent: false })
      await alice.closed
      await settle()
      expect(logger.errors).toEqual([])
    },
  )

  it('[MQTT-3.2.2-6] is just closed where no return code fits', async () => {
    const answer = { valid: false, reasonCode: ReasonCode.MAXIMUM_CONNECT_TIME }
    const { open } = await testStack(new Authentication(), answering(answer), behind)
    const alice = open()
    await expect(alice.connect()).rejects.toThrow('the connection closed (received: nothing)')
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('no database')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no database'))],
    [
      'says yes and then fails',
      (store: Answer) => {
        store.valid = true
        return Promise.reject(new Error('no database'))
      },
    ],
  ])('with 3 when a provider %s, which is logged', async (_case, fail) => {
    const { open, logger } = await testStack(
      new Authentication(),
      provider((_ctx, store) => fail(store)),
      answering({ valid: true }),
      behind,
    )
    const alice = open()
    expect((await alice.connect({ username: 'alice' })).returnCode).toBe(3)
    await alice.closed
    expect(logger.errors).toEqual(['Provider (authenticateConnection): no database'])
  })

  it('is everybody where a provider is done without a decision', async () => {
    const { open } = await testStack(
      new Authentication(),
      { name: 'Undecided', authenticateConnection: () => DONE },
      answering({ valid: true }),
      behind,
    )
    expect((await open().connect()).returnCode).toBe(5)
  })

  it('leaves the connections of others alone', async () => {
    const { client, open } = await testStack(
      new Authentication(),
      provider(({ username }, store) => {
        if (username === 'bomb') throw new Error('boom')
        store.valid = true
      }),
      acceptAll(),
    )
    const alice = await client()
    await open().connect({ username: 'bomb' })
    expect(alice.stream.destroyed).toBe(false)
  })
})

it('a stack in which nobody could answer does not start', async () => {
  await expect(testStack(new Authentication(), acceptAll())).rejects.toMatchObject({
    code: 'CALLBACK_UNANSWERED',
    message: expect.stringContaining('authenticateConnection'),
  })
})

it('takes no options', () => {
  expect(() => new Authentication({ users: [] } as object)).toThrow(
    expect.objectContaining({ code: 'OPTION_UNKNOWN' }),
  )
})
