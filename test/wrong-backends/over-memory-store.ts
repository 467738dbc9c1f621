import type { CreateBackend } from '@mqtt-stack/conformance/backend'
import { overStore } from '@mqtt-stack/conformance/backend'
import type { MiddlewareLike } from '@mqtt-stack/core'
import type { BackendOptions, OrderedStore } from '@mqtt-stack/core/backend'
import { BACKEND_OPTIONS, Backend } from '@mqtt-stack/core/backend'
import { MemoryStore } from '@mqtt-stack/testing'

/** A right backend over a store: what is wrong is made from it. */
export class RightBackend extends Backend {
  constructor(options: BackendOptions, store: OrderedStore) {
    super(options, BACKEND_OPTIONS, () => store)
  }
}

/** `create` for a durable backend of tests; what it commits is in memory. */
export function overMemoryStore(
  make: new (options: BackendOptions, store: OrderedStore) => MiddlewareLike,
): CreateBackend {
  return overStore(
    () => {
      const store = new MemoryStore()
      return { open: () => store }
    },
    (bounds, store) => new make(bounds, store),
  )
}
