/** What a handler may do, and what becomes of its chain: design rules on next, done, return, promises and throwing. */
import { RecordingLogger, settle, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Handler } from '../contract/callbacks/index.ts'
import { DONE } from '../contract/done.ts'
import type { Next } from '../contract/middleware.ts'
import { blameOf } from '../errors/blame.ts'
import type { StackError } from '../errors/errors.ts'
import { Stack } from './stack.ts'

declare module '@mqtt-stack/core' {
  interface Callbacks {
    /** For the tests of core. */
    testQuestion: { ctx: { asked?: string }; store: string[] }
  }
}

type TestHandler = Handler<'testQuestion'>

interface Question {
  stack: Stack
  /** Errors that reached errorHandler. */
  strays: Error[]
  /** Runs the chain: what was said, and the error it ended with. */
  ask: () => Promise<{ said: string[]; error: Error | undefined }>
}

const NAMES = ['First', 'Second', 'Third', 'Fourth']

function question(strict: boolean, ...handlers: TestHandler[]): Question {
  const strays: Error[] = []
  const stack = new Stack({
    strict,
    clock: new VirtualClock(),
    logger: new RecordingLogger(),
    errorHandler: (error) => void strays.push(error),
  })
  stack.define('testQuestion', { merge: 'all', newStore: () => [] })
  for (const [i, testQuestion] of handlers.entries()) stack.use({ name: NAMES[i], testQuestion })
  const ask: Question['ask'] = async () => {
    const said: string[] = []
    let error: Error | undefined
    await stack.call('testQuestion', {}, said).catch((failure: Error) => {
      error = failure
    })
    await settle()
    return { said, error }
  }
  return { stack, strays, ask }
}

function twice(first: () => void, second: () => void): void {
  first()
  second()
}

const says =
  (word: string): TestHandler =>
  (_ctx, store) =>
    void store.push(word)

