/** How callbacks are executed, asked for and defined. */
import { RecordingLogger, settle } from '@mqtt-stack/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { CallbackRule, Context, RetainedMessage, Store } from '../contract/callbacks/index.ts'
import type { Client } from '../contract/client.ts'
import type { MiddlewareLike } from '../contract/middleware.ts'
import { RelayContext, RelayStore } from '../contract/relay.ts'
import type { ExecuteCallback } from '../contract/stack.ts'
import type { ConnectPacket } from '../packets/packets.ts'
import { Publish } from '../packets/publish.ts'
import { Stack } from './stack.ts'

declare module '@mqtt-stack/core' {
  interface Callbacks {
    /** For the tests of core. */
    testPrice: { ctx: { item: string }; store: { euro?: number } }
    testPrices: { ctx: object; store: Map<string, number> }
  }
}

const PRICE: CallbackRule = { merge: 'all' }

function shop(...middlewares: MiddlewareLike[]): Stack {
  return new Stack({ strict: true, logger: new RecordingLogger() })
    .define('testPrice', PRICE)
    .use(...middlewares)
}

const seller: MiddlewareLike = {
  name: 'Seller',
  testPrice(ctx, store) {
    store.euro = ctx.item.length
  },
}
const slowSeller: MiddlewareLike = {
  name: 'SlowSeller',
  async testPrice(ctx, store) {
    await null
    store.euro = ctx.item.length
  },
}
const thief: MiddlewareLike = {
  name: 'Thief',
  testPrice() {
    throw new Error('stolen')
  },
}

describe('execute', () => {
  it('calls back with (null, ctx, store), at once when all answered at once', () => {
    const calls: Parameters<ExecuteCallback<'testPrice'>>[] = []
    const ctx = { item: 'lamp' }
    const store: Store<'testPrice'> = {}
    shop(seller).execute('testPrice', ctx, store, (...call) => calls.push(call))
    expect(calls).toEqual([[null, { item: 'lamp' }, { euro: 4 }]])
    expect(calls[0][1]).toBe(ctx)
    expect(calls[0][2]).toBe(store)
  })

  it('calls back later when somebody answers later', async () => {
    const calls: unknown[] = []
    shop(slowSeller).execute('testPrice', { item: 'lamp' }, {}, (error, _ctx, store) =>
      calls.push(error, store),
    )
    expect(calls).toEqual([])
    await settle()
    expect(calls).toEqual([null, { euro: 4 }])
  })

  it.each([thief, { name: 'SlowThief', testPrice: async () => Promise.reject(new Error('stolen')) }])(
    'calls back with the first error of $name',
    async (middleware) => {
      const errors: (Error | null)[] = []
      shop(middleware).execute('testPrice', { item: 'lamp' }, {}, (error) => errors.push(error))
      await settle()
      expect(errors).toMatchObject([{ message: 'stolen' }])
    },
  )

  it('needs neither store nor callback: an error then goes to errorHandler', async () => {
    const errors: string[] = []
    const stack = new Stack({ errorHandler: (error) => void errors.push(error.message) })
    stack.define('testPrice', PRICE).use(thief)
    stack.execute('testPrice', { item: 'lamp' })
    await settle()
    expect(errors).toEqual(['stolen'])
  })

  it('calls back once, and reports what the callback throws after a wait', async () => {
    const errors: string[] = []
    let calls = 0
    const stack = new Stack({ errorHandler: (error) => void errors.push(error.message) })
    stack.define('testPrice', PRICE).use(slowSeller)
    stack.execute('testPrice', { item: 'lamp' }, {}, () => {
      calls++
      throw new Error('of the caller')
    })
    await settle()
    expect([calls, errors]).toEqual([1, ['of the caller']])
  })

  it('throws what the callback throws at once, and calls it once', () => {
    let calls = 0
    const execute = (): void =>
      shop(seller).execute('testPrice', { item: 'lamp' }, {}, () => {
        calls++
        throw new Error('of the caller')
      })
    expect(execute).toThrow('of the caller')
    expect(calls).toBe(1)
  })

  it('is through at once when nobody answers', () => {
    const calls: unknown[] = []
    shop().execute('testPrice', { item: 'lamp' }, {}, (error, _ctx, store) => calls.push(error, store))
    expect(calls).toEqual([null, {}])
  })
})

