import type { MiddlewareLike } from '@mqtt-stack/core'
import { expect, test } from 'vitest'
import { arrange, ORDER } from './order.ts'

const named = (name: string): MiddlewareLike => ({ name })
const names = (middlewares: readonly MiddlewareLike[]): string[] => middlewares.map(({ name }) => name)
const builtIns = Object.fromEntries(ORDER.map((place) => [place, named(place)]))

test('the built-ins stand in the default order', () => {
  expect(names(arrange(builtIns, []))).toEqual([...ORDER])
})

test('users’ middlewares stand between inboundManager and retainManager, in the order of use', () => {
  const list = names(arrange(builtIns, [named('one'), named('two')]))
  expect(list.slice(9)).toEqual(['inboundManager', 'one', 'two', 'retainManager', 'backend'])
})

test('before and after place a middleware, several in the order of use', () => {
  const use = [
    { middleware: named('first'), before: 'authorize' },
    { middleware: named('second'), before: 'authorize' },
    { middleware: named('third'), after: 'authorize' },
    { middleware: named('last'), after: 'backend' },
    { middleware: named('close'), after: 'inboundManager' },
    named('plain'),
  ] as const
  expect(names(arrange(builtIns, use))).toEqual([
    'packetEmitter',
    'connection',
    'keepalive',
    'authentication',
    'first',
    'second',
    'authorize',
    'third',
    'lastwill',
    'outboundManager',
    'sessionManager',
    'subscriptionManager',
    'inboundManager',
    'close',
    'plain',
    'retainManager',
    'backend',
    'last',
  ])
})

test('a place stays where it is when its middleware is left out', () => {
  const { authorize: _authorize, inboundManager: _inbound, ...rest } = builtIns
  const list = names(arrange(rest, [{ middleware: named('rules'), before: 'authorize' }, named('mine')]))
  expect(list.indexOf('rules')).toBe(list.indexOf('authentication') + 1)
  expect(list.indexOf('mine')).toBe(list.indexOf('retainManager') - 1)
})
