/** State that a middleware keeps on a client or a session, typed and private to whoever holds the slot. */

/** What can carry slots: a Client, a Session. */
export interface SlotHost {
  readonly slots: unknown[]
}

let slots = 0

/**
 * One piece of state for each client (or session). Make slots at module level, as
 * `const state = new Slot(() => new Flow())`: only the module that holds the slot can read it.
 */
export class Slot<T> {
  // An index into one array a host, so that all hosts share one shape whatever is in the stack.
  readonly #index: number = slots++
  readonly #make: () => T

  constructor(make: () => T) {
    this.#make = make
  }

  /** The state of this host, made at the first call. */
  of(host: SlotHost): T {
    const found = host.slots[this.#index]
    return found === undefined ? this.#fill(host) : (found as T)
  }

  /** The state of this host if it was ever asked for. */
  peek(host: SlotHost): T | undefined {
    return host.slots[this.#index] as T | undefined
  }

  /** Replaces the state of this host. */
  set(host: SlotHost, value: T): void {
    while (host.slots.length < this.#index) host.slots.push(undefined)
    host.slots[this.#index] = value
  }

  #fill(host: SlotHost): T {
    const made = this.#make()
    this.set(host, made)
    return made
  }
}