describe('call', () => {
  it('resolves with the store', async () => {
    expect(await shop(seller).call('testPrice', { item: 'lamp' })).toEqual({ euro: 4 })
    expect(await shop(slowSeller).call('testPrice', { item: 'lamp' }, { euro: 1 })).toEqual({ euro: 4 })
  })

  it('makes the store by the callback’s rule where it is given none', async () => {
    const stack = shop({
      name: 'Stores',
      lookupRetainedMessages(_ctx, store) {
        store.push(kept)
      },
      lookupConnackProperties(_ctx, store) {
        store.set('serverKeepAlive', 7)
      },
      relayMessage(_ctx, store) {
        store.matched++
      },
      testPrices(_ctx, store) {
        store.set('lamp', 4)
      },
    })
    const packet = Publish.from({ topic: 'a' })
    const kept = { topic: 'a', packet, messageId: 1, expiresAt: 0 }
    const nobody = { clientId: '', identity: undefined }
    const client = {} as Client
    const connect = {} as ConnectPacket
    const found = await stack.call('lookupRetainedMessages', { topic: '#' })
    expectTypeOf(found).toEqualTypeOf<RetainedMessage[]>()
    expect(found).toEqual([kept])
    const asked = { client, packet: connect, sessionPresent: false }
    expect((await stack.call('lookupConnackProperties', asked)).values).toEqual({ serverKeepAlive: 7 })
    const relay = new RelayContext(undefined, packet, nobody, undefined)
    expect(await stack.call('relayMessage', relay)).toMatchObject({ matched: 1, queued: 0, vetoed: false })
    stack.define('testPrices', { merge: 'all', newStore: () => new Map() })
    expect(await stack.call('testPrices', {})).toEqual(new Map([['lamp', 4]]))
    const executed = await new Promise((resolve) => {
      stack.execute('testPrices', {}, undefined, (_error, _ctx, store) => resolve(store))
    })
    expect(executed).toEqual(new Map([['lamp', 4]]))
  })

  it('needs a rule that makes the store where an empty object is none', () => {
    // @ts-expect-error: a Map is no empty object.
    shop().define('testPrices', { merge: 'all' })
  })

  it('rejects with the first error', async () => {
    await expect(shop(thief, seller).call('testPrice', { item: 'lamp' })).rejects.toThrow('stolen')
  })

  it('rejects for a callback that nobody defined', async () => {
    await expect(new Stack().call('testPrice', { item: 'lamp' })).rejects.toMatchObject({
      code: 'CALLBACK_UNKNOWN',
    })
  })
})

describe('run', () => {
  it('answers nothing when all answered at once, and a promise otherwise', async () => {
    const store: Store<'testPrice'> = {}
    expect(shop(seller).run('testPrice', { item: 'lamp' }, store)).toBeUndefined()
    expect(store).toEqual({ euro: 4 })
    const later = shop(slowSeller).run('testPrice', { item: 'ladder' }, store)
    expect(store).toEqual({ euro: 4 })
    await later
    expect(store).toEqual({ euro: 6 })
  })

  it('throws the error of a handler that failed at once', () => {
    expect(() => shop(thief).run('testPrice', { item: 'lamp' }, {})).toThrow('stolen')
  })

  it('throws for a callback that nobody defined', () => {
    expect(() => new Stack().run('testPrice', { item: 'lamp' }, {})).toThrow(
      expect.objectContaining({ code: 'CALLBACK_UNKNOWN' }),
    )
  })
})

