/** Limits of one listener: real listeners, real clients. */
import { createServer } from 'node:http'
import { RateLimit } from '@mqtt-stack/rate-limit'
import { connectAsync } from 'mqtt'
import { describe, expect, onTestFinished, test } from 'vitest'
import { NO_LIMITS } from '../../../../test/rig/no-limits.ts'
import type { Broker } from '../broker.ts'
import { createBroker } from '../create-broker.ts'
import type { ListenerOptions } from './options.ts'

const QUIET = { error() {}, warn() {}, info() {}, debug() {} }

function brokerWith(listeners: readonly ListenerOptions[]): Broker {
  const broker = createBroker({
    listeners,
    stack: { logger: QUIET },
    use: [{ middleware: new RateLimit(NO_LIMITS), before: 'authentication' }],
  })
  onTestFinished(() => broker.close())
  return broker
}

async function connect(url: string): Promise<number> {
  const options = { reconnectPeriod: 0, protocolVersion: 5 } as const
  const client = await connectAsync(url, options).catch((error: { code: number }) => error.code)
  if (typeof client === 'number') return client
  onTestFinished(() => void client.end(true))
  return 0
}

const WORLD = { name: 'world', port: 0, limits: { connections: 1 } } as const

test('a listener has its own, and another one has none', async () => {
  const [world, house] = await brokerWith([WORLD, { port: 0 }]).listen()
  expect([await connect(world.url), await connect(world.url)]).toEqual([0, 0x97])
  expect([await connect(house.url), await connect(house.url)]).toEqual([0, 0])
})

test('other limits need no other listener, and count those who are connected', async () => {
  const broker = brokerWith([WORLD])
  const [{ url }] = await broker.listen()
  expect([await connect(url), await connect(url)]).toEqual([0, 0x97])
  expect(await broker.relisten([{ ...WORLD, limits: { connections: 2 } }])).toMatchObject([{ url }])
  expect([await connect(url), await connect(url)]).toEqual([0, 0x97])
  await broker.relisten([{ name: 'world', port: 0 }])
  expect([await connect(url), broker.addresses[0].url]).toEqual([0, url])
  await broker.relisten([WORLD])
  expect([await connect(url), broker.addresses[0].url]).toEqual([0x97, url])
})

test('limits that are wrong change nothing', async () => {
  const broker = brokerWith([WORLD])
  const [{ url }] = await broker.listen()
  await expect(broker.relisten([{ ...WORLD, limits: { burst: 0 } }])).rejects.toThrow(
    'limits of the tcp listener "world": option "burst" must be a number from 0.1 to 3600 (s), not 0',
  )
  expect([await connect(url), await connect(url)]).toEqual([0, 0x97])
})

test('what is attached to a web server may have some', async () => {
  const server = createServer()
  onTestFinished(() => void server.close())
  const broker = brokerWith([{ port: 0 }])
  await broker.attach(server, { limits: { connections: 1 } })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const url = `ws://127.0.0.1:${port}/mqtt`
  expect([await connect(url), await connect(url)]).toEqual([0, 0x97])
})

describe('what is wrong is named', () => {
  test('where nobody keeps limits', () => {
    expect(() => createBroker({ listeners: [WORLD] })).toThrow(
      'limits of the tcp listener "world": no middleware keeps them: add rate-limit, use: [{ middleware: new RateLimit(), before: "authentication" }]',
    )
  })

  test.each([
    [7, 'tcp listener: option "limits" must be options of rate-limit, as { connections: 100 }, not 7'],
    [[], 'tcp listener: option "limits" must be options of rate-limit, as { connections: 100 }, not []'],
    [
      { memory: 0.5 },
      'limits of the tcp listener: option "memory" holds for the whole broker: give it to RateLimit itself',
    ],
  ])('%j', (limits, message) => {
    expect(() => brokerWith([{ port: 0, limits: limits as ListenerOptions['limits'] }])).toThrow(message)
  })

  test('at a web server', async () => {
    const server = createServer()
    const attached = brokerWith([]).attach(server, { limits: { memory: 0.5 } })
    await expect(attached).rejects.toThrow(
      'limits of the ws listener: option "memory" holds for the whole broker: give it to RateLimit itself',
    )
    expect(server.listenerCount('upgrade')).toBe(0)
  })
})
