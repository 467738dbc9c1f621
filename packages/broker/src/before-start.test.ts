/** What is asked before the stack has started: it works, or one error says to start it. */
import { readFileSync } from 'node:fs'
import type { MiddlewareLike } from '@mqtt-stack/core'
import { CALLBACKS, Publish, RelayContext, Relayer, RelayStore, Stack, sendTo } from '@mqtt-stack/core'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import { Metrics } from '@mqtt-stack/metrics'
import { MemoryStore } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { StoredBackend } from '../../../test/rig/stored-backend.ts'
import type { Broker, BrokerOptions } from './index.ts'
import { createBroker } from './index.ts'

const NOBODY = { clientId: '', identity: undefined }

/** What whoever is no middleware executes, and with what. */
const ASKED: Readonly<Record<string, object>> = {
  endSession: { clientId: 'a' },
  endSubscription: { clientId: 'a', topic: 't' },
  explainDelivery: { clientId: 'a', topic: 't' },
  followTraffic: { terms: { clientId: 'a' }, see: () => {} },
  lookupHealth: {},
  lookupHoldings: { limit: 1 },
  lookupMetrics: {},
  lookupNodes: {},
  lookupOfflineMessages: { clientId: 'a', client: undefined },
  lookupRetainedMessages: { topic: '#' },
  lookupRules: { limit: 1 },
  lookupSessions: { limit: 1 },
  lookupSubscriptions: { clientId: 'a' },
  lookupTop: { list: 'topics', limit: 1 },
  lookupUsers: { limit: 1 },
  purgeMessages: { filter: '#' },
  regrantSubscription: { clientId: 'a', topic: 't', qos: 0 },
  relayMessage: new RelayContext(undefined, Publish.from({ topic: 't' }), NOBODY, undefined),
  removeRule: { provider: 'x', version: '', place: 1 },
  removeUser: { provider: 'x', name: 'a' },
  storeRetainedMessage: { topic: 't', packet: Publish.from({ topic: 't' }), messageId: 1, expiresAt: 0 },
  storeRule: { provider: 'x', version: '' },
  storeUser: { provider: 'x', name: 'a' },
  tellNodes: { subject: 'x', text: '' },
}
/** Of a client, and before the start there is none. */
const OF_CLIENTS = ['closeClient', 'lookupOutbound']

const MESSAGE = 'the stack has not started: await broker.start(), or stack.start(), first'

function brokers(): [string, Broker][] {
  const all: [string, BrokerOptions][] = [
    ['of built-ins', {}],
    ['that counts and traces', { metrics: {}, tracing: {} }],
    ['with a store', { backend: new StoredBackend({}, new MemoryStore()) }],
  ]
  return all.map(([name, options]) => [name, createBroker({ allowAnonymous: true, ...options })])
}

async function outcomeOf(work: () => unknown): Promise<string> {
  try {
    await work()
    return 'answered'
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    return code === undefined ? message : code
  }
}

