import type { CallbackName, Stack, Store } from '../../contract/index.ts'
import { CALLBACKS } from '../../contract/index.ts'
import { ReasonCode } from '../../packets/index.ts'

/** What a backend answers meanwhile; what is not here does nothing. */
const ANSWERS: Partial<Record<CallbackName, (ctx: never, store: never) => void>> = {
  openSession(_ctx: never, store: Store<'openSession'>) {
    store.refused = ReasonCode.SERVER_UNAVAILABLE
    store.reason = 'this node is joining its service anew'
  },
  // A will among them is published by whoever has the session now.
  relayMessage(_ctx: never, store: Store<'relayMessage'>) {
    store.vetoed = true
    store.reasonCode = ReasonCode.QUOTA_EXCEEDED
  },
  subscribeTopic(_ctx: never, store: Store<'subscribeTopic'>) {
    store.grant = ReasonCode.UNSPECIFIED_ERROR
  },
}

/**
 * Stands in for a backend whose node has lost what was its own: its sessions are another node's, and nothing that is still to be done for
 * their connections is done here.
 */
export class Away {
  readonly #backend: object
  readonly #stack: Stack
  /** The backend's own members, by name; `undefined` where its class has the method. */
  #before: Map<string, PropertyDescriptor | undefined> | undefined

  constructor(backend: object, stack: Stack) {
    this.#backend = backend
    this.#stack = stack
  }

  begin(): void {
    if (this.#before !== undefined) return
    this.#before = new Map()
    for (const name of Object.keys(CALLBACKS)) {
      if (typeof (this.#backend as Record<string, unknown>)[name] !== 'function') continue
      this.#before.set(name, Object.getOwnPropertyDescriptor(this.#backend, name))
      const value = ANSWERS[name as CallbackName] ?? (() => {})
      Object.defineProperty(this.#backend, name, { value, configurable: true, writable: true })
    }
    this.#stack.refresh()
  }

  end(): void {
    if (this.#before === undefined) return
    for (const [name, descriptor] of this.#before) {
      if (descriptor === undefined) delete (this.#backend as Record<string, unknown>)[name]
      else Object.defineProperty(this.#backend, name, descriptor)
    }
    this.#before = undefined
    this.#stack.refresh()
  }
}
