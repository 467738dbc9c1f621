import type { Context, DropReason, MiddlewareLike, StackOptions } from '@mqtt-stack/core'
import type { InboundManagerOptions } from '@mqtt-stack/inbound-manager'
import type { MemoryBackendOptions } from '@mqtt-stack/memory-backend'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import type { OutboundManagerOptions } from '@mqtt-stack/outbound-manager'
import type { TestClientOptions, TestStack } from '@mqtt-stack/testing'
import { delayedBackend, lateBackend, slowBackend } from '@mqtt-stack/testing'
import { onTestFinished } from 'vitest'
import { defaultStack } from './default-stack.ts'
import { DRIVERS, realStore } from './real-store.ts'
import { StoredBackend } from './stored-backend.ts'

/** The backend in memory, and two that a third party could have written: all must look alike from outside. */
export const BACKENDS: readonly (readonly [string, WholeOptions['backend']])[] = [
  ['in memory', undefined],
  ['that stages and answers late', (memory) => lateBackend(memory, { stages: true })],
  ['that does late what it is asked', (memory) => delayedBackend(memory, turns)],
  ['on a slow disk (20 ms)', (memory) => slowBackend(memory, 20)],
  ['on a slow disk (50 ms)', (memory) => slowBackend(memory, 50)],
  ...DRIVERS.map(([name, make]): (typeof BACKENDS)[number] => [
    `over ${name}`,
    (_memory, options) => new StoredBackend(options, realStore(make)),
  ]),
]

export interface WholeOptions {
  /** Middlewares of users: behind inbound-manager. */
  use?: readonly MiddlewareLike[]
  /** What stands in the backend's place, given the one in memory; that one by default. */
  backend?: (memory: MemoryBackend, options: MemoryBackendOptions | undefined) => MiddlewareLike
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
  /** What keeps everything, whatever stands before it: all backends of the tests count what they hold. */
  readonly memory: MemoryBackend
  /** What messageDropped told, oldest first. */
  readonly drops: readonly Drop[]
}

/** All twelve built-ins in their order, everybody allowed everything; stopped when the test is over. */
export async function wholeStack(options: WholeOptions = {}): Promise<Whole> {
  const memory = new MemoryBackend(options.memory)
  const backend = options.backend?.(memory, options.memory) ?? memory
  const drops: Drop[] = []
  const watcher: MiddlewareLike = {
    name: 'Watcher',
    messageDropped({ clientId, packet, reason }: Context<'messageDropped'>) {
      drops.push({ clientId, topic: packet.topic, payload: packet.payload.toString(), reason })
    },
  }
  const test = await defaultStack({
    outboundManager: options.outbound,
    subscriptionManager: { subscriptions: options.subscriptions },
    inboundManager: options.inbound,
    use: [...(options.use ?? []), watcher],
    backend,
    stack: options.options,
    clients: options.clients,
  })
  stopAtEnd(test)
  const { stack, clock, logger, client, open, settle } = test
  const keeper = 'stats' in backend ? (backend as MemoryBackend) : memory
  return { stack, clock, logger, client, open, settle, memory: keeper, drops }
}

/** Stops the stack when the test is over, whatever is still under way. */
export function stopAtEnd({ stack, clock }: TestStack): void {
  onTestFinished(async () => {
    const stopped = stack.stop()
    await clock.advance(3 * stack.config.stallTimeout)
    await stopped
  })
}

async function turns(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise(setImmediate)
}
