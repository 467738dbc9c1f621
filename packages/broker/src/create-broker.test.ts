import { Stack } from '@mqtt-stack/core'
import { KeepAlive } from '@mqtt-stack/keepalive'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import { VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, test } from 'vitest'
import { memoryClient, testBroker } from '../../../test/rig/broker.ts'
import type { BrokerOptions, MiddlewareLike } from './index.ts'
import { createBroker } from './index.ts'

const DEFAULT = [
  'PacketEmitter',
  'Connection',
  'KeepAlive',
  'Authentication',
  'Authorize',
  'LastWill',
  'OutboundManager',
  'SessionManager',
  'SubscriptionManager',
  'InboundManager',
  'RetainManager',
  'MemoryBackend',
  'Anonymous',
  'Events',
]

const names = (options?: BrokerOptions): string[] =>
  createBroker(options).stack.middlewares.map(({ name }) => name)

describe('the stack', () => {
  test('is the default one', () => {
    expect(names()).toEqual(DEFAULT)
    expect(createBroker().stack).toBeInstanceOf(Stack)
  })

  test('false leaves a middleware out', () => {
    expect(names({ retainManager: false, packetEmitter: false })).toEqual(
      DEFAULT.filter((name) => !['RetainManager', 'PacketEmitter'].includes(name)),
    )
  })

  test('options reach the middleware', () => {
    const [keepalive] = createBroker({ keepalive: { grace: 2 } }).stack.middlewares.slice(2)
    expect((keepalive as KeepAlive).config.grace).toBe(2)
  })

  test('an instance, or any object that is a middleware, replaces the built-in', () => {
    const keepalive = new KeepAlive({ grace: 3 })
    const backend: MiddlewareLike = { name: 'Elsewhere', start() {} }
    const { middlewares } = createBroker({ keepalive, backend }).stack
    expect(middlewares[2]).toBe(keepalive)
    expect(middlewares[11]).toBe(backend)
  })

  test('use inserts', () => {
    const mine: MiddlewareLike = { name: 'Mine', install() {} }
    const list = names({ use: [{ middleware: mine, before: 'connection' }] })
    expect(list.slice(0, 3)).toEqual(['PacketEmitter', 'Mine', 'Connection'])
  })

  test('options of the stack reach it', () => {
    const clock = new VirtualClock()
    expect(createBroker({ stack: { clock } }).stack.clock).toBe(clock)
  })

  test('a stack that cannot work is refused at start, not before', async () => {
    const broker = testBroker({ backend: false })
    await expect(broker.listen()).rejects.toMatchObject({ code: 'CALLBACK_UNANSWERED' })
  })

  test('two backends are refused at start', async () => {
    await expect(testBroker({ use: [new MemoryBackend()] }).start()).rejects.toMatchObject({
      code: 'CALLBACK_CONTESTED',
    })
  })
})

describe('wrong options', () => {
  const wrong: [string, string, unknown, RegExp][] = [
    ['an unknown one', 'OPTION_UNKNOWN', { keepAlive: {} }, /"keepAlive"/],
    ['an unknown one of a middleware', 'OPTION_UNKNOWN', { keepalive: { graze: 2 } }, /KeepAlive.*"graze"/],
    ['one out of range', 'OPTION_INVALID', { keepalive: { grace: 0.5 } }, /KeepAlive.*"grace"/],
    ['no options at all', 'OPTION_INVALID', { keepalive: true }, /"keepalive"/],
    ['options where there are none', 'OPTION_UNKNOWN', { authorize: { rules: [] } }, /Authorize.*"rules"/],
    ['one of the stack', 'OPTION_INVALID', { stack: { packetLimit: 'big' } }, /Stack.*"packetLimit"/],
    ['allowAnonymous', 'OPTION_INVALID', { allowAnonymous: 'yes' }, /"allowAnonymous"/],
    ['use', 'OPTION_INVALID', { use: {} }, /"use"/],
    ['a place', 'OPTION_INVALID', { use: [{ middleware: { name: 'x' }, before: 'lunch' }] }, /"lunch"/],
    ['a middleware', 'MIDDLEWARE_INVALID', { use: [{ middleware: {}, before: 'authorize' }] }, /name/],
    ['listeners', 'OPTION_INVALID', { listeners: 1883 }, /"listeners"/],
    ['a transport', 'OPTION_INVALID', { listeners: [{ transport: 'udp' }] }, /"transport".*"udp"/],
    ['an option of a listener', 'OPTION_UNKNOWN', { listeners: [{ prot: 1 }] }, /tcp listener.*"prot"/],
    ['a port', 'OPTION_INVALID', { listeners: [{ port: 65_536 }] }, /tcp listener.*"port"/],
    ['half a port', 'OPTION_INVALID', { listeners: [{ port: 1.5 }] }, /tcp listener.*"port"/],
    [
      'TLS without certificate',
      'OPTION_MISSING',
      { listeners: [{ transport: 'tls' }] },
      /tls listener.*"cert"/,
    ],
  ]
  test.each(wrong)('%s', (_what, code, options, message) => {
    const make = () => createBroker(options as BrokerOptions)
    expect(make).toThrow(message)
    expect(make).toThrow(expect.objectContaining({ code }))
  })
})

describe('clients on no socket', () => {
  test('publish and subscribe through the whole stack, strict', async () => {
    const broker = testBroker({ stack: { strict: true } })
    const [alice, bob] = [
      memoryClient(broker, { clientId: 'alice' }),
      memoryClient(broker, { clientId: 'bob' }),
    ]
    expect(await alice.connect()).toMatchObject({ returnCode: 0, sessionPresent: false })
    await bob.connect()
    expect(await alice.subscribe('news/#', { qos: 2 })).toMatchObject({ granted: [2] })
    await bob.publish('news/today', 'rain', { qos: 2 })
    expect(await alice.message()).toMatchObject({ topic: 'news/today', payload: 'rain', qos: 2 })
  })

  test('time is the stack’s', async () => {
    const clock = new VirtualClock()
    const broker = testBroker({ stack: { clock } })
    await broker.start()
    const client = memoryClient(broker)
    await client.connect({ keepalive: 10 })
    await clock.advance(15_500)
    await client.closed
    expect(broker.stack.clients.size).toBe(0)
  })

  test('a backend of somebody else', async () => {
    class Counting extends MemoryBackend {
      opened = 0
      override openSession(
        ...args: Parameters<MemoryBackend['openSession']>
      ): ReturnType<MemoryBackend['openSession']> {
        this.opened++
        return super.openSession(...args)
      }
    }
    const backend = new Counting()
    await memoryClient(testBroker({ backend })).connect()
    expect(backend.opened).toBe(1)
  })
})
