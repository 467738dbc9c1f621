import type { Context, FollowedRun, HandlerActivity, MiddlewareLike, Store } from '@mqtt-stack/core'
import { DONE, probeOf, Stack } from '@mqtt-stack/core'
import { RecordingLogger, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'

type Answer = Store<'authorizePacket'>

const says = (name: string, answer: (store: Answer) => unknown): MiddlewareLike => ({
  name,
  authorizePacket: (_ctx, store) => answer(store) as undefined,
})

function stackOf(...middlewares: MiddlewareLike[]): { stack: Stack; clock: VirtualClock } {
  const clock = new VirtualClock()
  return { stack: new Stack({ logger: new RecordingLogger(), clock }).use(...middlewares), clock }
}

function ask(stack: Stack): Promise<unknown> {
  return stack
    .call('authorizePacket', { client: probeOf(stack, {}) } as Context<'authorizePacket'>, {})
    .catch((error: Error) => error)
}

function countsOf(stack: Stack, callback: string): unknown[] {
  return stack.observation
    .activity()
    .filter((one) => one.callback === callback)
    .map(({ middleware, calls, ended, errors, waiting }) => [middleware, calls, ended, errors, waiting])
}

function activityOf(stack: Stack, middleware: string): HandlerActivity {
  const found = stack.observation.activity().find((one) => one.middleware === middleware)
  if (found === undefined) throw new Error(`no ${middleware}`)
  return found
}

describe('what handlers did', () => {
  it('is counted for each that was called, up to the one that ended the chain', async () => {
    let turn = 0
    const { stack } = stackOf(
      says('First', () => undefined),
      says('Third run fails', () => {
        if (turn === 2) throw new Error('no')
      }),
      says('Vetoes twice', (store) => {
        store.valid = turn > 1
      }),
      says('Done', () => DONE),
      says('Behind', () => undefined),
    )
    for (turn = 0; turn < 4; turn++) await ask(stack)
    const expected = [
      ['First', 4, 0, 0, 0],
      ['Third run fails', 4, 0, 1, 0],
      ['Vetoes twice', 3, 2, 0, 0],
      ['Done', 1, 1, 0, 0],
      ['Behind', 0, 0, 0, 0],
    ]
    expect(countsOf(stack, 'authorizePacket')).toEqual(expected)
    expect(countsOf(stack, 'authorizePacket')).toEqual(expected)
  })

  it('never goes down while answers are waited for, and tells how many wait', async () => {
    const answers: (() => void)[] = []
    const { stack } = stackOf(
      says('Late', () => new Promise<void>((resolve) => answers.push(resolve))),
      says('Behind', () => undefined),
    )
    const runs = [ask(stack), ask(stack)]
    expect(countsOf(stack, 'authorizePacket')).toEqual([
      ['Late', 2, 0, 0, 2],
      ['Behind', 0, 0, 0, 0],
    ])
    answers[0]()
    await runs[0]
    expect(countsOf(stack, 'authorizePacket')).toEqual([
      ['Late', 2, 0, 0, 1],
      ['Behind', 1, 0, 0, 0],
    ])
    answers[1]()
    await runs[1]
    expect(countsOf(stack, 'authorizePacket')).toEqual([
      ['Late', 2, 0, 0, 0],
      ['Behind', 2, 0, 0, 0],
    ])
  })

  it('counts everybody who is told, whatever the others do', () => {
    const { stack } = stackOf(
      {
        name: 'Fails',
        messageDropped() {
          throw new Error('no')
        },
      },
      { name: 'Done', messageDropped: () => DONE },
      { name: 'Behind', messageDropped: () => undefined },
    )
    for (let i = 0; i < 3; i++) stack.tell('messageDropped', {} as Context<'messageDropped'>)
    expect(countsOf(stack, 'messageDropped')).toEqual([
      ['Fails', 3, 0, 3, 0],
      ['Done', 3, 3, 0, 0],
      ['Behind', 3, 0, 0, 0],
    ])
  })

  it('is kept when handlers come and go', async () => {
    const silent: MiddlewareLike = says('Comes', () => undefined)
    const answer = silent.authorizePacket
    const { stack } = stackOf(
      silent,
      says('Stays', () => undefined),
    )
    await ask(stack)
    silent.authorizePacket = undefined as never
    stack.refresh()
    await ask(stack)
    expect(countsOf(stack, 'authorizePacket')).toEqual([['Stays', 2, 0, 0, 0]])
    silent.authorizePacket = answer as never
    stack.refresh()
    await ask(stack)
    expect(countsOf(stack, 'authorizePacket')).toEqual([
      ['Comes', 2, 0, 0, 0],
      ['Stays', 3, 0, 0, 0],
    ])
  })
})

describe('the time of handlers', () => {
  it('is taken of each run that is rare, until the answer, while somebody asks for it', async () => {
    const { stack, clock } = stackOf(
      says('Busy', () => clock.spend(2)),
      says('Late', async () => {
        await undefined
        clock.spend(3)
      }),
      { name: 'Next', authorizePacket: (_ctx, _store, next, _done) => next() },
      says('Fails', () => {
        throw new Error('no')
      }),
    )
    await ask(stack)
    expect(activityOf(stack, 'Busy').timed).toBe(0)
    const end = stack.observation.time(4)
    for (let i = 0; i < 9; i++) await ask(stack)
    expect(activityOf(stack, 'Busy')).toMatchObject({ calls: 10, timed: 9, milliseconds: 18, longest: 2 })
    expect(activityOf(stack, 'Late')).toMatchObject({ calls: 10, timed: 9, milliseconds: 27, longest: 3 })
    expect(activityOf(stack, 'Next')).toMatchObject({ calls: 10, timed: 9, milliseconds: 0 })
    expect(activityOf(stack, 'Fails')).toMatchObject({ calls: 10, errors: 10, timed: 9 })
    end()
    for (let i = 0; i < 9; i++) await ask(stack)
    expect(activityOf(stack, 'Busy')).toMatchObject({ calls: 19, timed: 9 })
  })

  it('is taken of the first run and of one in so many where many run', async () => {
    const { stack } = stackOf(says('One', () => undefined))
    stack.observation.time(4)
    for (let i = 0; i < 16; i++) await ask(stack)
    // The 1st, 2nd, 4th, 8th, 12th and 16th: no time passes.
    expect(activityOf(stack, 'One')).toMatchObject({ calls: 16, timed: 6 })
  })

  it.each([Number.NaN, 0, -1, 1.5, Number.POSITIVE_INFINITY])('is not taken of one run in %d', (every) => {
    const { stack } = stackOf(says('One', () => undefined))
    expect(() => stack.observation.time(every)).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message: `time: one run in ${every}: say a whole number, from 1 on`,
      }),
    )
  })

  it('is taken as closely as the closest who asked wants it', async () => {
    const { stack } = stackOf(says('One', () => undefined))
    stack.observation.time(100)
    const end = stack.observation.time(1)
    for (let i = 0; i < 5; i++) await ask(stack)
    expect(activityOf(stack, 'One').timed).toBe(5)
    end()
    for (let i = 0; i < 101; i++) await ask(stack)
    expect(activityOf(stack, 'One').timed).toBe(5 + 7)
  })
})

