/** QoS 1 goes to connected receivers before it is durable; its publisher hears of it only then, or when all have it. */
import type { ReceivedPacket, TestClient } from '@mqtt-stack/testing'
import { MemoryStore, settle } from '@mqtt-stack/testing'
import { expect, it, onTestFinished } from 'vitest'
import type { DefaultStack } from '../../../../test/rig/default-stack.ts'
import { defaultStack } from '../../../../test/rig/default-stack.ts'
import { StoredBackend } from '../../../../test/rig/stored-backend.ts'

async function processOver(store: MemoryStore): Promise<DefaultStack & { backend: StoredBackend }> {
  const backend = new StoredBackend(undefined, store)
  const test = await defaultStack({ backend })
  onTestFinished(() => test.stop())
  return Object.assign(test, { backend })
}

/** A stored session that subscribed to `a` and has had a message. */
async function reader(test: DefaultStack, clientId: string, autoAck: boolean): Promise<TestClient> {
  const client = await test.client({ clientId, clean: false })
  await client.subscribe('a', { qos: 2 })
  // With the first message of a session room is made for the sequences of those behind it.
  const first = await test.client({ clientId: 'first' })
  await first.publish('a', 'first', { qos: 1 })
  await client.message()
  await first.disconnect()
  await settle()
  if (autoAck) return client
  await client.drop()
  return test.client({ clientId, clean: false, autoAck: false })
}

function publish(sender: TestClient, payload: string, qos: 1 | 2, messageId: number): void {
  sender.send({ cmd: 'publish', topic: 'a', payload, qos, messageId, dup: false, retain: false })
}

function holdCommits(store: MemoryStore): () => void {
  let release = (): void => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  store.beforeCommit = () => held
  onTestFinished(release)
  return () => {
    store.beforeCommit = undefined
    release()
  }
}

/** A receiver of a stored session, and a publisher. */
async function scene(autoAck: boolean, protocolVersion: 4 | 5 = 4) {
  const store = new MemoryStore()
  const test = await processOver(store)
  const alice = await reader(test, 'alice', autoAck)
  const sensor = await test.client({ clientId: 'sensor', protocolVersion, autoAck: false })
  return { store, test, alice, sensor }
}

function payloads(client: TestClient): string[] {
  return client.received.flatMap((packet: ReceivedPacket) =>
    packet.cmd === 'publish' ? [packet.payload.toString()] : [],
  )
}

it('is delivered while its commit waits, and acknowledged behind it', async () => {
  const { store, alice, sensor } = await scene(false)
  const release = holdCommits(store)
  publish(sensor, 'early', 1, 7)
  expect(await alice.next('publish')).toMatchObject({ qos: 1 })
  await sensor.expectNothing('puback')
  release()
  expect(await sensor.next('puback')).toMatchObject({ messageId: 7 })
})

it('is never written where it is acknowledged before its batch begins, by however many receivers', async () => {
  const store = new MemoryStore()
  const test = await processOver(store)
  await reader(test, 'alice', true)
  await reader(test, 'bob', true)
  const sensor = await test.client({ clientId: 'sensor' })
  const { size, commits } = store
  for (const payload of ['1', '2', '3']) await sensor.publish('a', payload, { qos: 1 })
  expect(store).toMatchObject({ size, commits })
  expect(test.backend.stats).toMatchObject({ messages: 0 })
})

it('is kept for the receiver that has not acknowledged it', async () => {
  const store = new MemoryStore()
  const first = await processOver(store)
  await reader(first, 'alice', true)
  const bob = await reader(first, 'bob', false)
  const sensor = await first.client({ clientId: 'sensor' })
  await sensor.publish('a', 'owed', { qos: 1 })
  await bob.next('publish')
  store.crash()
  const second = await processOver(store)
  const back = second.open({ clientId: 'bob' })
  await back.connect({ clean: false })
  expect(await back.message()).toMatchObject({ payload: 'owed' })
  const alice = second.open({ clientId: 'alice' })
  await alice.connect({ clean: false })
  await alice.expectNothing()
})

it('is read by a connection that comes while its commit waits, and once', async () => {
  const { store, test, alice, sensor } = await scene(false)
  const release = holdCommits(store)
  publish(sensor, 'early', 1, 7)
  const { messageId } = (await alice.next('publish')) as { messageId?: number }
  alice.send({ cmd: 'puback', messageId: messageId ?? 0 })
  publish(sensor, 'owed', 1, 8)
  await alice.next('publish')
  await alice.drop()
  const back = test.open({ clientId: 'alice' })
  back.send({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clientId: 'alice',
    clean: false,
    keepalive: 0,
  })
  await settle()
  release()
  await back.next('connack')
  expect(await back.message()).toMatchObject({ payload: 'owed' })
  await back.expectNothing()
})

it('does not overtake what waits for its commit', async () => {
  const { store, alice, sensor } = await scene(true)
  const before = payloads(alice).length
  const release = holdCommits(store)
  publish(sensor, 'once', 2, 7)
  publish(sensor, 'behind', 1, 8)
  await settle()
  expect(payloads(alice).slice(before)).toEqual([])
  release()
  await settle()
  expect(payloads(alice).slice(before)).toEqual(['once', 'behind'])
})

it('does not go ahead while the store cannot commit', async () => {
  const { store, alice, sensor } = await scene(false, 5)
  store.failure = new Error('no space')
  publish(sensor, 'refused', 1, 7)
  expect(await sensor.next('puback')).toMatchObject({ reasonCode: 0x97 })
  const before = payloads(alice).length
  publish(sensor, 'refused too', 1, 8)
  expect(await sensor.next('puback')).toMatchObject({ reasonCode: 0x97 })
  expect(payloads(alice).length).toBe(before)
  store.failure = undefined
  publish(sensor, 'taken', 1, 9)
  expect(await sensor.next('puback')).toMatchObject({ messageId: 9, reasonCode: 0 })
  await settle()
  expect(payloads(alice).at(-1)).toBe('taken')
})
