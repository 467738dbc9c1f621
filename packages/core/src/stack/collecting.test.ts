/** Callbacks that collect what several middlewares know: one that fails or hangs takes nobody's answer along. */
import type { CallbackName, Context, Finding, MiddlewareLike } from '@mqtt-stack/core'
import { DONE, Stack } from '@mqtt-stack/core'
import { RecordingLogger, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { CALLBACKS } from '../contract/callbacks/callbacks.ts'

type Answer = (store: unknown[]) => unknown

/** Those whose store is a list that several middlewares push to. */
const COLLECTING = Object.entries(CALLBACKS)
  .filter(([, { merge, newStore }]) => merge !== 'one' && Array.isArray(newStore?.()))
  .map(([name]) => name as CallbackName)

const QUESTION = { topic: 'a', clientId: 'lamp', list: 'topics', limit: 10 }
const DELIVERY = { topic: 'a', clientId: 'lamp' }

function stackOf(callback: CallbackName, answers: Record<string, Answer>) {
  const clock = new VirtualClock()
  const failures: string[] = []
  const errorHandler = (error: Error): void => void failures.push(error.message)
  const stack = new Stack({ clock, logger: new RecordingLogger(), errorHandler })
  for (const [name, answer] of Object.entries(answers))
    stack.use({ name, [callback]: (_ctx: unknown, store: unknown[]) => answer(store) } as MiddlewareLike)
  return { stack, clock, failures }
}

const pushes =
  (name: string): Answer =>
  (store) => {
    store.push({ name })
  }

function held(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve!: () => void
  let reject!: (error: Error) => void
  const promise = new Promise<void>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

/** What was pushed, and which middlewares are said to have failed. */
const namesOf = (found: readonly object[]): unknown[] =>
  found.map((one) => ('by' in one ? one.by : 'name' in one ? one.name : one))

const ask = (stack: Stack, callback: CallbackName): Promise<object[]> =>
  stack.call(
    callback,
    (callback === 'explainDelivery' ? DELIVERY : QUESTION) as Context<CallbackName>,
  ) as Promise<object[]>

it('they are those that are meant', () => {
  expect(COLLECTING.sort()).toEqual([
    'explainDelivery',
    'lookupHealth',
    'lookupMetrics',
    'lookupNodes',
    'lookupRules',
    'lookupTop',
    'lookupUsers',
  ])
})

describe.each(COLLECTING)('%s', (callback) => {
  const isTold = callback === 'explainDelivery' || callback === 'lookupHealth'

  it.each<[string, Answer, string]>([
    [
      'throws',
      () => {
        throw new Error('broken')
      },
      'broken',
    ],
    ['rejects', () => Promise.reject(new Error('broken')), 'broken'],
    ['throws what is no error', () => Promise.reject('broken'), `Odd failed in ${callback}: broken`],
    ['hangs', () => new Promise(() => {}), `Odd has not answered ${callback} for 4000 ms`],
    [
      'pushes and fails later',
      async (store) => {
        store.push({ name: 'half' })
        await null
        throw new Error('broken')
      },
      'broken',
    ],
  ])('keeps what others know where one %s, and errorHandler is told once', async (how, odd, message) => {
    const { stack, clock, failures } = stackOf(callback, {
      First: pushes('First'),
      Odd: odd,
      Later: async (store) => void pushes('Later')(store),
      Last: pushes('Last'),
    })
    const asking = ask(stack, callback)
    await clock.advance(4_000)
    const half = how === 'pushes and fails later' ? ['half'] : []
    const expected = ['First', ...half, ...(isTold ? ['Odd'] : []), 'Later', 'Last']
    expect(namesOf(await asking)).toEqual(expected)
    await clock.advance(120_000)
    expect(failures).toEqual([message])
  })

  it('waits for all at once, and keeps their order', async () => {
    const hang: Answer = () => new Promise(() => {})
    const { stack, clock, failures } = stackOf(callback, {
      Late: (store) => Promise.resolve(store).then(pushes('Late')),
      First: hang,
      Second: hang,
      Last: pushes('Last'),
    })
    const asking = ask(stack, callback)
    await clock.advance(4_000)
    expect(namesOf(await asking)).toEqual(['Late', ...(isTold ? ['First', 'Second'] : []), 'Last'])
    expect(failures).toHaveLength(2)
  })

  it('is ended by nobody, and gets nothing that comes too late', async () => {
    const late = held()
    const { stack, clock } = stackOf(callback, {
      Done: () => DONE,
      Late: (store) => late.promise.then(() => pushes('Late')(store)),
      Last: pushes('Last'),
    })
    const asking = ask(stack, callback)
    await clock.advance(4_000)
    const found = await asking
    late.resolve()
    await clock.advance(1_000)
    expect(namesOf(found)).toEqual([...(isTold ? ['Late'] : []), 'Last'])
  })

  it('tells of an error that comes too late', async () => {
    const late = held()
    const { stack, clock, failures } = stackOf(callback, { Late: () => late.promise })
    const asking = ask(stack, callback)
    await clock.advance(4_000)
    await asking
    late.reject(new Error('too late'))
    await clock.advance(0)
    expect(failures).toEqual([`Late has not answered ${callback} for 4000 ms`, 'too late'])
  })

  it('is answered by return where everybody answers so', () => {
    const { stack } = stackOf(callback, { First: pushes('First'), Last: pushes('Last') })
    const store: object[] = []
    const ctx = (callback === 'explainDelivery' ? DELIVERY : QUESTION) as never
    expect(stack.run(callback, ctx, store as never)).toBeUndefined()
    expect(namesOf(store)).toEqual(['First', 'Last'])
  })
})

describe('one that failed is said', () => {
  const broken = (): never => {
    throw new Error('broken')
  }

  it('by explainDelivery, as a finding', async () => {
    const { stack } = stackOf('explainDelivery', { Bridge: broken })
    const text = 'Bridge could not say what it knows: broken'
    const finding: Finding = { middleware: 'Bridge', cause: 'explain-failed', text, by: 'Bridge' }
    expect(await stack.call('explainDelivery', DELIVERY)).toEqual([finding])
  })

  it('by lookupHealth, as a part that is not well', async () => {
    const { stack } = stackOf('lookupHealth', { Bridge: broken })
    const reason = 'it could not say how it is: broken'
    expect(await stack.call('lookupHealth', {})).toEqual([{ name: 'Bridge', healthy: false, reason }])
  })
})

describe('a question that is none, or that nobody answers, is an error of who asks', () => {
  const nobody = (callback: string, what: string): string => `nobody here answers ${callback}: add ${what}`

  it.each<[CallbackName, object, string, string]>([
    [
      'explainDelivery',
      DELIVERY,
      'CALLBACK_UNANSWERED',
      nobody('explainDelivery', 'Tracing of @mqtt-stack/tracing to the stack (option tracing of a broker)'),
    ],
    [
      'followTraffic',
      { terms: { clientId: 'a' }, see: () => {} },
      'CALLBACK_UNANSWERED',
      nobody('followTraffic', 'Tracing of @mqtt-stack/tracing to the stack (option tracing of a broker)'),
    ],
    [
      'lookupTop',
      { list: 'topics', limit: 1 },
      'CALLBACK_UNANSWERED',
      nobody('lookupTop', 'Metrics of @mqtt-stack/metrics to the stack (option metrics of a broker)'),
    ],
    ['explainDelivery', {}, 'OPTION_MISSING', 'explainDelivery: option "topic" is required: the topic name'],
    [
      'explainDelivery',
      { topic: 'a' },
      'OPTION_MISSING',
      'explainDelivery: option "clientId" is required: who should have got it',
    ],
    [
      'explainDelivery',
      { topic: 'a', clientld: 'lamp' },
      'OPTION_UNKNOWN',
      'explainDelivery: unknown option "clientld" (did you mean "clientId"?)',
    ],
    [
      'explainDelivery',
      { topic: 1, clientId: 'lamp' },
      'OPTION_INVALID',
      'explainDelivery: option "topic" must be a string, not 1',
    ],
    [
      'explainDelivery',
      'a/b' as unknown as object,
      'OPTION_INVALID',
      'explainDelivery: options must be an object, not "a/b"',
    ],
    ['explainDelivery', { topic: 'a/#', clientId: 'lamp' }, 'TOPIC_INVALID', 'not a topic name: "a/#"'],
  ])('%s %o', async (callback, ctx, code, message) => {
    const { stack } = stackOf('clientConnected', {})
    await expect(stack.call(callback, ctx as never)).rejects.toMatchObject({ code, message })
    expect(() => stack.run(callback, ctx as never, [] as never)).toThrow(message)
  })
})
