/** The rule's `asks`: who is passed over. */
import { RecordingLogger } from '@mqtt-stack/testing'
import { expect, it } from 'vitest'
import type { CallbackRule } from '../contract/callbacks/index.ts'
import type { MiddlewareLike } from '../contract/middleware.ts'
import { Stack } from './stack.ts'

declare module '@mqtt-stack/core' {
  interface Callbacks {
    /** For the tests of core. */
    testAsked: { ctx: { wanted: readonly string[] }; store: { asked: string[] } }
  }
}

const RULE: CallbackRule = {
  merge: 'all',
  newStore: () => ({ asked: [] }),
  asks: ({ wanted }, middlewareName) => wanted.includes(middlewareName),
}

const byReturn: MiddlewareLike = {
  name: 'ByReturn',
  testAsked(_ctx, { asked }) {
    asked.push((this as MiddlewareLike).name)
  },
}
const later: MiddlewareLike = {
  name: 'Later',
  async testAsked(_ctx, { asked }) {
    await null
    asked.push((this as MiddlewareLike).name)
  },
}
const byNext: MiddlewareLike = {
  name: 'ByNext',
  testAsked(_ctx, { asked }, next, _done) {
    asked.push((this as MiddlewareLike).name)
    next()
  },
}
const byDone: MiddlewareLike = {
  name: 'ByDone',
  testAsked(_ctx, { asked }, _next, done) {
    asked.push((this as MiddlewareLike).name)
    done()
  },
}

async function asked(wanted: readonly string[]): Promise<string[]> {
  const stack = new Stack({ strict: true, logger: new RecordingLogger() })
  stack.use({ name: 'Definer', defines: { testAsked: RULE } }, byReturn, byDone, later, byNext)
  return (await stack.call('testAsked', { wanted })).asked
}

it('a middleware that the rule does not ask is passed over, however it answers', async () => {
  expect(await asked([])).toEqual([])
  expect(await asked(['ByReturn'])).toEqual(['ByReturn'])
  expect(await asked(['Later', 'ByNext'])).toEqual(['Later', 'ByNext'])
  expect(await asked(['ByReturn', 'Later', 'ByNext'])).toEqual(['ByReturn', 'Later', 'ByNext'])
})

it('done ends the chain where it comes from somebody who was asked', async () => {
  expect(await asked(['ByDone', 'Later'])).toEqual(['ByDone'])
})

it('middlewares of one name are asked together', async () => {
  const stack = new Stack({ strict: true, logger: new RecordingLogger() })
  const other: MiddlewareLike = { ...byReturn, testAsked: (_ctx, store) => void store.asked.push('other') }
  stack.use({ name: 'Definer', defines: { testAsked: RULE } }, byReturn, other, byNext)
  const store = await stack.call('testAsked', { wanted: ['ByReturn'] })
  expect(store.asked).toEqual(['ByReturn', 'other'])
})
