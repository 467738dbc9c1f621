import { Authentication } from '@mqtt-stack/authentication'
import type { MiddlewareLike } from '@mqtt-stack/core'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { broker5 } from '../../../test/rig/broker.ts'
import { NO_LIMITS } from '../../../test/rig/no-limits.ts'
import type { RateLimitOptions } from './index.ts'
import { RateLimit } from './index.ts'

const answers = (options: RateLimitOptions): string[] => {
  const limits = new RateLimit({ ...NO_LIMITS, ...options })
  const callbacks = [
    'install',
    'authenticationFailed',
    'admitAttempt',
    'clientConnected',
    'clientReauthenticated',
  ] as const
  return [...limits.handles, ...callbacks.filter((name) => limits[name] !== undefined)]
}

describe('what is off has no handler', () => {
  it.each<[string, RateLimitOptions, string[]]>([
    ['everything off', {}, []],
    ['connections', { connections: 1 }, ['connect', 'install']],
    ['a connect rate', { connectRate: 1 }, ['connect', 'install']],
    ['a message rate', { messageRate: 1 }, ['publish', 'subscribe', 'unsubscribe']],
    [
      'failures',
      { failures: 1 },
      ['connect', 'authenticationFailed', 'admitAttempt', 'clientConnected', 'clientReauthenticated'],
    ],
    ['memory', { memory: 0.5 }, ['connect']],
    ['the event loop', { loopDelay: 1 }, ['connect']],
  ])('%s', (_, options, expected) => {
    expect(answers(options)).toEqual(expected)
  })

  it('by default messages are nobody’s matter here', () => {
    expect(new RateLimit().handles).toEqual(['connect'])
  })
})

it('stands before authentication, or the stack does not start', async () => {
  const provider = { name: 'Users', authenticateConnection: () => {} }
  await expect(testStack(new Authentication(), provider, new RateLimit(), acceptAll())).rejects.toMatchObject(
    {
      code: 'ORDER_INVALID',
      message: expect.stringContaining(
        "RateLimit must stand before Authentication: use: [{ middleware: rateLimit, before: 'authentication' }]\n\n",
      ),
    },
  )
})

it('stands behind whoever lets nobody in, and publishes nothing of clients', async () => {
  const statistics: MiddlewareLike = { name: 'Statistics', uses: ['relayMessage'], install() {} }
  const operator: MiddlewareLike = { ...statistics, name: 'Operator', handles: ['connect'], handle() {} }
  await testStack(statistics, operator, new RateLimit(), acceptAll())
  const relay: MiddlewareLike = { ...statistics, name: 'Relay', handles: ['publish'], handle() {} }
  await expect(testStack(relay, new RateLimit(), acceptAll())).rejects.toMatchObject({
    message: expect.stringContaining('RateLimit must stand before Relay: '),
  })
})

it.each<[RateLimitOptions, string]>([
  [{ connections: -1 }, 'RateLimit: option "connections" must be a number of at least 0, not -1'],
  [{ memory: 90 }, 'RateLimit: option "memory" must be a number from 0 to 1, not 90'],
  [{ tooFast: 'drop' as 'close' }, 'RateLimit: option "tooFast" must be one of "slow", "close", not "drop"'],
])('a wrong option is named: %o', (options, message) => {
  expect(() => new RateLimit(options)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID', message }))
})

describe('in a broker', () => {
  const limited = (options: RateLimitOptions) =>
    broker5({
      allowAnonymous: true,
      use: [{ middleware: new RateLimit({ ...NO_LIMITS, ...options }), before: 'authentication' }],
    })

  it('a refused connection is a line of the log', async () => {
    const { client, open, logger } = limited({ connections: 1 })
    await client({ clientId: 'one' })
    await open({ clientId: 'two' }).connect()
    expect(logger.lines.filter(({ level }) => level === 'info')).toEqual([
      {
        level: 'info',
        message: 'client refused',
        cause: expect.objectContaining({
          clientId: 'two',
          reasonCode: 0x97,
          cause: 'more than 1 connections (connections)',
        }),
      },
    ])
  })

  it('a client that publishes too fast is slowed, at each QoS, and loses nothing', async () => {
    const { client, seconds } = limited({ messageRate: 10, burst: 1 })
    const [sub, pub] = [await client(), await client()]
    await sub.subscribe('t', { qos: 2 })
    for (let i = 0; i < 30; i++) {
      const qos = (i % 3) as 0 | 1 | 2
      pub.send({
        cmd: 'publish',
        topic: 't',
        payload: `${i}`,
        qos,
        dup: false,
        retain: false,
        messageId: i + 1,
      })
    }
    await seconds(3)
    const came = sub.received.flatMap((packet) => (packet.cmd === 'publish' ? [`${packet.payload}`] : []))
    expect(came).toHaveLength(30)
  })

  it('a slowed client may be taken over at once', async () => {
    const { client, seconds } = limited({ messageRate: 1, burst: 1 })
    const one = await client({ clientId: 'one' })
    for (let i = 0; i < 50; i++)
      one.send({ cmd: 'publish', topic: 't', payload: '', qos: 0, dup: false, retain: false })
    const again = client({ clientId: 'one' })
    await seconds(1)
    await again
    await one.closed
  })
})
