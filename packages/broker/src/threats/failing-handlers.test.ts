/** A handler that fails harms the client that it fails for, if anybody: never the process, and no other client. */
import type { CallbackName, MiddlewareLike } from '@mqtt-stack/core'
import { CALLBACKS } from '@mqtt-stack/core'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Broker5 } from '../../../../test/rig/broker.ts'
import { broker5 } from '../../../../test/rig/broker.ts'

const VICTIM = 'victim'

/** How a handler fails that has answered `calls` times. */
type Failure = (calls: number, answer: () => unknown) => unknown

const oops = (): never => {
  throw new Error('oops')
}
const later = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}

const FAILURES: [string, Failure][] = [
  ['throws', oops],
  ['rejects at once', () => Promise.reject(new Error('oops'))],
  ['rejects later', () => later().then(oops)],
  ['answers late once, then throws', (calls, answer) => (calls === 0 ? later().then(answer) : oops())],
  [
    'answers late once, then rejects',
    (calls, answer) => (calls === 0 ? later().then(answer) : later().then(oops)),
  ],
  ['answers twice, then throws', (calls, answer) => (calls < 2 ? answer() : oops())],
]

type Anything = Record<string, (ctx: object, store: object) => unknown>

/** Whose call it is, where one can tell. */
function clientIdOf(ctx: object): string | undefined {
  const { clientId, client, publisher } = ctx as {
    clientId?: string
    client?: { id: string }
    publisher?: { clientId: string }
  }
  return clientId ?? client?.id ?? publisher?.clientId
}

/** `inner`, of which one callback fails for one client. */
function failing(inner: MiddlewareLike, name: string, failure: Failure): MiddlewareLike {
  let calls = 0
  const handlers = inner as unknown as Anything
  const backend: MiddlewareLike & Record<string, unknown> = {
    name: 'Failing',
    last: true,
    start() {
      inner.stack = backend.stack
      return inner.start?.()
    },
  }
  for (const callback of Object.keys(CALLBACKS)) {
    if (typeof handlers[callback] !== 'function') continue
    backend[callback] = (ctx: object, store: object) => {
      const answer = (): unknown => handlers[callback].call(inner, ctx, store)
      if (callback !== name || clientIdOf(ctx) !== VICTIM) return answer()
      return failure(calls++, answer)
    }
  }
  return backend
}

/** What a client lives through; whatever fails on the way, the next thing is tried. */
async function live({ open, seconds }: Broker5, other: TestClient): Promise<void> {
  const will = { topic: 'will', payload: Buffer.from('gone'), qos: 1, retain: true } as const
  const connect = async (clean: boolean, autoAck: boolean): Promise<TestClient> => {
    const client = open({ clientId: VICTIM, autoAck })
    client.connect({ clean, will, properties: { sessionExpiryInterval: 5 } }).catch(() => {})
    await seconds(0)
    return client
  }
  const attempt = (work: Promise<unknown>): void => void work.catch(() => {})
  const first = await connect(true, false)
  attempt(first.subscribe('a/#', { qos: 2 }))
  attempt(first.subscribe('$share/g/s', { qos: 1 }))
  await seconds(0)
  for (const qos of [0, 1, 2] as const) attempt(first.publish('b', 'x', { qos, retain: true }))
  await seconds(0)
  for (let i = 0; i < 4; i++) attempt(other.publish('a/b', `${i}`, { qos: 2, retain: true }))
  attempt(other.publish('s', 'shared', { qos: 1 }))
  await seconds(0)
  // Two PUBRECs in one chunk, and what follows from them.
  const ids = first.received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.messageId ?? 0] : []))
  first.raw(Buffer.concat(ids.slice(0, 2).map((id) => Buffer.from([0x50, 2, id >> 8, id & 255]))))
  await seconds(0)
  first.raw(Buffer.concat(ids.slice(0, 1).map((id) => Buffer.from([0x70, 2, id >> 8, id & 255]))))
  first.send({ cmd: 'pubrel', messageId: 3 })
  await seconds(0)
  // Taken over, with packets under way.
  attempt(first.publish('b', 'y', { qos: 2 }))
  const second = await connect(false, true)
  attempt(second.subscribe('a/b', { qos: 1 }))
  attempt(second.unsubscribe('a/#'))
  await seconds(0)
  await second.drop()
  await seconds(0)
  const third = await connect(false, true)
  attempt(third.publish('b', 'z', { qos: 1 }))
  await seconds(0)
  if (!third.stream.destroyed) await third.disconnect().catch(() => {})
  await seconds(10)
  const fourth = await connect(true, true)
  await fourth.drop()
  await seconds(0)
}

/** Fails the test where a rejection is heard by nobody: outside of a test that ends the process. */
function watchRejections(): string[] {
  const unheard: string[] = []
  const note = (reason: unknown): void => void unheard.push(String(reason))
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  return unheard
}

const memory = new MemoryBackend() as unknown as Anything
const OF_BACKEND = Object.keys(CALLBACKS).filter((name) => typeof memory[name] === 'function')
const TOLD = Object.entries(CALLBACKS).flatMap(([name, { merge }]) =>
  merge === 'each' || merge === 'all' ? [name as CallbackName] : [],
)

async function expectUnharmed(test: Broker5, other: TestClient, unheard: readonly string[]): Promise<void> {
  expect(unheard).toEqual([])
  expect(other.stream.destroyed).toBe(false)
  await other.ping()
  const reader = await test.client({ clientId: 'reader' })
  await reader.subscribe('news', { qos: 2 })
  await other.publish('news', 'all is well', { qos: 2 })
  await test.seconds(0)
  expect(reader.received.filter(({ cmd }) => cmd === 'publish')).toHaveLength(1)
}

describe.each(FAILURES)('a handler of a backend that %s', (_how, failure) => {
  it.each(OF_BACKEND)('for %s harms nobody else', async (name) => {
    const unheard = watchRejections()
    const test = broker5({ backend: failing(new MemoryBackend(), name, failure) })
    const other = await test.client({ clientId: 'other' })
    await live(test, other)
    // A message that cannot be kept for a session must not be acknowledged: its publisher is closed, and no other.
    const publisher = name === 'storeOfflineMessage' ? await test.client({ clientId: 'bystander' }) : other
    await expectUnharmed(test, publisher, unheard)
  })
})

describe.each(FAILURES)('a handler of a middleware that %s', (_how, failure) => {
  it.each(TOLD)('for %s harms nobody else', async (name) => {
    const unheard = watchRejections()
    let calls = 0
    const middleware: MiddlewareLike = {
      name: 'Failing',
      [name]: (ctx: object) => (clientIdOf(ctx) === VICTIM ? failure(calls++, () => {}) : undefined),
    }
    const test = broker5({ use: [middleware] })
    const other = await test.client({ clientId: 'other' })
    await live(test, other)
    await expectUnharmed(test, other, unheard)
  })
})
