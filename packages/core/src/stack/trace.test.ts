import type { Context, MiddlewareLike, Store } from '@mqtt-stack/core'
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

const ask = (stack: Stack, store?: Answer) =>
  stack.trace(
    'authorizePacket',
    { client: probeOf(stack, {}), dry: true } as Context<'authorizePacket'>,
    store,
  )

describe('a trace', () => {
  it('tells what each handler said, in order, up to the one that ended the chain', async () => {
    const stack = stackOf(
      says('Silent', () => undefined),
      says('Yes', (store) => {
        store.valid = true
      }),
      says('Late', async (store) => {
        await undefined
        store.valid = true
        store.reason = 'why not'
      }),
      says('No', (store) => {
        store.valid = false
      }),
      says('Behind', (store) => {
        store.valid = true
      }),
    )
    const { store, steps } = await ask(stack)
    expect(store).toEqual({ valid: false, reason: 'why not' })
    expect(steps.map(({ middleware, asked, said, ended }) => [middleware, asked, said, ended])).toEqual([
      ['Silent', true, {}, false],
      ['Yes', true, { valid: true }, false],
      ['Late', true, { valid: true, reason: 'why not' }, false],
      ['No', true, { valid: false }, true],
      ['Behind', false, {}, false],
    ])
  })

  it('tells of lists that are changed in place, of done, and of next', async () => {
    const stack = stackOf(
      says('Lowers', (store) => {
        ;(store.grants as number[])[0] = 0x87
      }),
      { name: 'Next', authorizePacket: (_ctx, _store, next, _done) => next() },
      says('Done', () => DONE),
      says('Behind', () => undefined),
    )
    const { steps } = await ask(stack, { grants: [2, 1] })
    expect(steps.map(({ asked, said, ended }) => [asked, said, ended])).toEqual([
      [true, { grants: [0x87, 1] }, false],
      [true, {}, false],
      [true, {}, true],
      [false, {}, false],
    ])
  })

  it.each<[string, MiddlewareLike]>([
    [
      'throws',
      says('Fails', () => {
        throw new Error('no')
      }),
    ],
    ['rejects', says('Fails', () => Promise.reject(new Error('no')))],
    [
      'passes an error',
      { name: 'Fails', authorizePacket: (_ctx, _store, next, _done) => next(new Error('no')) },
    ],
  ])('has the error of a handler that %s, and never rejects', async (_how, fails) => {
    const { steps } = await ask(
      stackOf(
        fails,
        says('Behind', () => undefined),
      ),
    )
    expect(steps.map(({ middleware, asked, error }) => [middleware, asked, error?.message])).toEqual([
      ['Fails', true, 'no'],
      ['Behind', false, undefined],
    ])
  })

  it('says who is passed over by the listener', async () => {
    const provider = (name: string): MiddlewareLike => ({
      name,
      authenticateConnection: (_ctx, store) => {
        store.valid = name === 'Two'
      },
    })
    const stack = stackOf(provider('One'), provider('Two'))
    const client = probeOf(stack, { listener: { transport: 'tcp', local: false, providers: ['Two'] } })
    const { store, steps } = await stack.trace('authenticateConnection', {
      client,
      dry: true,
    } as Context<'authenticateConnection'>)
    expect(store.valid).toBe(true)
    expect(steps.map(({ asked }) => asked)).toEqual([false, true])
  })
})

describe('a probe', () => {
  it('is in no list, and is as if it were somebody', () => {
    const stack = stackOf(says('Any', () => undefined))
    const client = probeOf(stack, { clientId: 'lamp', identity: 'alice', groups: ['staff'] })
    expect(stack.clients.size).toBe(0)
    expect(client.id).toBe('lamp')
    expect(client.session).toMatchObject({ clientId: 'lamp', identity: 'alice', groups: ['staff'], client })
    client.write({ cmd: 'pingresp' })
  })
})