describe('a follower', () => {
  it('sees the runs that it wants, with what each handler did, and nothing behind its end', async () => {
    const { stack, clock } = stackOf(
      says('Yes', async (store) => {
        clock.spend(5)
        await undefined
        store.valid = true
      }),
      says('No', (store) => {
        store.valid = false
        store.reason = 'no'
      }),
      says('Behind', () => undefined),
    )
    const seen: FollowedRun[] = []
    const end = stack.observation.follow({
      wants: (_client, _ctx, callback) => callback === 'authorizePacket',
      ran: (run) => seen.push(run),
    })
    stack.tell('messageDropped', {} as Context<'messageDropped'>)
    await ask(stack)
    end()
    await ask(stack)
    expect(seen).toHaveLength(1)
    expect(seen[0]).toMatchObject({ callback: 'authorizePacket', store: { valid: false }, milliseconds: 5 })
    expect(seen[0].client).toBeDefined()
    expect(
      seen[0].steps.map(({ middleware, asked, said, ended, milliseconds }) => [
        middleware,
        asked,
        said,
        ended,
        milliseconds,
      ]),
    ).toEqual([
      ['Yes', true, { valid: true }, false, 5],
      ['No', true, { valid: false, reason: 'no' }, true, 0],
      ['Behind', false, {}, false, undefined],
    ])
  })

  it('sees a run that fails, with whose error it was', async () => {
    const { stack } = stackOf(says('Fails', () => Promise.reject(new Error('no'))))
    const seen: FollowedRun[] = []
    stack.observation.follow({ wants: () => true, ran: (run) => seen.push(run) })
    await ask(stack)
    expect(seen[0].error?.message).toMatch(/no/)
    expect(seen[0].steps[0].error?.message).toBe('no')
  })

  it('that throws is told to errorHandler once, and follows no more', async () => {
    const errors: Error[] = []
    const errorHandler = (error: Error): void => void errors.push(error)
    const stack = new Stack({ errorHandler }).use(says('One', () => undefined))
    stack.observation.follow({
      wants: () => true,
      ran: () => {
        throw new Error('mine')
      },
    })
    await ask(stack)
    await ask(stack)
    expect(errors.map(({ message }) => message)).toEqual(['mine'])
    expect(countsOf(stack, 'authorizePacket')).toEqual([['One', 2, 0, 0, 0]])
  })

  it('and the taking of times do not disturb each other', async () => {
    const { stack } = stackOf(says('One', () => undefined))
    let seen = 0
    stack.observation.time(4)
    const end = stack.observation.follow({ wants: () => true, ran: () => void seen++ })
    for (let i = 0; i < 8; i++) await ask(stack)
    end()
    for (let i = 0; i < 8; i++) await ask(stack)
    expect(seen).toBe(8)
    expect(activityOf(stack, 'One').timed).toBe(4 + 4)
  })
})
