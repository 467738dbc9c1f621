/** What start() checks, and the listing that every complaint ends with. */
import { Authentication } from '@mqtt-stack/authentication'
import { Connection } from '@mqtt-stack/connection'
import { SessionManager } from '@mqtt-stack/session-manager'
import { RecordingLogger, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { defaultStack } from '../../../../test/rig/default-stack.ts'
import type { MiddlewareLike } from '../contract/middleware.ts'
import type { ErrorCode, StackError } from '../errors/errors.ts'
import { Stack } from './stack.ts'

function stackOf(...middlewares: MiddlewareLike[]): Stack {
  return new Stack({ strict: true, logger: new RecordingLogger() }).use(...middlewares)
}

/** What start() says. */
function complaint(...middlewares: MiddlewareLike[]): StackError {
  try {
    void stackOf(...middlewares).start()
  } catch (error) {
    return error as StackError
  }
  throw new Error('start() found nothing wrong')
}

const backend: MiddlewareLike = { name: 'Backend', openSession() {}, relayMessage() {} }

describe('start() refuses', () => {
  it('a required callback that nobody answers', () => {
    const error = complaint({ name: 'Needy', handle() {}, requires: ['openSession'] })
    expect(error.code).toBe('CALLBACK_UNANSWERED')
    expect(error.message).toMatch(/Needy.*"openSession"/)
  })

  it('two answerers where one is meant', () => {
    const error = complaint(backend, { name: 'Other', openSession() {} })
    expect(error.code).toBe('CALLBACK_CONTESTED')
    expect(error.message).toMatch(/"openSession".*Backend and Other/)
  })

  it('a middleware that does nothing', () => {
    expect(complaint({ name: 'Idle' }).code).toBe('MIDDLEWARE_IDLE')
  })

  it('a middleware whose methods nobody would call, and names them', () => {
    const error = complaint({ name: 'Typo', deliver() {} } as MiddlewareLike)
    expect(error.code).toBe('MIDDLEWARE_IDLE')
    expect(error.message).toContain('deliver')
  })

  it('an executed callback that nobody defined, required or not', () => {
    for (const executed of [{ requires: ['brewTea'] }, { uses: ['brewTea'] }]) {
      const error = complaint({ name: 'Lost', handle() {}, ...executed } as unknown as MiddlewareLike)
      expect(error.code).toBe('CALLBACK_UNKNOWN')
      expect(error.message).toMatch(/Lost.*"brewTea"/)
    }
  })

  it('a packet type that there is not', () => {
    const error = complaint({ name: 'Deaf', handle() {}, handles: ['publsih'] } as unknown as MiddlewareLike)
    expect(error.code).toBe('MIDDLEWARE_INVALID')
    expect(error.message).toMatch(/Deaf.*"publsih"/)
  })

  it('and prints who answers what', () => {
    const listings = [
      complaint(backend, { name: 'Idle' }),
      complaint(backend, { name: 'Needy', handle() {}, requires: ['closeSession'] }),
      complaint(backend, { name: 'Other', openSession() {} }),
    ]
    for (const { message } of listings)
      expect(message).toMatch(/\n\nStack\n {2}Backend {0,2} {2}answers openSession, relayMessage\n/)
  })
})

describe('start() accepts', () => {
  it('a stack without middlewares', async () => {
    await stackOf().start()
  })

  it('a used callback that nobody answers', async () => {
    await stackOf({ name: 'Modest', handle() {}, uses: ['openSession'] }).start()
  })

  it('two answerers where all are asked', async () => {
    await stackOf(backend, { name: 'Rule', relayMessage() {} }).start()
  })

  it.each(['handle', 'install', 'start', 'stop', 'relayMessage'])(
    'a middleware that has nothing but %s',
    async (member) => {
      await stackOf({ name: 'Small', [member]() {} }).start()
    },
  )

  it('two middlewares of one name', async () => {
    await stackOf({ name: 'Same', handle() {} }, { name: 'Same', handle() {} }).start()
  })
})

describe('use() refuses', () => {
  it.each([undefined, null, 'Middleware', {}, { name: 5 }, class Forgot {}])('%s', (middleware) => {
    const use = (): unknown => stackOf(middleware as never)
    const code: ErrorCode = 'MIDDLEWARE_INVALID'
    // A class that was not instantiated is a function with a name.
    expect(use).toThrow(expect.objectContaining({ code }))
  })

  it('everything once the stack has started', async () => {
    const stack = stackOf()
    await stack.start()
    expect(() => stack.use(backend)).toThrow(expect.objectContaining({ code: 'STACK_RUNNING' }))
  })
})

describe('String(stack)', () => {
  it('lists who handles, answers and executes what, in order', () => {
    const stack = stackOf(
      { name: 'Ping', handle() {}, handles: ['pingreq', 'connect'], uses: ['closeClient'] },
      { name: 'Spy', handle() {} },
      { name: 'Sessions', closeClient() {}, requires: ['openSession'], uses: ['clientConnected'] },
      backend,
    )
    expect(String(stack)).toBe(
      [
        'Stack',
        '  Ping      handle pingreq, connect; executes closeClient',
        '  Spy       handle every packet',
        '  Sessions  answers closeClient; executes openSession, clientConnected',
        '  Backend   answers openSession, relayMessage',
      ].join('\n'),
    )
  })

  it('lists callbacks that were defined', () => {
    const stack = stackOf({ name: 'Shop', testPrice() {} }).define('testPrice', { merge: 'all' })
    expect(String(stack)).toBe('Stack\n  Shop  answers testPrice')
  })

  it('works for a stack without middlewares', () => {
    expect(String(stackOf())).toBe('Stack')
  })
})

describe('the order of a stack', () => {
  const asks: MiddlewareLike = { name: 'Asks', handle() {}, uses: ['authenticateConnection'] }
  const opens: MiddlewareLike = { name: 'Opens', handle() {}, behind: ['authenticateConnection'] }

  it('is refused where somebody would act before it is decided, naming both', () => {
    const error = complaint(opens, asks)
    expect(error.code).toBe('ORDER_INVALID')
    expect(error.message).toMatch(/^Opens must stand behind Asks, which executes "authenticateConnection"/)
    expect(() => stackOf(asks, opens).start()).not.toThrow()
  })

  it('of the built-ins: SessionManager before Authentication is refused', () => {
    const provider: MiddlewareLike = { name: 'Provider', authenticateConnection() {} }
    const error = complaint(new Connection(), new SessionManager(), new Authentication(), provider)
    expect(error.code).toBe('ORDER_INVALID')
    expect(error.message).toMatch(/^SessionManager must stand behind Authentication/)
  })
})

describe('start() warns of', () => {
  /** What start() logs as warnings. */
  async function warnings(...middlewares: MiddlewareLike[]): Promise<string[]> {
    const logger = new RecordingLogger()
    const stack = new Stack({ logger, clock: new VirtualClock() }).use(...middlewares)
    await stack.start()
    await stack.stop()
    return logger.warnings
  }

  it.each(['authenticateConnection', 'authenticateExchange', 'authorizePacket'])(
    'somebody who answers %s where nobody asks',
    async (callback) => {
      const [warning] = await warnings({ name: 'Provider', [callback]() {} } as MiddlewareLike)
      expect(warning).toContain(`Provider answers ${callback}, but nobody asks`)
    },
  )

  it('the same for a callback of one’s own, in the words of its rule', async () => {
    const defines = { testPrice: { merge: 'first', unasked: 'all is free' } } as const
    const shop: MiddlewareLike = { name: 'Shop', defines, testPrice() {} }
    expect(await warnings(shop)).toEqual(['Shop answers testPrice, but nobody asks: all is free'])
  })

  it('a stack that opens sessions and has no keep alive and no wills', async () => {
    const store: MiddlewareLike = { name: 'Store', lookupDueWills() {} }
    const said = await warnings(new Connection(), new SessionManager(), store)
    expect(said).toHaveLength(2)
    expect(said.join()).toMatch(/LastWill.*KeepAlive/)
  })

  it('nothing where all is there', async () => {
    const { stack, logger } = await defaultStack()
    expect(logger.warnings).toEqual([])
    await stack.stop()
  })
})
