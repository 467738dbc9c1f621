/** How the answers of several handlers become one: the merge rules of the callback table. */
import { RecordingLogger, settle, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type {
  AuthenticateContext,
  AuthorizeContext,
  MergeRule,
  SubscribeContext,
} from '../contract/callbacks/index.ts'
import { CALLBACKS } from '../contract/callbacks/index.ts'
import { DONE } from '../contract/done.ts'
import { grantedQoS } from '../contract/grant.ts'
import type { MiddlewareLike } from '../contract/middleware.ts'
import type { RelayContext } from '../contract/relay.ts'
import { RelayStore } from '../contract/relay.ts'
import { ReasonCode } from '../packets/reason-codes.ts'
import { Stack } from './stack.ts'

declare module '@mqtt-stack/core' {
  interface Callbacks {
    /** For the tests of core. */
    testStock: { ctx: { item: number }; store: { refused?: boolean } }
    testRefused: { ctx: { item: number }; store: object }
  }
}

const AUTHENTICATE = { client: { listener: {} } } as AuthenticateContext
const AUTHORIZE = {} as AuthorizeContext
const SUBSCRIBE = {} as SubscribeContext
const DROPPED = {
  clientId: 'a',
  client: undefined,
  packet: undefined,
  reason: 'queue-full',
  count: 1,
} as never

/** A stack whose middlewares note that they were asked. */
function stackOf(...middlewares: Omit<MiddlewareLike, 'name'>[]): Stack {
  const stack = new Stack({ strict: true, logger: new RecordingLogger() })
  return stack.use(...middlewares.map((middleware, i) => ({ name: `M${i + 1}`, ...middleware })))
}

function named(rule: MergeRule): string[] {
  return Object.entries(CALLBACKS)
    .filter(([, { merge }]) => merge === rule)
    .map(([name]) => name)
}

describe('all', () => {
  it('runs every handler in the order of use()', async () => {
    const order: number[] = []
    const note = (i: number) => (): void => void order.push(i)
    const stack = stackOf({ closeClient: note(1) }, { closeClient: note(2) }, { closeClient: note(3) })
    await stack.call('closeClient', {} as never)
    expect(order).toEqual([1, 2, 3])
  })

  it('ends with the first error', async () => {
    let asked = false
    const stack = stackOf(
      {
        closeClient() {
          throw new Error('no')
        },
      },
      {
        closeClient() {
          asked = true
        },
      },
    )
    await expect(stack.call('closeClient', {} as never)).rejects.toThrow('no')
    expect(asked).toBe(false)
  })

  it('subscribeTopic ends with the first refusal, whether it is false or a reason code', async () => {
    for (const grant of [false, ReasonCode.NOT_AUTHORIZED] as const) {
      const stack = stackOf(
        {
          subscribeTopic(_ctx, store) {
            store.grant = grant
          },
        },
        {
          subscribeTopic(_ctx, store) {
            store.grant = 0
          },
        },
      )
      expect(await stack.call('subscribeTopic', SUBSCRIBE)).toEqual({ grant })
    }
  })

  it('subscribeTopic goes on after a grant', async () => {
    const stack = stackOf(
      {
        subscribeTopic(_ctx, store) {
          store.grant = 2
        },
      },
      {
        subscribeTopic(_ctx, store) {
          store.existed = true
        },
      },
    )
    expect(await stack.call('subscribeTopic', SUBSCRIBE)).toEqual({ grant: 2, existed: true })
  })
})

describe('done', () => {
  const veto = [
    ['returned', { relayMessage: () => DONE }],
    ['promised', { relayMessage: async () => DONE }],
    ['called', { relayMessage: (_ctx, _store, _next, done) => done() }],
    ['called later', { relayMessage: (_ctx, _store, _next, done) => void setImmediate(done) }],
  ] as const satisfies [string, Omit<MiddlewareLike, 'name'>][]

  it.each(veto)('is noted in the store of relayMessage: %s', async (_how, rule) => {
    let relayed = false
    const stack = stackOf(rule, {
      relayMessage() {
        relayed = true
      },
    })
    const store = await stack.call('relayMessage', {} as RelayContext, new RelayStore())
    expect([store.vetoed, relayed]).toEqual([true, false])
  })

  it('is not noted when all went on', async () => {
    const store = await stackOf({ relayMessage() {} }).call(
      'relayMessage',
      {} as RelayContext,
      new RelayStore(),
    )
    expect(store.vetoed).toBe(false)
  })
})

describe('first', () => {
  it('is the rule of authenticateConnection and authenticateExchange', () => {
    expect(named('first')).toEqual(['authenticateConnection', 'authenticateExchange'])
  })

  it.each([true, false])('ends when one has decided: %s', async (valid) => {
    const stack = stackOf(
      {
        authenticateConnection() {},
      },
      {
        authenticateConnection(_ctx, store) {
          store.valid = valid
        },
      },
      {
        authenticateConnection(_ctx, store) {
          store.valid = !valid
        },
      },
    )
    expect(await stack.call('authenticateConnection', AUTHENTICATE)).toEqual({ valid })
  })

  it('ends when one has decided later, by promise or by next', async () => {
    const never: Omit<MiddlewareLike, 'name'> = {
      authenticateConnection() {
        throw new Error('asked although it was decided')
      },
    }
    const byPromise: Omit<MiddlewareLike, 'name'> = {
      async authenticateConnection(_ctx, store) {
        await null
        store.valid = true
      },
    }
    const byNext: Omit<MiddlewareLike, 'name'> = {
      authenticateConnection(_ctx, store, next) {
        setImmediate(() => {
          store.valid = true
          next()
        })
      },
    }
    expect(await stackOf(byPromise, never).call('authenticateConnection', AUTHENTICATE)).toEqual({
      valid: true,
    })
    expect(await stackOf(byNext, never).call('authenticateConnection', AUTHENTICATE)).toEqual({ valid: true })
  })

  it('stays undecided when nobody decides', async () => {
    expect(
      await stackOf({ authenticateConnection() {} }).call('authenticateConnection', AUTHENTICATE),
    ).toEqual({})
    expect(await stackOf().call('authenticateConnection', AUTHENTICATE)).toEqual({})
  })
})

describe('veto', () => {
  const yes: Omit<MiddlewareLike, 'name'> = {
    authorizePacket(_ctx, store) {
      store.valid = true
    },
  }
  const no: Omit<MiddlewareLike, 'name'> = {
    authorizePacket(_ctx, store) {
      store.valid = false
      store.reasonCode = ReasonCode.NOT_AUTHORIZED
    },
  }
  const silent: Omit<MiddlewareLike, 'name'> = { authorizePacket() {} }

  it('is the rule of authorizePacket', () => {
    expect(named('veto')).toEqual(['authorizePacket'])
  })

  it('needs a yes', async () => {
    expect(await stackOf(silent).call('authorizePacket', AUTHORIZE)).toEqual({})
    expect(await stackOf(silent, yes, silent).call('authorizePacket', AUTHORIZE)).toEqual({ valid: true })
  })

  it('ends with the first no, which no later yes undoes', async () => {
    const refused = { valid: false, reasonCode: ReasonCode.NOT_AUTHORIZED }
    expect(await stackOf(yes, no, yes).call('authorizePacket', AUTHORIZE)).toEqual(refused)
    expect(await stackOf(no, yes).call('authorizePacket', AUTHORIZE)).toEqual(refused)
  })
})

describe('one', () => {
  it('is refused at start when two answer', () => {
    const stack = stackOf({ openSession() {} }, { openSession() {} })
    expect(() => stack.start()).toThrow(expect.objectContaining({ code: 'CALLBACK_CONTESTED' }))
  })

  it.each(named('one'))('%s may be answered by one, or by nobody', async (name) => {
    await testStack({ name: 'Only', [name]() {} })
    await testStack()
    await expect(testStack({ name: 'A', [name]() {} }, { name: 'B', [name]() {} })).rejects.toMatchObject({
      code: 'CALLBACK_CONTESTED',
    })
  })
})

describe('told', () => {
  it('reaches everybody who listens, and nothing comes back', () => {
    const told: number[] = []
    const stack = stackOf(
      { messageDropped: () => void told.push(1) },
      { messageDropped: () => void told.push(2) },
    )
    expect(stack.tell('messageDropped', DROPPED)).toBeUndefined()
    expect(told).toEqual([1, 2])
  })

  it('cannot fail the caller, and one who fails, stops or waits keeps nobody from being told', async () => {
    const told: number[] = []
    const errors: Error[] = []
    const stack = new Stack({ strict: true, errorHandler: (error) => void errors.push(error) })
    stack.use(
      {
        name: 'Throws',
        messageDropped() {
          throw new Error('thrown')
        },
      },
      { name: 'Rejects', messageDropped: async () => Promise.reject(new Error('rejected')) },
      { name: 'Done', messageDropped: () => DONE },
      { name: 'Waits', messageDropped: () => new Promise<void>(() => {}) },
      { name: 'Last', messageDropped: () => void told.push(5) },
    )
    stack.tell('messageDropped', DROPPED)
    await settle()
    expect(told).toEqual([5])
    expect(errors.map(({ message }) => message)).toEqual(['thrown', 'rejected'])
  })

  it('costs nothing when nobody listens', () => {
    expect(stackOf().tell('messageDropped', DROPPED)).toBeUndefined()
  })
})

describe('each', () => {
  it('is the rule of how a connection ended, and of what several know a part of', () => {
    expect(named('each')).toEqual([
      'settleClient',
      'cleanDisconnect',
      'uncleanDisconnect',
      'lookupMetrics',
      'lookupTop',
      'lookupOutbound',
      'lookupHealth',
      'lookupNodes',
      'lookupUsers',
      'lookupRules',
      'explainDelivery',
    ])
  })

  it('each waits for the one before, and one who fails or is done keeps nobody from being called', async () => {
    const log: string[] = []
    const errors: Error[] = []
    const stack = new Stack({ strict: true, errorHandler: (error) => void errors.push(error) })
    stack.use(
      {
        name: 'Slow',
        async cleanDisconnect() {
          await new Promise((resolve) => setImmediate(resolve))
          log.push('slow')
        },
      },
      { name: 'Rejects', cleanDisconnect: async () => Promise.reject(new Error('rejected')) },
      { name: 'Done', cleanDisconnect: () => DONE },
      { name: 'Last', cleanDisconnect: () => void log.push('last') },
    )
    await stack.call('cleanDisconnect', {} as never)
    expect(log).toEqual(['slow', 'last'])
    expect(errors.map(({ message }) => message)).toEqual(['rejected'])
  })

  it('keeps to it however it is executed', async () => {
    const log: string[] = []
    const errors: Error[] = []
    const stack = new Stack({ strict: true, errorHandler: (error) => void errors.push(error) })
    stack.use(
      {
        name: 'Throws',
        uncleanDisconnect() {
          throw new Error('thrown')
        },
      },
      { name: 'Last', uncleanDisconnect: () => void log.push('last') },
    )
    const failures: (Error | null)[] = []
    stack.execute('uncleanDisconnect', {} as never, {}, (error) => void failures.push(error))
    stack.tell('uncleanDisconnect', {} as never)
    await stack.chain('uncleanDisconnect').run({} as never, {})
    await settle()
    expect(log).toEqual(['last', 'last', 'last'])
    expect(failures).toEqual([null])
    expect(errors.map(({ message }) => message)).toEqual(['thrown', 'thrown', 'thrown'])
  })
})

describe('the guard of a rule', () => {
  /** A stack whose rule refuses item 0, whoever answers. */
  function guarded(...middlewares: MiddlewareLike[]): Stack {
    return new Stack({ strict: true, logger: new RecordingLogger() })
      .define('testStock', {
        merge: 'all',
        ended: (store) => {
          store.refused = true
        },
        guard: ({ item }, _store, stack) => {
          if (item > 0) return
          stack.tell('testRefused', { item })
          return DONE
        },
      })
      .define('testRefused', { merge: 'told' })
      .use(...middlewares)
  }

  it('comes before everybody who answers, and ends the chain', async () => {
    const told: number[] = []
    const asked: number[] = []
    const answers: MiddlewareLike = { name: 'Answers', testStock: ({ item }) => void asked.push(item) }
    const hears: MiddlewareLike = { name: 'Hears', testRefused: ({ item }) => void told.push(item) }
    const stack = guarded(answers, hears)
    stack.refresh()
    expect(await stack.call('testStock', { item: 1 })).toEqual({})
    expect(await stack.call('testStock', { item: 0 })).toEqual({ refused: true })
    expect([asked, told]).toEqual([[1], [0]])
  })

  it('that fails or answers anything else lets nobody through', async () => {
    const asked: unknown[] = []
    const stack = new Stack({ logger: new RecordingLogger() })
      .define('testStock', {
        merge: 'all',
        guard: ({ item }) => {
          if (item === 0) throw new Error('no stock')
          return Promise.resolve(DONE) as never
        },
      })
      .use({ name: 'Answers', testStock: ({ item }) => void asked.push(item) } as MiddlewareLike)
    stack.refresh()
    await expect(stack.call('testStock', { item: 0 })).rejects.toThrow('no stock')
    await expect(stack.call('testStock', { item: 1 })).rejects.toThrow(
      'Stack answered testStock with [object Promise]: return nothing, DONE or a promise',
    )
    expect(asked).toEqual([])
  })

  it('is no answer: nobody is asked where nobody answers', async () => {
    const stack = guarded()
    expect(stack.answers('testStock')).toBe(false)
    expect(await stack.call('testStock', { item: 0 })).toEqual({})
  })
})

describe('a store that stands last', () => {
  it('answers behind all others, wherever it was put', async () => {
    const order: string[] = []
    const note = (name: string, last?: boolean): MiddlewareLike => ({
      name,
      last,
      relayMessage: () => void order.push(name),
    })
    const stack = new Stack({ strict: true }).use(note('store', true), note('a'), note('b'))
    await stack.call('relayMessage', {} as RelayContext, new RelayStore())
    expect(order).toEqual(['a', 'b', 'store'])
  })

  it('starts first and stops last', async () => {
    const order: string[] = []
    const note = (name: string, last?: boolean): MiddlewareLike => ({
      name,
      last,
      start: () => void order.push(`${name} starts`),
      stop: () => void order.push(`${name} stops`),
    })
    const stack = new Stack({ strict: true }).use(note('store', true), note('a'), note('b'))
    await stack.start()
    await stack.stop()
    expect(order).toEqual(['store starts', 'b starts', 'a starts', 'a stops', 'b stops', 'store stops'])
  })
})

describe('grantedQoS', () => {
  it('is what was asked for, unless somebody before allowed less', () => {
    expect(grantedQoS({ qos: 2 }, {})).toBe(2)
    expect(grantedQoS({ qos: 2 }, { grant: 1 })).toBe(1)
    expect(grantedQoS({ qos: 0 }, { grant: 1 })).toBe(0)
  })
})

describe('a callback that is synchronous', () => {
  const later: [string, MiddlewareLike['sendMessage']][] = [
    // @ts-expect-error the compiler refuses a promise; JavaScript does not
    ['by a promise', async () => {}],
    // @ts-expect-error the same
    ['by a promise that fails', () => Promise.reject(new Error('late'))],
    ['by next, later', (_ctx, _store, next) => void setImmediate(next)],
  ]
  it.each(later)('fails where a handler answers %s, and goes no further', async (how, sendMessage) => {
    const errors: string[] = []
    const stack = new Stack({ errorHandler: ({ message }) => void errors.push(message) })
    let further = false
    stack.use(
      { name: 'Late', sendMessage },
      {
        name: 'Behind',
        sendMessage() {
          further = true
        },
      },
    )
    await expect(stack.call('sendMessage', {} as never)).rejects.toMatchObject({ code: 'ANSWER_INVALID' })
    await settle()
    expect(further).toBe(false)
    // What it comes to later is told, and moves nothing.
    expect(errors).toEqual(how.endsWith('fails') ? ['late'] : [])
  })

  it('goes on where all answer by return, or by next at once', async () => {
    const order: number[] = []
    const stack = stackOf(
      { sendMessage: () => void order.push(1) },
      {
        sendMessage(_ctx, _store, next) {
          order.push(2)
          next()
        },
      },
      { sendMessage: () => DONE },
      { sendMessage: () => void order.push(4) },
    )
    expect(await stack.call('sendMessage', {} as never)).toMatchObject({ dropped: true, reason: 'withheld' })
    expect(order).toEqual([1, 2])
  })
})
