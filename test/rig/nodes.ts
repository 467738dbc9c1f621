/** For tests of what is distributed: default stacks over one service in memory, on one clock. */
import type { BackendOptions, ClaimedPart, SharedOptions, SharedStore } from '@mqtt-stack/core/backend'
import { BACKEND_OPTIONS, Backend, SHARED_OPTIONS } from '@mqtt-stack/core/backend'
import { MemoryService, settle, testStack, VirtualClock } from '@mqtt-stack/testing'
import type { DefaultStack, DefaultStackOptions, Drop } from './default-stack.ts'
import { defaultMiddlewares } from './default-stack.ts'
import { stopAtEnd } from './stop-at-end.ts'

type Options = BackendOptions & SharedOptions

/** What every backend over a store that several nodes share is: for tests. */
export class SharedBackend extends Backend<Options> {
  /** @param store Makes the store, for each time that it joins. */
  constructor(options: Options | undefined, store: () => SharedStore) {
    super(options, { ...BACKEND_OPTIONS, ...SHARED_OPTIONS }, store)
  }
}

/** A node of the service, with its stack. */
export type TestNode = DefaultStack & { readonly backend: SharedBackend }

/** How a node joins. */
export interface JoinOptions extends DefaultStackOptions {
  /** Options of its backend. */
  shared?: Options
}

/** A service and its nodes. */
export class TestService {
  readonly clock: VirtualClock = new VirtualClock()
  readonly store: MemoryService = new MemoryService({ clock: this.clock })
  readonly #stores = new Map<string, SharedStore>()

  /** A process that joins; stopped when the test is over. */
  async join(name: string, options: JoinOptions = {}): Promise<TestNode> {
    const backend = new SharedBackend(options.shared, () => this.#storeOf(name))
    const events: string[] = []
    const drops: Drop[] = []
    const sessionManager = { maximumExpiry: 3_600, ...options.sessionManager }
    const use = defaultMiddlewares({ ...options, sessionManager, backend }, events, drops)
    const test = await testStack({ use, options: options.stack, clients: options.clients, clock: this.clock })
    stopAtEnd(test)
    return Object.assign(test, { events, drops, memory: backend, backend })
  }

  /** What a node's part is to another one that claims it. */
  async claim(by: string, node: string): Promise<ClaimedPart | undefined> {
    return this.#stores.get(by)?.claim(node)
  }

  #storeOf(name: string): SharedStore {
    const store = this.store.node(name)
    this.#stores.set(name, store)
    return store
  }

  /** Fulfils when all that follows from what was done has happened. */
  settle(): Promise<void> {
    return settle()
  }
}
