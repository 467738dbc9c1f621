/** Wills are the session's: what becomes of them where a store is slow, fails, hangs or dies. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import type { ConnectOptions, OpenOptions, TestClient } from '@mqtt-stack/testing'
import { MemoryStore } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { DefaultStack } from '../../../../test/rig/default-stack.ts'
import { defaultStack } from '../../../../test/rig/default-stack.ts'
import { StoredBackend } from '../../../../test/rig/stored-backend.ts'

type Test = DefaultStack & { backend: StoredBackend; errors: string[] }

/** A process over a store, and the codes of the errors that it told. */
async function processOver(store: MemoryStore, ...use: MiddlewareLike[]): Promise<Test> {
  const backend = new StoredBackend(undefined, store)
  const errors: string[] = []
  const stack = {
    errorHandler: (error: Error) => void errors.push((error as { code?: string }).code ?? error.message),
  }
  const test = await defaultStack({ backend, use, stack, sessionManager: { maximumExpiry: 3_600 } })
  return Object.assign(test, { backend, errors })
}

const PAYLOAD = Buffer.alloc(20_000, 'x')

/** A client with a will, of a session that lasts for 1,000 seconds unless told otherwise. */
function leaving(delay: number, sessionExpiryInterval = 1_000): ConnectOptions & OpenOptions {
  return {
    clientId: 'alice',
    clean: false,
    protocolVersion: 5,
    properties: { sessionExpiryInterval },
    will: {
      topic: 'will/alice',
      payload: PAYLOAD,
      qos: 1,
      retain: false,
      properties: { willDelayInterval: delay },
    },
  }
}

/** Somebody who is away, and for whom wills are kept. */
async function heirOf(test: Test): Promise<void> {
  const heir = await test.client({ clientId: 'heir', clean: false })
  await heir.subscribe('will/+', { qos: 1 })
  await heir.disconnect()
}

async function seconds(test: Test, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await test.clock.advance(1_000)
  await test.settle()
}

const lose = async (test: Test, client: TestClient): Promise<void> => {
  await client.drop()
  await test.settle()
}

describe.each([
  ['at once', 0, 1_000],
  ['at once, of a session that ends with its connection', 0, 0],
  ['after its delay', 5, 1_000],
  ['with the end of its session', 50, 5],
])('a will that is due %s', (_when, delay, expiry) => {
  it('waits for a store that cannot commit: that is told, and it comes once', async () => {
    const store = new MemoryStore()
    const test = await processOver(store)
    await heirOf(test)
    const alice = await test.client(leaving(delay, expiry))
    store.failure = new Error('no space left')
    await lose(test, alice)
    await seconds(test, 8)
    expect(test.errors).toContain('STORE_FAILED')
    expect(test.backend.stats).toMatchObject({ messages: 0, wills: 1 })
    store.failure = undefined
    await seconds(test, 15)
    expect(test.backend.stats).toMatchObject({ messages: 1, wills: 0 })
    await seconds(test, 60)
    expect(test.backend.stats).toMatchObject({ messages: 1, wills: 0 })
  })

  it('waits for a store that hangs, and comes once', async () => {
    const store = new MemoryStore()
    const test = await processOver(store)
    await heirOf(test)
    const alice = await test.client(leaving(delay, expiry))
    let goOn = (): void => {}
    const held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    store.beforeCommit = () => held
    await lose(test, alice)
    await seconds(test, 25)
    goOn()
    store.beforeCommit = undefined
    await seconds(test, 60)
    expect(test.backend.stats).toMatchObject({ messages: 1, wills: 0 })
  })

  it('comes once, whichever commit was the last of the process', async () => {
    for (let last = 0; last < 8; last++) {
      const store = new MemoryStore({ commit: 2 })
      const first = await processOver(store)
      await heirOf(first)
      const alice = await first.client(leaving(delay, expiry))
      await first.settle()
      let commits = 0
      store.beforeCommit = () => {
        if (commits++ === last) store.crash()
      }
      await lose(first, alice)
      await seconds(first, 8)
      store.beforeCommit = undefined
      store.crash()
      const second = await processOver(store)
      await seconds(second, 60)
      expect(second.backend.stats).toMatchObject({ messages: 1, wills: 0 })
    }
  })
})