describe.each([{ strict: true }, { strict: false }])('a chain, strict: $strict', ({ strict }) => {
  const on = (...handlers: TestHandler[]): Question => question(strict, ...handlers)

  describe('a handler that declares no next answers by return', () => {
    it('nothing: the chain goes on', async () => {
      const { ask } = on(says('a'), says('b'), says('c'))
      expect(await ask()).toEqual({ said: ['a', 'b', 'c'], error: undefined })
    })

    it('DONE: the chain ends without an error', async () => {
      const { ask } = on(says('a'), () => DONE, says('c'))
      expect(await ask()).toEqual({ said: ['a'], error: undefined })
    })

    it('a promise of nothing: the chain goes on when it is fulfilled', async () => {
      let open = (): void => {}
      const gate = new Promise<void>((resolve) => {
        open = resolve
      })
      const { stack } = on(says('a'), () => gate, says('c'))
      const said: string[] = []
      const through = stack.call('testQuestion', {}, said)
      await settle()
      expect(said).toEqual(['a'])
      open()
      await through
      expect(said).toEqual(['a', 'c'])
    })

    it('a promise of DONE: the chain ends', async () => {
      const { ask } = on(async () => DONE, says('b'))
      expect(await ask()).toEqual({ said: [], error: undefined })
    })

    it('a throw is that handler’s error and ends the chain', async () => {
      const { ask } = on(
        says('a'),
        () => {
          throw new Error('no')
        },
        says('c'),
      )
      const { said, error } = await ask()
      expect(said).toEqual(['a'])
      expect(error?.message).toBe('no')
      expect(blameOf(error as Error)).toEqual({ middleware: 'Second', callback: 'testQuestion' })
    })

    it('a rejection is that handler’s error and ends the chain', async () => {
      const { ask } = on(async () => {
        throw new Error('no')
      }, says('b'))
      const { said, error } = await ask()
      expect(said).toEqual([])
      expect(blameOf(error as Error)).toEqual({ middleware: 'First', callback: 'testQuestion' })
    })

    it('any object with a then is a promise', async () => {
      // biome-ignore lint/suspicious/noThenProperty: the subject
      const thenable = { then: (resolve: () => void) => resolve() } as unknown as Promise<void>
      const { ask } = on(() => thenable, says('b'))
      expect((await ask()).said).toEqual(['b'])
    })
  })

  describe('a handler that declares next answers by calling it', () => {
    it('next() goes on', async () => {
      const { ask } = on((_ctx, _store, next) => next(), says('b'))
      expect((await ask()).said).toEqual(['b'])
    })

    it('next() later goes on later', async () => {
      const { ask } = on((_ctx, _store, next) => void setImmediate(next), says('b'))
      expect((await ask()).said).toEqual(['b'])
    })

    it('done() ends the chain without an error', async () => {
      const { ask } = on((_ctx, _store, _next, done) => done(), says('b'))
      expect(await ask()).toEqual({ said: [], error: undefined })
    })

    it('done() later ends it later', async () => {
      const { ask } = on((_ctx, _store, _next, done) => void setImmediate(done), says('b'))
      expect(await ask()).toEqual({ said: [], error: undefined })
    })

    it.each([
      ['next', 'at once'],
      ['next', 'later'],
      ['done', 'at once'],
      ['done', 'later'],
    ])('%s(error) %s ends it with that error', async (which, when) => {
      const { ask } = on((_ctx, _store, next, done) => {
        const answer = (): void => (which === 'next' ? next : done)(new Error('no'))
        if (when === 'later') setImmediate(answer)
        else answer()
      }, says('b'))
      const { said, error } = await ask()
      expect([said, error?.message]).toEqual([[], 'no'])
      expect(blameOf(error as Error)?.middleware).toBe('First')
    })

    it('next(null) is next(), as callbacks of Node call it', async () => {
      const { ask } = on((_ctx, _store, next) => next(null), says('b'))
      expect(await ask()).toEqual({ said: ['b'], error: undefined })
    })

    it('next("what is no Error") becomes HANDLER_FAILED with the value as its cause', async () => {
      const { ask } = on((_ctx, _store, next) => next('oh'))
      expect((await ask()).error).toMatchObject({ code: 'HANDLER_FAILED', cause: 'oh' })
    })

    it('it alone continues the chain: the promise it returns does not', async () => {
      let goOn = (): void => {}
      const { stack } = on(async (_ctx, _store, next) => {
        goOn = next
      }, says('b'))
      const said: string[] = []
      const through = stack.call('testQuestion', {}, said)
      await settle()
      expect(said).toEqual([])
      goOn()
      await through
      expect(said).toEqual(['b'])
    })

    it('a promise it returns is watched: a rejection before the answer is its error', async () => {
      const { ask, strays } = on(async (_ctx, _store, _next) => {
        await null
        throw new Error('no')
      }, says('b'))
      const { said, error } = await ask()
      expect([said, error?.message, strays]).toEqual([[], 'no', []])
      expect(blameOf(error as Error)?.middleware).toBe('First')
    })

    it('a rejection after the answer goes to errorHandler and moves nothing', async () => {
      const { ask, strays } = on(async (_ctx, _store, next) => {
        next()
        await null
        throw new Error('afterwards')
      }, says('b'))
      expect(await ask()).toEqual({ said: ['b'], error: undefined })
      expect(strays.map(({ message }) => message)).toEqual(['afterwards'])
      expect(blameOf(strays[0])).toEqual({ middleware: 'First', callback: 'testQuestion' })
    })

    it('a throw before the answer is its error', async () => {
      const { ask, strays } = on((_ctx, _store, _next) => {
        throw new Error('no')
      }, says('b'))
      const { said, error } = await ask()
      expect([said, error?.message, strays]).toEqual([[], 'no', []])
    })

    it.each(['next', 'done'])('a throw after %s goes to errorHandler and moves nothing', async (which) => {
      const { ask, strays } = on((_ctx, _store, next, done) => {
        if (which === 'next') next()
        else done()
        throw new Error('afterwards')
      }, says('b'))
      expect(await ask()).toEqual({ said: which === 'next' ? ['b'] : [], error: undefined })
      expect(strays.map((error) => [error.message, blameOf(error)?.middleware])).toEqual([
        ['afterwards', 'First'],
      ])
    })
  })

  describe('an answer counts once', () => {
    it.each<[string, (next: Next, done: Next) => void]>([
      ['next, next', (next) => twice(next, next)],
      ['next, done', (next, done) => twice(next, done)],
      ['done, next', (next, done) => twice(done, next)],
      ['done, done', (_next, done) => twice(done, done)],
      ['next, next(error)', (next) => twice(next, () => next(new Error('no')))],
      ['next(error), next', (next) => twice(() => next(new Error('no')), next)],
    ])('%s at once is an error that names the middleware', async (answers, answer) => {
      const { ask, strays } = on((_ctx, _store, next, done) => answer(next, done), says('b'))
      const { said, error } = await ask()
      expect(said).toEqual(answers.startsWith('next,') ? ['b'] : [])
      expect(error?.message).toBe(answers.startsWith('next(error)') ? 'no' : undefined)
      expect(strays).toHaveLength(1)
      expect((strays[0] as StackError).code).toBe('NEXT_TWICE')
      expect(strays[0].message).toContain('First')
      expect(blameOf(strays[0])).toEqual({ middleware: 'First', callback: 'testQuestion' })
    })

    it('a late second next moves neither this chain nor the next one', async () => {
      const late: (() => void)[] = []
      const { ask, strays } = on((_ctx, _store, next) => {
        next()
        late.push(next)
      }, says('b'))
      await ask()
      const waiting = ask()
      late[0]()
      expect((await waiting).said).toEqual(['b'])
      expect(strays.map((error) => (error as StackError).code)).toEqual(['NEXT_TWICE'])
    })

    it('also when the handler is alone in its chain', async () => {
      const { ask, strays } = on((_ctx, _store, next) => {
        next()
        next()
      })
      await ask()
      expect(strays.map((error) => (error as StackError).code)).toEqual(['NEXT_TWICE'])
    })
  })

  it('what a handler throws that is no Error becomes one, with the value as its cause', async () => {
    const { ask } = on(() => {
      throw 'a string'
    })
    const { error } = await ask()
    expect(error).toMatchObject({ code: 'HANDLER_FAILED', cause: 'a string' })
    expect(error?.message).toContain('First')
  })

  it('an error keeps its first blame on its way through outer chains', async () => {
    const { stack, ask } = on(async () => {
      await stack.call('relayMessage', {} as never, {} as never)
    })
    stack.use({
      name: 'Inner',
      relayMessage() {
        throw new Error('deep down')
      },
    })
    expect(blameOf((await ask()).error as Error)).toEqual({ middleware: 'Inner', callback: 'relayMessage' })
  })

  it('calls handlers as methods of their middleware', async () => {
    const { stack } = on()
    const middleware = {
      name: 'Self',
      answer: 'mine',
      testQuestion(this: { answer: string }, _ctx: object, store: string[]) {
        store.push(this.answer)
      },
    }
    stack.use(middleware as never)
    expect(await stack.call('testQuestion', {}, [])).toEqual(['mine'])
  })

  it('goes on at once, without a promise, when all handlers answer at once', () => {
    const { stack } = on(says('a'), (_ctx, _store, next) => next(), says('c'))
    const said: string[] = []
    expect(stack.run('testQuestion', {}, said)).toBeUndefined()
    expect(said).toEqual(['a', 'c'])
  })

  it('an empty chain is through at once', () => {
    const { stack } = on()
    expect(stack.run('testQuestion', {}, [])).toBeUndefined()
  })
})

describe('strict', () => {
  it.each([true, 1, 'done', {}])('refuses the answer %j', async (answer) => {
    const { ask } = question(true, () => answer as never, says('b'))
    const { said, error } = await ask()
    expect(said).toEqual([])
    expect(error).toMatchObject({ code: 'ANSWER_INVALID' })
    expect(error?.message).toContain('First')
  })

  it.each([true, 1, 'done', {}])('refuses a promise of %j', async (answer) => {
    const { ask } = question(true, async () => answer as never, says('b'))
    const { said, error } = await ask()
    expect(said).toEqual([])
    expect(error).toMatchObject({ code: 'ANSWER_INVALID' })
  })

  it('refuses DONE of a handler that declares next', async () => {
    const { ask } = question(true, (_ctx, _store, _next) => DONE, says('b'))
    expect((await ask()).error).toMatchObject({ code: 'ANSWER_INVALID' })
  })

  it('without it, an answer that means nothing goes on', async () => {
    const { ask } = question(
      false,
      () => true as never,
      async () => 1 as never,
      says('c'),
    )
    expect(await ask()).toEqual({ said: ['c'], error: undefined })
  })
})
