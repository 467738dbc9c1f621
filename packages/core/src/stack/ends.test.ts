import type { Context, EndedRun, EndWatcher, MiddlewareLike, Store } from '@mqtt-stack/core'
import { DONE, probeOf, Stack } from '@mqtt-stack/core'
import { RecordingLogger } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'

type Answer = Store<'authorizePacket'>

const says = (name: string, answer: (store: Answer) => unknown): MiddlewareLike => ({
  name,
  authorizePacket: (_ctx, store) => answer(store) as undefined,
})

function stackOf(...middlewares: MiddlewareLike[]): Stack {
  return new Stack({ logger: new RecordingLogger() }).use(...middlewares)
}

/** Hears of all ends, or of those that it wants. */
function hearing(stack: Stack, wants: EndWatcher['wants'] = () => true): { told: string[]; end: () => void } {
  const told: string[] = []
  const ended = ({ callback, middleware, error }: EndedRun): void => {
    told.push(`${middleware} ${error === undefined ? 'ended' : 'failed in'} ${callback}`)
  }
  return { told, end: stack.observation.watchEnds({ wants, ended }) }
}

const ask = (stack: Stack): Promise<unknown> =>
  stack
    .call('authorizePacket', { client: probeOf(stack, {}) } as Context<'authorizePacket'>, {})
    .catch((error: Error) => error)

const no = (store: Answer): void => {
  store.valid = false
}

/** Each way to answer; `undefined` where the chain goes on. */
const WAYS: [string, NonNullable<MiddlewareLike['authorizePacket']>, string | undefined][] = [
  ['nothing', () => {}, undefined],
  ['done by return', () => DONE, 'ended'],
  ['done later', async () => DONE, 'ended'],
  ['a no in the store', (_ctx, store) => no(store), 'ended'],
  ['a no in the store, later', async (_ctx, store) => no(store), 'ended'],
  ['next', (_ctx, _store, next) => next(), undefined],
  ['a no and next', (_ctx, store, next) => [no(store), next()] as unknown as undefined, 'ended'],
  ['done()', (_ctx, _store, _next, done) => done(), 'ended'],
  [
    'next twice',
    (_ctx, _store, next) => [next(), next(new Error('again'))] as unknown as undefined,
    undefined,
  ],
  ['an error by next', (_ctx, _store, next) => next(new Error('no')), 'failed in'],
  ['an error by done', (_ctx, _store, _next, done) => done(new Error('no')), 'failed in'],
  [
    'a throw',
    () => {
      throw new Error('no')
    },
    'failed in',
  ],
  ['a rejection', () => Promise.reject(new Error('no')), 'failed in'],
  [
    'a rejection of one that declares next',
    (_ctx, _store, _next) => Promise.reject(new Error('no')),
    'failed in',
  ],
]

describe('whoever watches for ends', () => {
  it.each(WAYS)('hears of a handler that answers with %s', async (_way, authorizePacket, how) => {
    const plain = stackOf({ name: 'Gate', authorizePacket }, says('Behind', no))
    const stack = stackOf({ name: 'Gate', authorizePacket }, says('Behind', no))
    const { told } = hearing(stack, (_callback, { name }) => name === 'Gate')
    const answer = await ask(stack)
    expect(told).toEqual(how === undefined ? [] : [`Gate ${how} authorizePacket`])
    expect(answer).toEqual(await ask(plain))
  })

  it('is asked for each handler once, and not for each run, and hears no more when it ends that', async () => {
    const stack = stackOf(says('Gate', no))
    const asked: string[] = []
    const { told, end } = hearing(stack, (callback, { name }) => {
      asked.push(`${name} ${callback}`)
      return true
    })
    for (let i = 0; i < 3; i++) await ask(stack)
    expect(asked).toEqual(['Gate authorizePacket'])
    expect(told).toHaveLength(3)
    end()
    end()
    await ask(stack)
    expect(told).toHaveLength(3)
  })

  it('hears of handlers that came later, of packets, and of nothing that is told', async () => {
    const stack = stackOf()
    const { told } = hearing(stack)
    const gate: MiddlewareLike = { name: 'Gate', handle: () => DONE, clientConnected: () => DONE }
    stack.use(gate)
    const probe = probeOf(stack, {})
    stack.tell('clientConnected', { client: probe, packet: {}, present: false } as Context<'clientConnected'>)
    expect(told).toEqual([])
    await (stack as unknown as { dispatch(...args: unknown[]): unknown }).dispatch(
      probe,
      { cmd: 'pingreq' },
      12,
    )
    expect(told).toEqual(['Gate ended handle pingreq'])
  })

  it('is told to errorHandler where it throws, and the chain does not mind', async () => {
    const stack = stackOf(says('Gate', no))
    let calls = 0
    const ended = (): void => {
      calls++
      throw new Error('watcher')
    }
    stack.observation.watchEnds({ wants: () => true, ended })
    expect(await ask(stack)).toMatchObject({ valid: false })
    await ask(stack)
    expect(calls).toBe(1)
  })
})