it('a will that waits costs no memory for its message, and is counted until it is gone', async () => {
  const store = new MemoryStore()
  const test = await processOver(store)
  const { ledger } = test.stack
  const alice = await test.client(leaving(100))
  expect(ledger.held).toBeGreaterThan(PAYLOAD.length)
  await lose(test, alice)
  expect(ledger.held).toBeGreaterThan(1_000)
  expect(ledger.held).toBeLessThan(PAYLOAD.length)
  const watcher = await test.client({ clientId: 'watcher' })
  await watcher.subscribe('will/+', { qos: 1 })
  const before = ledger.held
  await seconds(test, 102)
  expect((await watcher.message()).payload).toBe(PAYLOAD.toString())
  expect(ledger.held).toBeLessThan(before)
})

it('a will of an earlier process is out before the client that ends its session is answered, and the end is told', async () => {
  const store = new MemoryStore()
  const first = await processOver(store)
  await lose(first, await first.client(leaving(100)))
  store.crash()
  const second = await processOver(store)
  const watcher = await second.client({ clientId: 'watcher' })
  await watcher.subscribe('will/+', { qos: 1 })
  const next = second.open({ clientId: 'alice' })
  let before: number | undefined
  next.stream.once('data', () => {
    before = watcher.received.filter(({ cmd }) => cmd === 'publish').length
  })
  await next.connect({ clean: true })
  expect(before).toBe(1)
  expect(second.events).toContain('ended alice (clean-start)')
})

describe.each([
  ['a store', () => new MemoryStore()],
  ['a slow store', () => new MemoryStore({ commit: 20 })],
])('a client that is refused when its session is open, over %s', (_name, make) => {
  it.each([
    ['with a will of its own', leaving(5)],
    ['without one', { ...leaving(5), will: undefined }],
  ])('%s, changes nothing: the will that waits comes at its time', async (_how, options) => {
    let refuses = false
    const test = await processOver(make(), {
      name: 'Gate',
      lookupConnackProperties({ client }) {
        if (refuses && client.epoch > 0) throw new Error('no CONNACK today')
      },
    })
    const watcher = await test.client({ clientId: 'watcher' })
    await watcher.subscribe('will/+', { qos: 1 })
    await lose(test, await test.client(leaving(10)))
    await seconds(test, 2)
    refuses = true
    await expect(test.client(options)).rejects.toThrow('refused')
    refuses = false
    await seconds(test, 7)
    await watcher.expectNothing()
    await seconds(test, 2)
    expect((await watcher.message()).topic).toBe('will/alice')
    await seconds(test, 60)
    await watcher.expectNothing()
    expect(test.backend.stats.wills).toBe(0)
  })
})

it('a session that cannot be opened, for the store fails, keeps the will that waits', async () => {
  const store = new MemoryStore()
  const test = await processOver(store)
  await heirOf(test)
  await lose(test, await test.client(leaving(10)))
  store.failure = new Error('no space left')
  await expect(test.client(leaving(10))).rejects.toThrow('refused')
  store.failure = undefined
  await seconds(test, 12)
  expect(test.backend.stats).toMatchObject({ messages: 1, wills: 0 })
})

it('a rule that fails ends a will: that is told once, and it is not tried again', async () => {
  const store = new MemoryStore()
  const test = await processOver(store, {
    name: 'Rule',
    relayMessage: () => {
      throw new Error('the rule failed')
    },
  })
  await lose(test, await test.client(leaving(5)))
  await seconds(test, 60)
  expect(test.errors.filter((error) => error === 'the rule failed')).toHaveLength(1)
  expect(test.backend.stats.wills).toBe(0)
})
