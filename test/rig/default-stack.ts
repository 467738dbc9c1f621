/** For integration tests: the default stack, all twelve built-ins in their order, on no socket. */
import { Authentication } from '@mqtt-stack/authentication'
import { Authorize } from '@mqtt-stack/authorize'
import type { ConnectionOptions } from '@mqtt-stack/connection'
import { Connection } from '@mqtt-stack/connection'
import type { DropReason, MiddlewareLike, StackOptions } from '@mqtt-stack/core'
import type { InboundManagerOptions } from '@mqtt-stack/inbound-manager'
import { InboundManager } from '@mqtt-stack/inbound-manager'
import type { KeepAliveOptions } from '@mqtt-stack/keepalive'
import { KeepAlive } from '@mqtt-stack/keepalive'
import { LastWill } from '@mqtt-stack/lastwill'
import type { MemoryBackendOptions } from '@mqtt-stack/memory-backend'
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
import { testStack } from '@mqtt-stack/testing'
import type { Backend, MakeBackend } from './backends.ts'
import { stopAtEnd } from './stop-at-end.ts'

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
  /** The backend, or what makes it; one in memory by default. */
  backend?: MiddlewareLike | MakeBackend | undefined
  /** What the backend is made with. */
  memory?: MemoryBackendOptions
  stack?: Omit<StackOptions, 'clock' | 'logger'>
  clients?: TestClientOptions
}

/** A drop that was told. */
export interface Drop {
  clientId: string
  topic: string
  payload: string
  reason: DropReason
}

/** A {@link TestStack} of the default stack, and what was told about its clients. */
export interface DefaultStack extends TestStack {
  /** The backend: those of the tests count what they hold. */
  readonly memory: Backend
  /** What messageDropped told, oldest first. */
  readonly drops: readonly Drop[]
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
  drops: Drop[] = [],
): MiddlewareLike[] {
  return [
    new PacketEmitter(),
    new Connection(options.connection),
    recorder(events, drops),
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
    backendOf(options),
  ]
}

function backendOf({ backend, memory }: DefaultStackOptions): MiddlewareLike {
  if (backend === undefined) return new MemoryBackend(memory)
  return typeof backend === 'function' ? backend(memory) : backend
}

/** A started default stack; stopped when the test is over. */
export async function defaultStack(options: DefaultStackOptions = {}): Promise<DefaultStack> {
  const events: string[] = []
  const drops: Drop[] = []
  const { stack, clients } = options
  const use = defaultMiddlewares(options, events, drops)
  const test = await testStack({ use, options: stack, clients })
  stopAtEnd(test)
  return Object.assign(test, { events, drops, memory: use.at(-1) as Backend })
}

/** Notes what is told about clients. */
export function recorder(events: string[], drops: Drop[]): MiddlewareLike {
  return {
    name: 'Recorder',
    clientConnected: ({ client }) => void events.push(`connected ${client.id}`),
    cleanDisconnect: ({ client }) => void events.push(`clean ${client.id}`),
    uncleanDisconnect: ({ client }) => void events.push(`unclean ${client.id}`),
    clientDisconnected: ({ client }) => void events.push(`disconnected ${client.id}`),
    sessionEnded: ({ clientId, reason }) => void events.push(`ended ${clientId} (${reason})`),
    messageDropped: ({ clientId, packet: { topic, payload }, reason }) =>
      void drops.push({ clientId, topic, payload: payload.toString(), reason }),
  }
}
