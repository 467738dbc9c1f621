/** For tests of what is distributed: default stacks over one service in memory, on one clock. */
import type { Timer } from '@mqtt-stack/core'
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

/** The clock of a machine that somebody has set wrongly. */
class ShiftedClock extends VirtualClock {
  readonly #clock: VirtualClock
  readonly #ahead: number

  constructor(clock: VirtualClock, ahead: number) {
    super()
    this.#clock = clock
    this.#ahead = ahead
  }

  override now(): number {
    return this.#clock.now()
  }

  override wall(): number {
    return this.#clock.wall() + this.#ahead
  }

  override after(ms: number, task: () => void): Timer {
    return this.#clock.after(ms, task)
  }

  override every(ms: number, task: () => void): Timer {
    return this.#clock.every(ms, task)
  }

  override advance(ms: number): Promise<void> {
    return this.#clock.advance(ms)
  }
}

/** A service and its nodes. */
export class TestService {
  readonly clock: VirtualClock = new VirtualClock()
  readonly store: MemoryService = new MemoryService({ clock: this.clock })
  /** How far the clock of a machine that joins is ahead of that of the store, in ms. */
  ahead = 0
  readonly #stores = new Map<string, SharedStore>()

  /** A process that joins; stopped when the test is over. */
  async join(name: string, options: JoinOptions = {}): Promise<TestNode> {
    const backend = new SharedBackend(options.shared, () => this.#makeStore(name))
    const events: string[] = []
    const drops: Drop[] = []
    const sessionManager = { maximumExpiry: 3_600, ...options.sessionManager }
    const use = defaultMiddlewares({ ...options, sessionManager, backend }, events, drops)
    const test = await testStack({
      use,
      options: options.stack,
      clients: options.clients,
      clock: this.#machine(),
    })
    stopAtEnd(test)
    return Object.assign(test, { events, drops, memory: backend, backend })
  }

  /** What a node's part is to another one that claims it. */
  async claim(by: string, node: string): Promise<ClaimedPart | undefined> {
    return this.#stores.get(by)?.claim(node)
  }

  /** The store as a node has it, for tests that watch what it asks. */
  storeOf(node: string): SharedStore {
    const store = this.#stores.get(node)
    if (store === undefined) throw new Error(`there is no node ${node}`)
    return store
  }

  /**
   * From now on a node hears late of names that it has set: for all others they are set before. Call what it answers with, and the node
   * hears.
   */
  holdNames(node: string): () => void {
    const store = this.storeOf(node)
    const swap = store.swap.bind(store)
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    store.swap = async (name, expected, value) => {
      const before = await swap(name, expected, value)
      if (before === expected) await held
      return before
    }
    return release
  }

  /** From now on whoever asks is told of each entry that a node sends. */
  onSend(node: string, told: (entry: Uint8Array) => void): void {
    const store = this.storeOf(node)
    const send = store.send.bind(store)
    store.send = (to, entry) => {
      told(entry)
      return send(to, entry)
    }
  }

  /** From now on each entry that a node sends is on its way for so many ms more. */
  delaySends(node: string, ms: number): void {
    const store = this.storeOf(node)
    const send = store.send.bind(store)
    store.send = async (to, entry) => {
      if (ms > 0) await new Promise<void>((resolve) => void this.clock.after(ms, resolve))
      return send(to, entry)
    }
  }

  /** From now on a node gets nothing of what others send to it, and keeps its lease. Call what it answers with, and it goes on. */
  holdInbox(node: string): () => void {
    const store = this.#stores.get(node)
    if (store === undefined) throw new Error(`there is no node ${node}`)
    const receive = store.receive.bind(store)
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    store.receive = async (after, limit) => {
      await held
      return receive(after, limit)
    }
    return release
  }

  /** Counts the batches that a node writes from now on. */
  countWrites(node: string): () => number {
    const store = this.storeOf(node)
    const write = store.write.bind(store)
    let count = 0
    store.write = (batch) => {
      count++
      return write(batch)
    }
    return () => count
  }

  /** From now on a node takes over no name that is set, until what it answers with is called. */
  refuseNames(node: string): () => void {
    const store = this.storeOf(node)
    const swap = store.swap.bind(store)
    store.swap = (name, expected, value) =>
      expected === undefined || value === undefined
        ? swap(name, expected, value)
        : Promise.reject(new Error('no names now'))
    return () => {
      store.swap = swap
    }
  }

  #machine(): VirtualClock {
    return this.ahead === 0 ? this.clock : new ShiftedClock(this.clock, this.ahead)
  }

  #makeStore(name: string): SharedStore {
    const store = this.store.node(name)
    this.#stores.set(name, store)
    return store
  }

  /** Fulfils when all that follows from what was done has happened. */
  settle(): Promise<void> {
    return settle()
  }
}
