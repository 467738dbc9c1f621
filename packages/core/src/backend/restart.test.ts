/** What is acknowledged outlives the process: every test ends one, by a stop or a crash, and goes on with another. */
import { MemoryStore } from '@mqtt-stack/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { DefaultStack } from '../../../../test/rig/default-stack.ts'
import { defaultStack } from '../../../../test/rig/default-stack.ts'
import { StoredBackend } from '../../../../test/rig/stored-backend.ts'

const LOST = { cmd: 'publish', topic: 'a', payload: 'lost', qos: 1, dup: false, retain: false } as const

/** A process over a store; ends the one before it. */
async function processOver(store: MemoryStore): Promise<DefaultStack & { backend: StoredBackend }> {
  const backend = new StoredBackend(undefined, store)
  const test = await defaultStack({ backend, sessionManager: { maximumExpiry: 3_600 } })
  onTestFinished(() => test.stop())
  return Object.assign(test, { backend })
}

const ENDS = [
  ['a stop', async (test: DefaultStack) => test.stop()],
  ['a crash', async (_: DefaultStack, store: MemoryStore) => store.crash()],
] as const

describe.each(ENDS)('after %s', (_, end) => {
  it('sessions, subscriptions and logs go on', async () => {
    const store = new MemoryStore({ commit: 3 })
    const first = await processOver(store)
    const away = await first.client({ clientId: 'away', clean: false })
    await away.subscribe('room/+', { qos: 2 })
    await away.disconnect()
    const sensor = await first.client({ clientId: 'sensor' })
    for (const [payload, qos] of [
      ['1', 1],
      ['2', 2],
    ] as const)
      await sensor.publish('room/1', payload, { qos })
    await end(first, store)

    const second = await processOver(store)
    expect(second.backend.stats).toMatchObject({ sessions: 1, subscriptions: 1, messages: 2 })
    const late = await second.client({ clientId: 'sensor' })
    await late.publish('room/2', '3', { qos: 1 })
    const back = second.open({ clientId: 'away' })
    expect(await back.connect({ clean: false })).toMatchObject({ sessionPresent: true })
    const payloads = []
    for (let i = 0; i < 3; i++) payloads.push((await back.message()).payload)
    expect(payloads).toEqual(['1', '2', '3'])
  })

  it('retained messages are there, and those that were cleared are not', async () => {
    const store = new MemoryStore()
    const first = await processOver(store)
    const sensor = await first.client({ clientId: 'sensor' })
    for (const [topic, payload] of [
      ['a', '1'],
      ['b', '2'],
      ['a', ''],
      [`long/${'x'.repeat(600)}`, '3'],
    ] as const)
      await sensor.publish(topic, payload, { qos: 1, retain: true })
    await end(first, store)

    const second = await processOver(store)
    const reader = await second.client({ clientId: 'reader' })
    await reader.subscribe('#')
    const found = [await reader.message(), await reader.message()].map(({ payload }) => payload)
    expect(found.sort()).toEqual(['2', '3'])
    await reader.expectNothing()
  })

  it('a QoS 2 message that was received once is not relayed again', async () => {
    const store = new MemoryStore()
    const first = await processOver(store)
    const reader = await first.client({ clientId: 'reader', clean: false })
    await reader.subscribe('a', { qos: 2 })
    await reader.disconnect()
    const sender = await first.client({ clientId: 'sender', clean: false, autoAck: false })
    sender.send({
      cmd: 'publish',
      topic: 'a',
      payload: 'once',
      qos: 2,
      messageId: 7,
      dup: false,
      retain: false,
    })
    await sender.next('pubrec')
    await end(first, store)

    const second = await processOver(store)
    const again = await second.client({ clientId: 'sender', clean: false, autoAck: false })
    again.send({
      cmd: 'publish',
      topic: 'a',
      payload: 'once',
      qos: 2,
      messageId: 7,
      dup: true,
      retain: false,
    })
    await again.next('pubrec')
    expect(second.backend.stats).toMatchObject({ messages: 1, awaitingRelease: 1 })
  })

  it('epochs and sequences go up', async () => {
    const store = new MemoryStore()
    const first = await processOver(store)
    const one = await first.client({ clientId: 'one', clean: false })
    const [{ epoch }] = first.stack.clients
    await one.subscribe('a', { qos: 1 })
    const sender = await first.client({ clientId: 'sender' })
    await sender.publish('a', 'x', { qos: 1 })
    const { messageId } = await one.next('publish')
    await first.settle()
    await end(first, store)

    const second = await processOver(store)
    const back = await second.client({ clientId: 'one', clean: false })
    const [{ epoch: later }] = second.stack.clients
    expect(later).toBe(epoch + 1)
    const again = await second.client({ clientId: 'sender' })
    await again.publish('a', 'y', { qos: 1 })
    const { messageId: next } = await back.next('publish')
    expect(next).toBeGreaterThan(messageId ?? 0)
  })
})