describe('answers and chain', () => {
  it('tell whether anybody answers', () => {
    expect(shop().answers('testPrice')).toBe(false)
    expect(shop(seller).answers('testPrice')).toBe(true)
    expect(shop(seller).chain('testPrice').answered).toBe(true)
  })

  it('a chain that was taken stays valid when middlewares join', () => {
    const stack = shop()
    const chain = stack.chain('testPrice')
    stack.use(seller)
    const store: Store<'testPrice'> = {}
    chain.run({ item: 'lamp' }, store)
    expect(store).toEqual({ euro: 4 })
  })

  it('a chain that was taken stays valid when a callback is defined', () => {
    const stack = shop(seller)
    const chain = stack.chain('testPrice')
    stack.define('testQuestion', { merge: 'all', newStore: () => [] })
    expect(stack.chain('testPrice')).toBe(chain)
    expect(chain.answered).toBe(true)
  })

  it('refuse a callback that nobody defined', () => {
    const stack = new Stack()
    expect(() => stack.answers('testPrice')).toThrow(expect.objectContaining({ code: 'CALLBACK_UNKNOWN' }))
    expect(() => stack.chain('testPrice')).toThrow(expect.objectContaining({ code: 'CALLBACK_UNKNOWN' }))
  })
})

describe('define', () => {
  it('finds middlewares that were there before', async () => {
    const stack = new Stack().use(seller)
    stack.define('testPrice', PRICE)
    expect(await stack.call('testPrice', { item: 'lamp' })).toEqual({ euro: 4 })
  })

  it('enforces the merge rule', async () => {
    const decided: MiddlewareLike = {
      name: 'Decided',
      testPrice(_ctx, store) {
        store.euro = 1
      },
    }
    const stack = new Stack().use(decided, seller)
    stack.define('testPrice', { merge: 'all', stops: (store) => store.euro !== undefined })
    expect(await stack.call('testPrice', { item: 'lamp' })).toEqual({ euro: 1 })
  })

  it('takes the same rule again, so that two middlewares may define what they share', () => {
    expect(() => shop().define('testPrice', PRICE)).not.toThrow()
  })

  it('is done by use() for what a middleware brings along', async () => {
    const asker: MiddlewareLike = {
      name: 'Asker',
      defines: { testPrice: PRICE },
      uses: ['testPrice'],
      start() {},
    }
    const stack = new Stack().use(asker, { ...asker, name: 'Another' }, seller)
    expect(await stack.call('testPrice', { item: 'lamp' })).toEqual({ euro: 4 })
    const other: CallbackRule = { merge: 'one' }
    expect(() => stack.use({ name: 'Stranger', defines: { testPrice: other }, start() {} })).toThrow(
      expect.objectContaining({ code: 'CALLBACK_REDEFINED' }),
    )
  })

  it('refuses another rule for a callback that is defined', () => {
    const other: CallbackRule = { merge: 'one' }
    expect(() => shop().define('testPrice', other)).toThrow(
      expect.objectContaining({ code: 'CALLBACK_REDEFINED' }),
    )
    expect(() => shop().define('relayMessage', { ...other, newStore: () => new RelayStore() })).toThrow(
      expect.objectContaining({ code: 'CALLBACK_REDEFINED' }),
    )
  })

  it.each([
    'name',
    'handles',
    'defines',
    'requires',
    'uses',
    'stack',
    'check',
    'start',
    'stop',
    'install',
    'handle',
    'config',
  ])('refuses the name of a member: %s', (name) => {
    expect(() => new Stack().define(name, PRICE)).toThrow(
      expect.objectContaining({ code: 'CALLBACK_RESERVED' }),
    )
  })
})

describe('types', () => {
  it('a callback merged through the package name is checked like core’s own', () => {
    const stack = shop()
    expectTypeOf<Context<'testPrice'>>().toEqualTypeOf<{ item: string }>()
    expectTypeOf(stack.call('testPrice', { item: 'lamp' })).resolves.toEqualTypeOf<{ euro?: number }>()
    expectTypeOf(stack.execute<'testPrice'>)
      .parameter(1)
      .toEqualTypeOf<{ item: string }>()
    // @ts-expect-error a context without what the map names
    const call = (): unknown => stack.call('testPrice', {})
    // @ts-expect-error a callback that no map names
    const other = (): unknown => stack.call('testNothing', {})
    expect([call, other]).toHaveLength(2)
  })
})
