import { RecordingLogger, settle } from '@mqtt-stack/testing'
import { expect, test } from 'vitest'
import { memoryClient, testBroker } from '../../../test/rig/broker.ts'

test('clients, subscriptions and messages are told', async () => {
  const broker = testBroker()
  const told: unknown[] = []
  broker.on('clientConnected', ({ client, present }) => told.push(['connected', client.id, present]))
  broker.on('subscribed', ({ client, topic, qos }) => told.push(['subscribed', client.id, topic, qos]))
  broker.on('published', ({ client, publisher, packet, relayed }) => {
    told.push(['published', client?.id ?? `(${publisher.clientId})`, packet.topic, String(packet.payload)])
    told.push(relayed.matched)
  })
  broker.on('clientDisconnected', ({ client, clean }) => told.push(['disconnected', client.id, clean]))
  const alice = memoryClient(broker, { clientId: 'alice' })
  await alice.connect()
  await alice.subscribe('a/#', { qos: 1 })
  await alice.publish('a/b', 'hello', { qos: 2 })
  await broker.publish('b', 'own')
  await alice.disconnect()
  const bob = memoryClient(broker, { clientId: 'bob' })
  await bob.connect({ will: { topic: 'gone', payload: Buffer.from('bob'), qos: 0, retain: false } })
  await bob.drop()
  await settle()
  expect(told).toEqual([
    ['connected', 'alice', false],
    ['subscribed', 'alice', 'a/#', 1],
    ['published', 'alice', 'a/b', 'hello'],
    1,
    ['published', '()', 'b', 'own'],
    0,
    ['disconnected', 'alice', true],
    ['connected', 'bob', false],
    ['published', '(bob)', 'gone', 'bob'],
    0,
    ['disconnected', 'bob', false],
  ])
})

test('nobody takes part in messagePublished unless somebody listens', () => {
  const broker = testBroker()
  const listened = () => broker.stack.answers('messagePublished')
  const [one, two] = [() => {}, () => {}]
  expect(listened()).toBe(false)
  broker.on('published', one).once('published', two)
  expect(listened()).toBe(true)
  broker.off('published', one)
  expect(listened()).toBe(true)
  broker.emit('clientDisconnected', {} as never)
  broker.removeAllListeners('published')
  expect(listened()).toBe(false)
})

test('a listener may come while messages flow', async () => {
  const broker = testBroker()
  const client = memoryClient(broker)
  await client.connect()
  await client.publish('a', '1', { qos: 1 })
  const topics: string[] = []
  broker.on('published', ({ packet }) => topics.push(packet.topic))
  await client.publish('b', '2', { qos: 1 })
  expect(topics).toEqual(['b'])
})

test('a listener that throws harms nobody, and is logged', async () => {
  const logger = new RecordingLogger()
  const broker = testBroker({ stack: { logger } })
  broker.on('published', () => {
    throw new Error('mine')
  })
  const client = memoryClient(broker)
  await client.connect()
  await client.subscribe('a')
  await client.publish('a', 'b', { qos: 1 })
  expect(await client.message()).toMatchObject({ payload: 'b' })
  await client.ping()
  expect(logger.errors).toEqual([expect.stringContaining('mine')])
})
