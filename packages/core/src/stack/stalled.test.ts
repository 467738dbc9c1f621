/** Handlers that do not answer: nobody waits for them without a bound. */
import type { TestStack } from '@mqtt-stack/testing'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Context } from '../contract/callbacks/index.ts'
import { DONE } from '../contract/done.ts'
import type { MiddlewareLike } from '../contract/middleware.ts'
import { bounded } from '../time/bounded.ts'
import { judgeEvery } from '../time/judge.ts'
import type { Steps } from '../time/steps.ts'
import { proceed } from '../time/steps.ts'

/** A promise, and how to settle it. */
function held(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let [resolve, reject]: [() => void, (error: Error) => void] = [() => {}, () => {}]
  const promise = new Promise<void>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

/** A stack, what it told of stalled handlers, and the errors that nobody waited for. */
async function watched(
  ...middlewares: MiddlewareLike[]
): Promise<TestStack & { told: string[]; errors: string[] }> {
  const told: string[] = []
  const errors: string[] = []
  const listener: MiddlewareLike = {
    name: 'Listener',
    handlerStalled({ middleware, callback }: Context<'handlerStalled'>) {
      told.push(`${middleware} ${callback}`)
    },
  }
  const use = [...middlewares, acceptAll(), listener]
  const options = { errorHandler: (error: Error) => void errors.push(error.message) }
  return Object.assign(await testStack({ use, options }), { told, errors })
}

const relay = {} as Context<'relayMessage'>
const empty = {} as never

describe('a handler that is slow', () => {
  it('leaves one line, with how long it has taken so far', async () => {
    const { promise, resolve } = held()
    const { stack, advance, logger } = await watched({ name: 'Slow', resumeSession: () => promise })
    const call = stack.call('resumeSession', { clientId: 'one' } as never)
    await advance(900)
    expect(logger.lines).toEqual([])
    await advance(9_100)
    expect(logger.lines).toEqual([
      {
        level: 'warn',
        message: expect.stringMatching(/^Slow has taken [12]000 ms to answer resumeSession so far$/),
        cause: expect.objectContaining({ event: 'handler.slow', middleware: 'Slow', clientId: 'one' }),
      },
    ])
    resolve()
    await call
  })

  it('of many leaves as many lines as the log takes, and their number', async () => {
    const { promise, resolve } = held()
    const each = (): Promise<void> => promise.then(() => {})
    const { stack, advance, logger } = await watched({ name: 'Slow', resumeSession: each })
    const calls = Array.from({ length: 500 }, () => stack.call('resumeSession', empty))
    await advance(5_000)
    expect(logger.events('handler.slow')).toHaveLength(100)
    expect(logger.events('log.limited')).toEqual([
      expect.objectContaining({ limited: 'handler.slow', count: 400 }),
    ])
    resolve()
    await Promise.all(calls)
  })

  it('is not one that waits for another', async () => {
    const test = await watched({
      name: 'Outer',
      resumeSession() {
        return proceed(
          (function* () {
            yield test.stack.run('clearOfflineMessages', empty, {})
          })(),
        )
      },
      clearOfflineMessages: () => held().promise,
    })
    test.stack.call('resumeSession', empty).catch(() => {})
    await test.advance(10_000)
    expect(test.logger.events('handler.slow').map(({ callback }) => callback)).toEqual([
      'clearOfflineMessages',
    ])
  })
})

describe('a handler that does not answer', () => {
  it('is told, and its caller gets HANDLER_STALLED', async () => {
    const { stack, advance, told } = await watched({ name: 'Stuck', resumeSession: () => held().promise })
    const call = stack.call('resumeSession', empty).catch((error) => error)
    await advance(29_000)
    expect(told).toEqual([])
    await advance(2_000)
    expect(told).toEqual(['Stuck resumeSession'])
    expect(await call).toMatchObject({ code: 'HANDLER_STALLED' })
  })

  it('moves nothing with what it answers later', async () => {
    const { promise, resolve } = held()
    let behind = 0
    const { stack, advance } = await watched(
      { name: 'Late', resumeSession: () => promise },
      { name: 'Behind', resumeSession: () => void behind++ },
    )
    const call = stack.call('resumeSession', empty).catch((error) => error.code)
    await advance(31_000)
    resolve()
    await advance(1_000)
    expect([await call, behind]).toEqual(['HANDLER_STALLED', 0])
  })

  it('is heard when it fails after all', async () => {
    const { promise, reject } = held()
    const { stack, advance, errors } = await watched({ name: 'Late', resumeSession: () => promise })
    stack.call('resumeSession', empty).catch(() => {})
    await advance(31_000)
    reject(new Error('disk on fire'))
    await advance(0)
    expect(errors).toEqual(['disk on fire'])
  })

  it('keeps no other handler of a rule "each" from being called', async () => {
    let told = 0
    const { stack, advance } = await watched(
      { name: 'Stuck', uncleanDisconnect: () => held().promise },
      { name: 'Other', uncleanDisconnect: () => void told++ },
    )
    stack.call('uncleanDisconnect', empty).catch(() => {})
    await advance(31_000)
    expect(told).toBe(1)
  })

  it('ends the connection whose packet it holds, and no other', async () => {
    const stuck: MiddlewareLike = {
      name: 'Stuck',
      handles: ['publish'],
      handle: () => held().promise,
    }
    const { client, stack, advance } = await testStack(stuck, acceptAll())
    const [one, other] = [await client(), await client()]
    await one.publish('a')
    await advance(stack.config.stallTimeout + 1_000)
    expect(one.stream.destroyed).toBe(true)
    expect(stack.clients.size).toBe(1)
    expect(other.stream.destroyed).toBe(false)
  })

  it('that closes the client is not waited for: the connection is closed', async () => {
    const { client, stack, advance } = await testStack(
      { name: 'Stuck', closeClient: () => held().promise },
      acceptAll(),
    )
    const one = await client()
    const [served] = stack.clients
    stack.closeClient(served, 0x98, 'test')
    await advance(stack.config.stallTimeout + 3_000)
    expect(one.stream.destroyed).toBe(true)
  })
})

describe('a handler in steps', () => {
  it('has the time for each of them', async () => {
    const gates = [held(), held(), held()]
    function* steps(): Steps {
      for (const { promise } of gates) yield promise
    }
    const { stack, advance, told } = await watched({ name: 'Steps', resumeSession: () => proceed(steps()) })
    let answered = false
    stack.call('resumeSession', empty).then(
      () => {
        answered = true
      },
      () => {},
    )
    for (const { resolve } of gates) {
      await advance(25_000)
      resolve()
    }
    await advance(0)
    expect([answered, told]).toEqual([true, []])
  })

  it('is not blamed for the handler of a chain that it waits for', async () => {
    const test = await watched({
      name: 'Outer',
      resumeSession() {
        return proceed(
          (function* () {
            try {
              yield test.stack.run('clearOfflineMessages', empty, {})
            } catch {
              // The safe way.
            }
          })(),
        )
      },
      clearOfflineMessages: () => held().promise,
    })
    const call = test.stack.call('resumeSession', empty).then(() => 'went on')
    await test.advance(31_000)
    expect(test.told).toEqual(['Outer clearOfflineMessages'])
    expect(await call).toBe('went on')
  })

  it('may wait for what has a bound of its own', async () => {
    const { promise, resolve } = held()
    const { stack, advance, told } = await watched({ name: 'Patient', resumeSession: () => bounded(promise) })
    const call = stack.call('resumeSession', empty).then(() => 'answered')
    await advance(300_000)
    resolve()
    expect([await call, told]).toEqual(['answered', []])
  })
})

describe('a chain that waits', () => {
  it('goes on with the handlers that it began with, whoever joins or leaves meanwhile', async () => {
    const { promise, resolve } = held()
    const calls: string[] = []
    const first: MiddlewareLike = { name: 'First', relayMessage: () => void calls.push('first') }
    const slow: MiddlewareLike = { name: 'Slow', relayMessage: () => promise }
    const veto: MiddlewareLike = {
      name: 'Veto',
      relayMessage() {
        calls.push('veto')
        return DONE
      },
    }
    const backend: MiddlewareLike = { name: 'Backend', relayMessage: () => void calls.push('relayed') }
    const { stack } = await testStack(first, slow, veto, backend)
    const done = stack.call('relayMessage', { ...relay, topic: 'a' } as never, {} as never)
    delete first.relayMessage
    stack.refresh()
    resolve()
    await done
    expect(calls).toEqual(['first', 'veto'])
  })
})

describe('work that nobody waits for', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('oops')
      },
    ],
    ['rejects', () => Promise.reject(new Error('oops'))],
    [
      'rejects later',
      async () => {
        await null
        throw new Error('oops')
      },
    ],
  ])('is heard of when it %s', async (_how, work) => {
    const { stack, advance, errors } = await watched()
    stack.background(work)
    await advance(0)
    expect(errors).toEqual(['oops'])
  })
})

describe('judgeEvery', () => {
  it('judges when what has come by then was read', async () => {
    const { clock, advance } = await testStack(acceptAll())
    const order: string[] = []
    const timer = judgeEvery(clock, 1_000, () => order.push('judged'))
    clock.after(1_000, () => order.push('timer'))
    setImmediate(() => order.push('read'))
    await advance(1_000)
    expect(order).toEqual(['read', 'timer', 'judged'])
    timer.cancel()
    await advance(5_000)
    expect(order).toHaveLength(3)
  })
})
