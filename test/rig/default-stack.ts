/** For integration tests: the default stack, all twelve built-ins in their order, on no socket. */
import { Authentication } from '@mqtt-stack/authentication'
import { Authorize } from '@mqtt-stack/authorize'
import type { ConnectionOptions } from '@mqtt-stack/connection'
import { Connection } from '@mqtt-stack/connection'
import type { MiddlewareLike, StackOptions } from '@mqtt-stack/core'
import type { InboundManagerOptions } from '@mqtt-stack/inbound-manager'
import { InboundManager } from '@mqtt-stack/inbound-manager'
import type { KeepAliveOptions } from '@mqtt-stack/keepalive'
import { KeepAlive } from '@mqtt-stack/keepalive'
import { LastWill } from '@mqtt-stack/lastwill'
import type { MemoryBackendOptions, MemoryBackendStats } from '@mqtt-stack/memory-backend'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import type { OutboundManagerOptions } from '@mqtt-stack/outbound-manager'
import { OutboundManager } from '@mqtt-stack/outbound-manager'
import { PacketEmitter } from '@mqtt-stack/packet-emitter'
import { RetainManager } from '@mqtt-stack/retain-manager'
import type { SessionManagerOptions } from '@mqtt-stack/session-manager'
import { SessionManager } from '@mqtt-stack/session-manager'
import type { SubscriptionManagerOptions } from '@mqtt-stack/subscription-manager'
import { SubscriptionManager } from '@mqtt-stack/subscription-manager'
import type { TestClientOptions, TestStack } from '@mqtt-stack/testing'
import { delayedBackend, lateBackend, MemoryStore, slowBackend, testStack } from '@mqtt-stack/testing'
import { DRIVERS, realStore } from './real-store.ts'
import { StoredBackend } from './stored-backend.ts'

export interface DefaultStackOptions {
  connection?: ConnectionOptions
  keepalive?: KeepAliveOptions
  outboundManager?: OutboundManagerOptions
  sessionManager?: SessionManagerOptions
  subscriptionManager?: SubscriptionManagerOptions
  inboundManager?: InboundManagerOptions
  /** Who clients are; everybody is who they say they are by default. */
  users?: MiddlewareLike
  /** What they may do; everything by default. */
  rules?: MiddlewareLike
  /** Further middlewares, at the users' place. */
  use?: readonly MiddlewareLike[]
  backend?: MiddlewareLike
  stack?: Omit<StackOptions, 'clock' | 'logger'>
  clients?: TestClientOptions
}

/** A {@link TestStack} of the default stack, and what was told about its clients. */
export interface DefaultStack extends TestStack {
  /** `connected alice`, `unclean alice`, `disconnected alice` …, in the order of their coming. */
  readonly events: string[]
}

/** Lets everybody in, with the user name as identity. */
export const anybody: MiddlewareLike = {
  name: 'Anybody',
  authenticateConnection(_ctx, store) {
    store.valid = true
  },
}

/** Allows everything. */
export const anything: MiddlewareLike = {
  name: 'Anything',
  authorizePacket(_ctx, store) {
    store.valid = true
  },
}

/** The default stack in its order: the backend is the last. */
export function defaultMiddlewares(
  options: DefaultStackOptions = {},
  events: string[] = [],
): MiddlewareLike[] {
  return [
    new PacketEmitter(),
    new Connection(options.connection),
    recorder(events),
    new KeepAlive(options.keepalive),
    new Authentication(),
    options.users ?? anybody,
    new Authorize(),
    options.rules ?? anything,
    new LastWill(),
    new OutboundManager(options.outboundManager),
    new SessionManager(options.sessionManager),
    new SubscriptionManager(options.subscriptionManager),
    new InboundManager(options.inboundManager),
    ...(options.use ?? []),
    new RetainManager(),
    options.backend ?? new MemoryBackend(),
  ]
}

/** A started default stack. */
export async function defaultStack(options: DefaultStackOptions = {}): Promise<DefaultStack> {
  const events: string[] = []
  const { stack, clients } = options
  const test = await testStack({ use: defaultMiddlewares(options, events), options: stack, clients })
  return Object.assign(test, { events })
}

/** Notes what is told about clients. */
export function recorder(events: string[]): MiddlewareLike {
  return {
    name: 'Recorder',
    clientConnected: ({ client }) => void events.push(`connected ${client.id}`),
    cleanDisconnect: ({ client }) => void events.push(`clean ${client.id}`),
    uncleanDisconnect: ({ client }) => void events.push(`unclean ${client.id}`),
    clientDisconnected: ({ client }) => void events.push(`disconnected ${client.id}`),
    sessionEnded: ({ clientId, reason }) => void events.push(`ended ${clientId} (${reason})`),
  }
}

/** A backend of the tests. */
export type Backend = MiddlewareLike & { readonly stats: MemoryBackendStats }

type Backends = readonly (readonly [string, (options?: MemoryBackendOptions) => Backend])[]

/** Backends that keep all that memory-backend keeps, and do so at once or later. */
export const BACKENDS: Backends = [
  ['a backend that answers at once', (options) => new MemoryBackend(options)],
  ['a backend that answers some promises later', around((memory) => delayedBackend(memory, promises))],
  ['a backend that answers some turns later', around((memory) => delayedBackend(memory, turns))],
  ['a backend that commits late', around((memory) => lateBackend(memory, { stages: true }))],
  ['a slow disk (20 ms)', around((memory) => slowBackend(memory, 20))],
  ['a slow disk (50 ms)', around((memory) => slowBackend(memory, 50))],
  ['an ordered store', (options) => new StoredBackend(options, new MemoryStore())],
  ['an ordered store (20 ms)', (options) => new StoredBackend(options, new MemoryStore({ commit: 20 }))],
  ...DRIVERS.map(([name, make]): Backends[number] => [
    name,
    (options) => new StoredBackend(options, realStore(make)),
  ]),
]

/** What a backend around one in memory holds is what that one holds. */
function around(
  make: (memory: MemoryBackend) => MiddlewareLike,
): (options?: MemoryBackendOptions) => Backend {
  return (options) => {
    const memory = new MemoryBackend(options)
    return Object.defineProperty(make(memory), 'stats', { get: () => memory.stats }) as Backend
  }
}

async function promises(): Promise<void> {
  for (let i = 0; i < 7; i++) await undefined
}

async function turns(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise(setImmediate)
}
