/** What a client proves itself with, and what it publishes, is in no line of the log, and in no error, whatever becomes of it. */
import { inspect } from 'node:util'
import type { MiddlewareLike } from '@mqtt-stack/core'
import { RecordingLogger, settle } from '@mqtt-stack/testing'
import { describe, expect, test } from 'vitest'
import { memoryClient, testBroker } from '../../../../test/rig/broker.ts'
import type { BrokerOptions } from '../index.ts'

const SECRET = 'hunter2-and-more'

/** Lets in alice with the secret, and fails at some others. */
const provider: MiddlewareLike = {
  name: 'Provider',
  authenticateConnection({ username, password }, store) {
    if (username === 'broken') throw new Error('no database')
    if (username !== 'nobody') store.valid = String(password) === SECRET && username === 'alice'
  },
  authenticateExchange(_ctx, store) {
    store.state = 'failure'
  },
}

function setUp(options: BrokerOptions) {
  const logger = new RecordingLogger('debug')
  const broker = testBroker({ authorize: false, ...options, stack: { logger } })
  return { broker, logger, shown: () => inspect(logger.lines, { depth: 8, maxArrayLength: null }) }
}

test.each([3, 4, 5] as const)('a password of version %i', async (protocolVersion) => {
  const { broker, logger, shown } = setUp({ use: [provider] })
  for (const username of ['alice', 'broken', 'nobody', 'mallory'])
    await memoryClient(broker, { clientId: username, protocolVersion }).connect({
      username,
      password: SECRET,
    })
  expect(logger.lines.length).toBeGreaterThan(3)
  expect(shown()).not.toContain(SECRET)
})

test('the data of an enhanced authentication', async () => {
  const { broker, shown } = setUp({ use: [provider] })
  const properties = { authenticationMethod: 'PLAIN', authenticationData: Buffer.from(SECRET) }
  const connack = await memoryClient(broker, { protocolVersion: 5 }).connect({ properties })
  expect(connack.reasonCode).toBeGreaterThan(0x7f)
  expect(shown()).not.toContain(SECRET)
  expect(shown()).not.toContain(inspect(Buffer.from(SECRET)).slice(8, 30))
})

test('a message, its user properties and a will, each of which is told at debug', async () => {
  const { broker, logger, shown } = setUp({ allowAnonymous: true })
  const one = memoryClient(broker, { clientId: 'one', protocolVersion: 5 })
  const will = { topic: 'gone', payload: Buffer.from(SECRET), qos: 1, retain: true } as const
  await one.connect({ will })
  await one.subscribe('#', { qos: 1 })
  const properties = { userProperties: { key: SECRET }, correlationData: Buffer.from(SECRET) }
  await one.publish('a', SECRET, { qos: 1, properties })
  await one.publish('$SYS/refused', SECRET, { qos: 1 })
  await one.unsubscribe('#')
  one.stream.destroy(new Error('gone'))
  await settle()
  await broker.close()
  const events = logger.lines.map(({ cause }) => (cause as { event?: string }).event)
  for (const event of ['client.connected', 'client.subscribed', 'message.published', 'message.dropped'])
    expect(events).toContain(event)
  expect(events).toContain('client.unsubscribed')
  expect(shown()).not.toContain(SECRET)
  expect(shown()).not.toContain(inspect(Buffer.from(SECRET)).slice(8, 30))
})

describe('what strangers log is cleaned too', () => {
  const token = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.${SECRET}`
  const url = `redis://user:${SECRET}@host:6379/0`
  test.each<[string, (broker: ReturnType<typeof testBroker>) => void]>([
    ['a token in a name', ({ log }) => log.info('hello', { username: token })],
    ['a token in a message', ({ log }) => log.warn(`refused ${token}`)],
    ['the password of a URL', ({ log }) => log.error(`cannot reach ${url}`, new Error(`connect ${url}`))],
    ['an error of a library', ({ stack }) => stack.fail(new Error(`bad ${token}`), undefined, undefined)],
    ['a field of such a name', ({ log }) => log.info('hello', { password: SECRET, payload: SECRET })],
    ['bytes', ({ log }) => log.info('hello', { data: Buffer.from(SECRET) })],
    [
      'an event of their own',
      ({ log }) =>
        log
          .with({ 'mine.failed': { level: 'error', text: '{cause}', about: 'x', act: 'y' } })
          .event('mine.failed', { cause: token }, new Error('x', { cause: new Error(url) })),
    ],
  ])('%s', (_what, write) => {
    const { broker, logger, shown } = setUp({})
    write(broker)
    expect(logger.lines).toHaveLength(1)
    expect(shown()).not.toContain(SECRET)
    expect(shown()).not.toContain(inspect(Buffer.from(SECRET)).slice(8, 30))
  })
})