describe('before the stack has started', () => {
  it('each callback that whoever is no middleware executes is tried here', () => {
    const table = readFileSync(new URL('../../../docs/callbacks.md', import.meta.url), 'utf8')
    const rows = [...table.matchAll(/^\| \[`(\w+)`\]\(#\w+\) \| (\w+) \| ([^|]*) \|/gm)]
    const outside = rows.filter(([, , merge, by]) => merge !== 'told' && /anyone|admin|broker/.test(by))
    const names = outside.map(([, name]) => name)
    expect(names.length).toBeGreaterThan(20)
    expect([...Object.keys(ASKED), ...OF_CLIENTS].toSorted()).toEqual(names.toSorted())
  })

  for (const [kind, broker] of brokers())
    it.each(Object.entries(ASKED))(`a broker ${kind} says so, or answers: %s`, async (name, ctx) => {
      const { stack } = broker
      const callback = name as 'lookupSessions'
      const store = CALLBACKS[callback].newStore?.() ?? {}
      const ways = [
        () => stack.call(callback, ctx as never),
        () => stack.trace(callback, ctx as never),
        () => stack.run(callback, ctx as never, store),
        () => stack.chain(callback).run(ctx as never, store),
        () =>
          new Promise<void>((resolve, reject) => {
            stack.execute(callback, ctx as never, undefined, (error) => (error ? reject(error) : resolve()))
          }),
      ]
      for (const way of ways)
        expect(['answered', 'STACK_NOT_STARTED', 'CALLBACK_UNANSWERED']).toContain(await outcomeOf(way))
    })

  it.each(['lookupSessions', 'lookupMetrics', 'lookupHealth'] as const)(
    '%s says what to do',
    async (name) => {
      const { stack } = createBroker()
      const ctx = { limit: 1 }
      const error = { code: 'STACK_NOT_STARTED', message: `${name}: ${MESSAGE}` }
      await expect(stack.call(name, ctx)).rejects.toMatchObject(error)
      await expect(stack.trace(name, ctx)).rejects.toMatchObject(error)
      // Asked again it is no other.
      await expect(stack.call(name, ctx)).rejects.toMatchObject(error)
      await stack.start()
      await expect(stack.call(name, ctx)).resolves.toBeInstanceOf(Array)
      await stack.stop()
    },
  )

  it('whoever needs no start answers', async () => {
    const plain: MiddlewareLike = {
      name: 'Plain',
      lookupHealth: (_ctx, store) => void store.push({ name: 'plain', healthy: true }),
    }
    await expect(new Stack().use(plain).call('lookupHealth', {})).resolves.toHaveLength(1)
  })

  it('a middleware asks those that have started while it starts itself', async () => {
    let found: unknown
    const asking: MiddlewareLike = {
      name: 'Asking',
      async start() {
        found = await this.stack?.call('lookupSessions', { limit: 1 })
      },
    }
    const broker = createBroker({ allowAnonymous: true, use: [asking] })
    await broker.start()
    expect(found).toEqual([])
    await broker.close()
  })

  it('what failed to start has not started', async () => {
    const failing: MiddlewareLike = {
      name: 'Failing',
      async start() {
        throw new Error('no')
      },
    }
    const { stack } = createBroker({ allowAnonymous: true, use: [failing] })
    await expect(stack.start()).rejects.toThrow('no')
    await expect(stack.call('lookupSessions', { limit: 1 })).rejects.toMatchObject({
      code: 'STACK_NOT_STARTED',
    })
  })

  it('functions for programs say so too', async () => {
    const stack = createBroker({ allowAnonymous: true }).stack
    await expect(sendTo(stack, 'a', { topic: 't', payload: 'x' })).rejects.toMatchObject({
      code: 'STACK_NOT_STARTED',
    })
    const relay = (): unknown =>
      new Relayer(stack).relay(ASKED.relayMessage as RelayContext, new RelayStore())
    expect(await outcomeOf(relay)).toBe('STACK_NOT_STARTED')
  })

  it('what metrics and backends are asked themselves says so too', async () => {
    const metrics = new Metrics()
    const backend = new MemoryBackend()
    createBroker({ allowAnonymous: true, backend, use: [metrics] })
    await expect(metrics.gather()).rejects.toMatchObject({ code: 'STACK_NOT_STARTED' })
    await expect(metrics.text()).rejects.toMatchObject({ code: 'STACK_NOT_STARTED' })
    await expect(metrics.registry()).rejects.toMatchObject({ code: 'STACK_NOT_STARTED' })
    expect(() => backend.stats).toThrow(`MemoryBackend.stats: ${MESSAGE}`)
    expect(backend.settled).toBeUndefined()
    expect(metrics.address).toBeUndefined()
  })

  it('a broker starts for what is asked of it, and what it knows then is nothing', async () => {
    const asks: Record<string, (broker: Broker) => unknown> = {
      addresses: (broker) => broker.addresses,
      clients: (broker) => [...broker.clients],
      closeListener: (broker) => broker.closeListener('mqtt://127.0.0.1:1'),
      configuration: (broker) => broker.configuration,
      explain: (broker) => broker.explain({ user: 'alice', publish: 'a' }),
      kick: (broker) => broker.kick('a'),
      openListeners: (broker) => broker.openListeners,
      publish: (broker) => broker.publish('a', 'x'),
      reload: (broker) => broker.reload(),
      reloadCertificates: (broker) => broker.reloadCertificates(),
      retained: (broker) => broker.retained('#').next(),
      sendTo: (broker) => broker.sendTo('a', { topic: 't', payload: 'x' }),
      subscribe: (broker) => broker.subscribe('a', () => {}),
    }
    for (const [name, ask] of Object.entries(asks)) {
      const broker = createBroker({ allowAnonymous: true })
      expect([name, await outcomeOf(() => ask(broker))]).toEqual([name, 'answered'])
      await broker.close()
    }
  })
})
