import type { BackendOptions, OrderedStore } from '@mqtt-stack/core/backend'
import { BACKEND_OPTIONS, Backend } from '@mqtt-stack/core/backend'

/** What every backend over an ordered store is: for tests. */
export class StoredBackend extends Backend {
  constructor(options: BackendOptions | undefined, store: OrderedStore) {
    super(options, BACKEND_OPTIONS, () => store)
  }
}
