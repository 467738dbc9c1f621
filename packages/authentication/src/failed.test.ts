import type { Context, MiddlewareLike, Store } from '@mqtt-stack/core'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { Authentication } from './index.ts'

type Failure = Omit<Context<'authenticationFailed'>, 'client'>

/** Says how each user name is answered, and notes what was told. */
function provider(): MiddlewareLike & { readonly told: Failure[] } {
  const told: Failure[] = []
  return {
    name: 'Provider',
    told,
    authenticateConnection(
      { username }: Context<'authenticateConnection'>,
      store: Store<'authenticateConnection'>,
    ) {
      if (username === 'broken') throw new Error('no database')
      if (username === 'alice') store.valid = true
      if (username === 'banned') Object.assign(store, { valid: false, reasonCode: 0x8a, reason: 'away' })
      if (username === 'unavailable') Object.assign(store, { valid: false, reasonCode: 0x88 })
      if (username === 'busy') Object.assign(store, { valid: false, reasonCode: 0x89 })
    },
    authenticateExchange(_ctx: object, store: Store<'authenticateExchange'>) {
      store.state = 'failure'
    },
    authenticationFailed({ client: _client, ...failure }: Context<'authenticationFailed'>) {
      told.push(failure)
    },
  }
}

describe('authenticationFailed', () => {
  it.each([
    ['a user whom nobody knows', { username: 'mallory', password: 'x' }, 0x86, 'not authenticated'],
    ['a client without a name', {}, 0x87, 'not authenticated'],
    ['a refusal with words of its own', { username: 'banned' }, 0x8a, 'away'],
  ])('is told of %s', async (_, given, reasonCode, reason) => {
    const us = provider()
    const { open } = await testStack(new Authentication(), us, acceptAll())
    await open({ protocolVersion: 5 }).connect(given)
    const { username } = given as { username?: string }
    expect(us.told).toEqual([{ username, method: undefined, reasonCode, reason }])
  })

  it('is told of an exchange, with its method', async () => {
    const us = provider()
    const { open } = await testStack(new Authentication(), us, acceptAll())
    await open({ protocolVersion: 5 }).connect({ properties: { authenticationMethod: 'M' } })
    expect(us.told).toEqual([
      { username: undefined, method: 'M', reasonCode: 0x87, reason: 'not authenticated' },
    ])
  })

  it('is not told of who is let in, nor where a provider fails or has no answer', async () => {
    const us = provider()
    const { client, open } = await testStack(new Authentication(), us, acceptAll())
    await client({ username: 'alice' })
    for (const username of ['broken', 'unavailable', 'busy']) await open().connect({ username })
    expect(us.told).toEqual([])
  })
})
