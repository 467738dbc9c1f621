/** A listener says which providers are asked who its clients are. */
import type { Context, Listener, MiddlewareLike, Store } from '@mqtt-stack/core'
import { ReasonCode } from '@mqtt-stack/core'
import type { TestStack } from '@mqtt-stack/testing'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { Authentication } from './index.ts'

/** A stranger's provider: it knows nothing of listeners. */
function knows(name: string, user: string, method?: string): MiddlewareLike {
  return {
    name,
    authenticateConnection(
      { username }: Context<'authenticateConnection'>,
      store: Store<'authenticateConnection'>,
    ): void {
      if (username === user) store.valid = true
    },
    ...(method !== undefined && {
      authenticateExchange(
        ctx: Context<'authenticateExchange'>,
        store: Store<'authenticateExchange'>,
        next: () => void,
      ): void {
        if (ctx.method === method) {
          store.state = 'success'
          store.identity = user
        }
        next()
      },
    }),
  }
}

const HOUSE: Listener = { transport: 'tcp', local: true, name: 'house', providers: ['House'] }
const WORLD: Listener = { transport: 'tls', local: false, name: 'world', providers: ['World', 'Other'] }
const ANY: Listener = { transport: 'tcp', local: false }

function stackOfBoth(): Promise<TestStack> {
  return testStack(
    new Authentication(),
    knows('House', 'alice', 'house'),
    knows('World', 'bob', 'world'),
    acceptAll(),
  )
}

describe('providers of a listener', () => {
  it('are asked who a client is, and no others are', async () => {
    const { open } = await stackOfBoth()
    const answer = async (username: string, listener: Listener): Promise<number | undefined> => {
      const { returnCode } = await open({ listener }).connect({ username, password: 'x' })
      return returnCode
    }
    expect(await answer('alice', HOUSE)).toBe(0)
    expect(await answer('bob', HOUSE)).toBe(4)
    expect(await answer('alice', WORLD)).toBe(4)
    expect(await answer('bob', WORLD)).toBe(0)
    expect(await answer('alice', ANY)).toBe(0)
    expect(await answer('bob', ANY)).toBe(0)
    expect(await answer('alice', { ...HOUSE, providers: [] })).toBe(4)
  })

  it('are asked for an exchange, and no others are (5.0)', async () => {
    const { open } = await stackOfBoth()
    const answer = async (method: string, listener: Listener): Promise<number | undefined> => {
      const client = open({ listener, protocolVersion: 5 })
      const { reasonCode } = await client.connect({ properties: { authenticationMethod: method } })
      return reasonCode
    }
    expect(await answer('house', HOUSE)).toBe(0)
    expect(await answer('world', HOUSE)).toBe(ReasonCode.BAD_AUTHENTICATION_METHOD)
    expect(await answer('house', WORLD)).toBe(ReasonCode.BAD_AUTHENTICATION_METHOD)
    expect(await answer('world', WORLD)).toBe(0)
    expect(await answer('house', ANY)).toBe(0)
  })
})