it('a message for many sessions is kept once, and goes with the last of them', async () => {
  const store = new MemoryStore()
  const first = await processOver(store)
  for (let i = 0; i < 20; i++) {
    const away = await first.client({ clientId: `away-${i}`, clean: false })
    await away.subscribe('a', { qos: 1 })
    await away.disconnect()
  }
  const before = store.size
  const sender = await first.client({ clientId: 'sender' })
  await sender.publish('a', 'x'.repeat(1_000), { qos: 1 })
  expect(store.size - before).toBe(21)
  await sender.disconnect()
  await first.stop()
  const second = await processOver(store)
  for (let i = 0; i < 20; i++) {
    const back = await second.client({ clientId: `away-${i}`, clean: false })
    expect((await back.message()).payload).toHaveLength(1_000)
    await back.disconnect()
  }
  await second.settle()
  expect(store.size).toBe(before)
})

it('messages of sessions that are away are on the disk alone', async () => {
  const store = new MemoryStore()
  const first = await processOver(store)
  const away = await first.client({ clientId: 'away', clean: false })
  await away.subscribe('a', { qos: 1 })
  await away.disconnect()
  const sender = await first.client({ clientId: 'sender' })
  const before = first.stack.ledger.held
  for (let i = 0; i < 50; i++) await sender.publish('a', 'x'.repeat(10_000), { qos: 1 })
  await first.settle()
  expect(first.backend.stats).toMatchObject({ messages: 50 })
  expect(first.backend.stats.messageBytes).toBeGreaterThan(500_000)
  expect(first.stack.ledger.held - before).toBeLessThan(50_000)
  await first.stop()

  const second = await processOver(store)
  expect(second.stack.ledger.held).toBeLessThan(50_000)
  const back = await second.client({ clientId: 'away', clean: false })
  for (let i = 0; i < 50; i++) expect((await back.message()).payload).toHaveLength(10_000)
})

it('when every session is over and nothing is retained, format and counters are all that is left', async () => {
  const store = new MemoryStore()
  const first = await processOver(store)
  const sender = await first.client({ clientId: 'sender', clean: false })
  await sender.subscribe('a', { qos: 2 })
  await sender.publish('a', 'x', { qos: 2, retain: true })
  await sender.publish('a', '', { qos: 2, retain: true })
  await first.settle()
  await sender.drop()
  await first.stop()
  const second = await processOver(store)
  await second.clock.advance(3_601_000)
  await second.settle()
  expect(second.backend.stats).toMatchObject({ sessions: 0, messages: 0, retained: 0 })
  expect(store.size).toBe(2)
})

it('a store of a later format is refused', async () => {
  const store = new MemoryStore()
  await store.write([{ key: Uint8Array.of(1), value: Uint8Array.of(99) }])
  await expect(processOver(store)).rejects.toMatchObject({ code: 'STORE_FORMAT' })
})

it('a write that fails acknowledges nothing, keeps nothing half done, and the next one works', async () => {
  const store = new MemoryStore()
  const test = await processOver(store)
  const away = await test.client({ clientId: 'away', clean: false })
  await away.subscribe('a', { qos: 1 })
  await away.disconnect()
  const sender = await test.client({ clientId: 'sender', protocolVersion: 5 })
  store.failure = new Error('no space')
  sender.send({ ...LOST, messageId: 3 })
  const answer = await sender.next()
  expect(answer).toMatchObject({ cmd: 'puback', reasonCode: 0x97 })
  expect(test.logger.errors.join()).toContain('no space')
  store.failure = undefined
  expect(test.backend.stats.messages).toBe(0)
  const again = await test.client({ clientId: 'sender' })
  await again.publish('a', 'kept', { qos: 1 })
  const back = await test.client({ clientId: 'away', clean: false })
  expect((await back.message()).payload).toBe('kept')
})

/** A client with a will that is due so many seconds after its connection is lost. */
const leaving = (clientId: string, delay: number, sessionExpiryInterval: number): object => ({
  clientId,
  protocolVersion: 5,
  properties: { sessionExpiryInterval },
  will: {
    topic: `will/${clientId}`,
    payload: 'gone',
    qos: 1,
    retain: false,
    properties: { willDelayInterval: delay, userProperties: { why: clientId } },
  },
})

