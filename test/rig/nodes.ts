/** For tests of what is distributed: default stacks over one service in memory, on one clock. */
import type { BackendOptions } from '@mqtt-stack/core/backend'
import { MemoryService, settle, testStack, VirtualClock } from '@mqtt-stack/testing'
import type { DefaultStack, DefaultStackOptions, Drop } from './default-stack.ts'
import { defaultMiddlewares } from './default-stack.ts'
import { stopAtEnd } from './stop-at-end.ts'
import { StoredBackend } from './stored-backend.ts'

/** A node of the service, with its stack. */
export type TestNode = DefaultStack & { readonly backend: StoredBackend }

/** A service and its nodes. */
export class TestService {
  readonly clock = new VirtualClock()
  readonly store = new MemoryService({ clock: this.clock })

  /** A process that joins; stopped when the test is over. */
  async join(
    name: string,
    options: DefaultStackOptions & { memory?: BackendOptions } = {},
  ): Promise<TestNode> {
    const backend = new StoredBackend(options.memory, this.store.node(name))
    const events: string[] = []
    const drops: Drop[] = []
    const sessionManager = { maximumExpiry: 3_600, ...options.sessionManager }
    const use = defaultMiddlewares({ ...options, sessionManager, backend }, events, drops)
    const test = await testStack({ use, options: options.stack, clients: options.clients, clock: this.clock })
    stopAtEnd(test)
    return Object.assign(test, { events, drops, memory: backend, backend })
  }

  /** Fulfils when all that follows from what was done has happened. */
  settle(): Promise<void> {
    return settle()
  }
}
