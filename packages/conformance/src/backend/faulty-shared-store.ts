import type {
  ClaimedPart,
  NodePart,
  NodeState,
  SharedMap,
  SharedStore,
  SharedStoreEvents,
} from '@mqtt-stack/core/backend'

/** A store that several nodes share, from which a node can be cut off; everything else is the inner store's. */
export class FaultySharedStore implements SharedStore {
  readonly node: string
  readonly lease: number
  readonly retained: SharedMap
  readonly #inner: SharedStore
  #events: SharedStoreEvents | undefined
  #isKilled = false
  /** Fulfils when the node is not cut off any more. */
  #cut: Promise<void> | undefined

  constructor(inner: SharedStore) {
    this.#inner = inner
    this.node = inner.node
    this.lease = inner.lease
    const { retained } = inner
    this.retained = {
      write: (batch, posted) => this.#ask(() => retained.write(batch, posted)),
      read: (range, limit) => this.#ask(() => retained.read(range, limit)),
      position: () => this.#ask(() => retained.position()),
      changes: (after, limit) => this.#ask(() => retained.changes(after, limit)),
    }
  }

  /** As if the process was killed: nothing that it asks from now on reaches the store, and it hears nothing. */
  kill(): void {
    this.#isKilled = true
  }

  /** The store is out of reach; answers what ends that. */
  cut(): () => void {
    let heal = (): void => {}
    this.#cut = new Promise((resolve) => {
      heal = resolve
    })
    this.#events?.reach(new Error('the store is out of reach'))
    return () => {
      this.#cut = undefined
      heal()
      if (!this.#isKilled) this.#events?.reach(undefined)
    }
  }

  listen(events: SharedStoreEvents): void {
    this.#events = events
    this.#inner.listen({
      reach: (failure) => {
        if (!this.#isKilled) events.reach(failure)
      },
      cast: (bytes) => {
        if (!this.#isKilled && this.#cut === undefined) events.cast(bytes)
      },
    })
  }

  open(): Promise<void> {
    return this.#ask(() => this.#inner.open())
  }

  close(): void | Promise<void> {
    return this.#isKilled ? undefined : this.#inner.close()
  }

  read: NodePart['read'] = (range, limit) => this.#ask(() => this.#inner.read(range, limit))
  write: NodePart['write'] = (batch) => this.#ask(() => this.#inner.write(batch))
  receive: NodePart['receive'] = (after, limit) => this.#ask(() => this.#inner.receive(after, limit))
  trim: NodePart['trim'] = (upTo) => this.#ask(() => this.#inner.trim(upTo))

  renew(): Promise<void> {
    return this.#ask(() => this.#inner.renew())
  }

  leave(received: string): Promise<boolean> {
    return this.#ask(() => this.#inner.leave(received))
  }

  nodes(): Promise<readonly NodeState[]> {
    return this.#ask(() => this.#inner.nodes())
  }

  async claim(node: string): Promise<ClaimedPart | undefined> {
    const part = await this.#ask(() => this.#inner.claim(node))
    return (
      part && {
        read: (range, limit) => this.#ask(() => part.read(range, limit)),
        write: (batch) => this.#ask(() => part.write(batch)),
        receive: (after, limit) => this.#ask(() => part.receive(after, limit)),
        trim: (upTo) => this.#ask(() => part.trim(upTo)),
        forget: (received) => this.#ask(() => part.forget(received)),
      }
    )
  }

  waiting(node: string): Promise<number> {
    return this.#ask(() => this.#inner.waiting(node))
  }

  send(node: string, bytes: Uint8Array): Promise<boolean> {
    return this.#ask(() => this.#inner.send(node, bytes))
  }

  cast(node: string, bytes: Uint8Array): void {
    if (!this.#isKilled && this.#cut === undefined) this.#inner.cast(node, bytes)
  }

  swap(name: string, expected: string | undefined, value: string | undefined): Promise<string | undefined> {
    return this.#ask(() => this.#inner.swap(name, expected, value))
  }

  async *names(prefix: string): AsyncIterable<{ readonly name: string; readonly value: string }> {
    await this.#way()
    for await (const found of this.#inner.names(prefix)) {
      await this.#way()
      yield found
    }
  }

  time(): Promise<number> {
    return this.#ask(() => this.#inner.time())
  }

  async #ask<T>(ask: () => T | Promise<T>): Promise<T> {
    await this.#way()
    const answer = await ask()
    await this.#way()
    return answer
  }

  async #way(): Promise<void> {
    while (this.#cut !== undefined && !this.#isKilled) await this.#cut
    if (this.#isKilled) await new Promise(() => {})
  }
}