describe.each(ENDS)('after %s, wills', (how, end) => {
  it('fire when they are due, and those of clients that come back do not', async () => {
    const store = new MemoryStore()
    const first = await processOver(store)
    const heir = await first.client({ clientId: 'heir', clean: false })
    await heir.subscribe('will/+', { qos: 1 })
    await heir.disconnect()
    for (const [clientId, delay] of [
      ['soon', 10],
      ['back', 10],
      ['later', 100],
    ] as const) {
      const client = await first.client(leaving(clientId, delay, 1_000))
      await client.drop()
    }
    const still = await first.client(leaving('still', 20, 1_000))
    const clean = await first.client(leaving('clean', 20, 0))
    await first.settle()
    await end(first, store)
    void [still, clean]

    const second = await processOver(store)
    const back = await second.client({ ...leaving('back', 10, 1_000), clean: false })
    const reader = await second.client({ clientId: 'heir', clean: false })
    const seen: string[] = []
    const at = async (seconds: number): Promise<string[]> => {
      await second.clock.advance(seconds * 1_000)
      await second.settle()
      seen.push(
        ...reader.received
          .filter(({ cmd }) => cmd === 'publish')
          .map((packet) => (packet as { topic: string }).topic),
      )
      return [...new Set(seen)].sort()
    }
    // A stop is no loss of connections that anybody could hear of: it closes them in order, and wills fire before.
    const atOnce = ['will/clean']
    expect(await at(1)).toEqual(atOnce)
    expect(await at(11)).toEqual([...atOnce, 'will/soon'])
    expect(await at(10)).toEqual([...atOnce, 'will/soon', 'will/still'])
    expect(await at(80)).toEqual([...atOnce, 'will/later', 'will/soon', 'will/still'])
    expect(back.received.map(({ cmd }) => cmd)).toEqual(['connack'])
    expect(second.backend.stats.wills).toBe(0)
    void how
  })
})

it('a will that is due is relayed and removed as one unit: it comes once, whichever commit was the last', async () => {
  for (let last = 0; last < 4; last++) {
    const store = new MemoryStore({ commit: 3 })
    // Never stopped: it waits for a store that is dead.
    const first = await defaultStack({
      backend: new StoredBackend(undefined, store),
      sessionManager: { maximumExpiry: 3_600 },
    })
    const heir = await first.client({ clientId: 'heir', clean: false })
    await heir.subscribe('will/+', { qos: 2 })
    await heir.disconnect()
    const client = await first.client(leaving('soon', 10, 1_000))
    await client.drop()
    await first.settle()
    let commits = 0
    store.beforeCommit = () => {
      if (commits++ === last) store.crash()
    }
    await first.clock.advance(11_000)
    await first.settle()
    store.beforeCommit = undefined
    store.crash()

    const second = await processOver(store)
    await second.clock.advance(11_000)
    await second.settle()
    expect(second.backend.stats).toMatchObject({ messages: 1, wills: 0 })
  }
})

it('places in a log never come again, also where the write that reserved them failed', async () => {
  const store = new MemoryStore()
  const first = await processOver(store)
  const reader = await first.client({ clientId: 'reader', clean: false })
  await reader.subscribe('a', { qos: 1 })
  const sender = await first.client({ clientId: 'sender', protocolVersion: 5 })
  store.failure = new Error('no space')
  sender.send({ ...LOST, packetId: 3, messageId: 3 } as never)
  expect(await sender.next()).toMatchObject({ cmd: 'puback', reasonCode: 0x97 })
  store.failure = undefined
  const ids: (number | undefined)[] = []
  for (let i = 0; i < 3; i++) {
    await sender.publish('a', 'kept', { qos: 1 })
    ids.push((await reader.next('publish')).messageId)
  }
  await first.settle()
  store.crash()

  const second = await processOver(store)
  const back = await second.client({ clientId: 'reader', clean: false })
  const again = await second.client({ clientId: 'sender' })
  await again.publish('a', 'new', { qos: 1 })
  ids.push((await back.next('publish')).messageId)
  expect(new Set(ids).size).toBe(4)
  expect(ids).toEqual([...ids].sort((one, other) => (one ?? 0) - (other ?? 0)))
})

it('what was kept is there where the process may keep less, and is counted right', async () => {
  const store = new MemoryStore()
  const first = await processOver(store)
  const away = await first.client({ clientId: 'away', clean: false })
  for (let i = 0; i < 20; i++) await away.subscribe(`room/${i}`, { qos: 1 })
  await away.publish('kept', 'x'.repeat(2_000), { qos: 1, retain: true })
  await away.disconnect()
  await first.stop()

  const backend = new StoredBackend(undefined, store)
  const second = await defaultStack({
    backend,
    sessionManager: { maximumExpiry: 3_600 },
    stack: { memoryCeiling: 10_000 },
  })
  expect(backend.stats).toMatchObject({ subscriptions: 20, retained: 1 })
  await second.stack.call('endSession', { clientId: 'away' })
  await second.stack.call('purgeMessages', { filter: '#' })
  expect([second.stack.ledger.held, second.stack.ledger.owners]).toEqual([0, 0])
})

it('a session may have more subscriptions than a call takes', async () => {
  const store = new MemoryStore()
  const test = await processOver(store)
  await test.client({ clientId: 'many', clean: false })
  const [client] = test.stack.clients
  const many = 150_000
  const options = (topic: string) =>
    ({ topic, qos: 0, options: { topic, qos: 0 }, identifier: undefined }) as const
  const calls = Array.from({ length: many }, (_, i) => {
    const ctx = { client, packet: {} as never, clientId: 'many', epoch: client.epoch, ...options(`${i}`) }
    return test.stack.call('storeSubscription', ctx)
  })
  await Promise.all(calls)
  const found = await test.stack.call(
    'lookupSubscriptions',
    { client, clientId: 'many', packet: {} as never },
    [],
  )
  expect(found).toHaveLength(many)
})
