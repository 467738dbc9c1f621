import { Authentication } from '@mqtt-stack/authentication'
import { Authorize } from '@mqtt-stack/authorize'
import { Connection } from '@mqtt-stack/connection'
import type { Context, DropReason, MiddlewareLike, StackOptions } from '@mqtt-stack/core'
import type { InboundManagerOptions } from '@mqtt-stack/inbound-manager'
import { InboundManager } from '@mqtt-stack/inbound-manager'
import { KeepAlive } from '@mqtt-stack/keepalive'
import { LastWill } from '@mqtt-stack/lastwill'
import type { MemoryBackendOptions } from '@mqtt-stack/memory-backend'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import type { OutboundManagerOptions } from '@mqtt-stack/outbound-manager'
import { OutboundManager } from '@mqtt-stack/outbound-manager'
import { PacketEmitter } from '@mqtt-stack/packet-emitter'
import { RetainManager } from '@mqtt-stack/retain-manager'
import { SessionManager } from '@mqtt-stack/session-manager'
import { SubscriptionManager } from '@mqtt-stack/subscription-manager'
import type { TestClientOptions, TestStack } from '@mqtt-stack/testing'
import { testStack } from '@mqtt-stack/testing'
import { onTestFinished } from 'vitest'
import { lateBackend } from './late-backend.ts'

/** The backend in memory, and two that a third party could have written: all must look alike from outside. */
export const BACKENDS: readonly (readonly [string, WholeOptions['backend']])[] = [
  ['in memory', undefined],
  ['that answers late', (memory) => lateBackend(memory)],
  ['that stages and answers late', (memory) => lateBackend(memory, { stages: true })],
]

export interface WholeOptions {
  /** Middlewares of users: behind inbound-manager. */
  use?: readonly MiddlewareLike[]
  /** What stands in the backend's place, given the one in memory; that one by default. */
  backend?: (memory: MemoryBackend) => MiddlewareLike
  memory?: MemoryBackendOptions
  inbound?: InboundManagerOptions
  outbound?: OutboundManagerOptions
  subscriptions?: number
  /** Of the stack. */
  options?: Omit<StackOptions, 'clock' | 'logger'>
  clients?: TestClientOptions
}

/** A drop that was told. */
export interface Drop {
  clientId: string
  topic: string
  payload: string
  reason: DropReason
}

export interface Whole extends Pick<TestStack, 'stack' | 'clock' | 'logger' | 'client' | 'open' | 'settle'> {
  readonly memory: MemoryBackend
  /** What messageDropped told, oldest first. */
  readonly drops: readonly Drop[]
}

/** All twelve built-ins in their order, everybody allowed everything; stopped when the test is over. */
export async function wholeStack(options: WholeOptions = {}): Promise<Whole> {
  const memory = new MemoryBackend(options.memory)
  const drops: Drop[] = []
  const watcher: MiddlewareLike = {
    name: 'Watcher',
    messageDropped({ clientId, packet, reason }: Context<'messageDropped'>) {
      drops.push({ clientId, topic: packet.topic, payload: packet.payload.toString(), reason })
    },
  }
  const test = await testStack({
    use: [
      new PacketEmitter(),
      new Connection(),
      new KeepAlive(),
      new Authentication(),
      new Authorize(),
      new LastWill(),
      new OutboundManager(options.outbound),
      new SessionManager(),
      new SubscriptionManager({ subscriptions: options.subscriptions ?? 1_000 }),
      new InboundManager(options.inbound),
      ...(options.use ?? []),
      new RetainManager(),
      options.backend?.(memory) ?? memory,
      everybody(),
      watcher,
    ],
    options: options.options,
    clients: options.clients,
  })
  stopAtEnd(test)
  const { stack, clock, logger, client, open, settle } = test
  return { stack, clock, logger, client, open, settle, memory, drops }
}

/** Stops the stack when the test is over, whatever is still under way. */
export function stopAtEnd({ stack, clock }: TestStack): void {
  onTestFinished(async () => {
    const stopped = stack.stop()
    await clock.advance(3 * stack.config.stallTimeout)
    await stopped
  })
}

/** Lets everybody in and allows everything. */
export function everybody(): MiddlewareLike {
  return {
    name: 'Everybody',
    authenticateConnection(_ctx: Context<'authenticateConnection'>, store) {
      store.valid = true
    },
    authorizePacket(_ctx: Context<'authorizePacket'>, store) {
      store.valid = true
    },
  }
}
