import type { BackendOptions, OrderedStore } from '@mqtt-stack/core/backend'
import { BACKEND_OPTIONS, Backend } from '@mqtt-stack/core/backend'
import type { BackendUnderTest, Bounds, CreateBackend } from './backend-under-test.ts'
import { FaultyStore } from './faulty-store.ts'

/** A place where a store keeps things, such as a directory; each test has one of its own. */
export interface StorePlace {
  /** A store over this place; of several, one after the other, the later ones find what the earlier ones have committed. */
  open(): OrderedStore
  /** Takes the place away, when the test is over. */
  remove?(): void | Promise<void>
}

/** A backend over the store that it is given. */
class StoreBackend extends Backend {
  constructor(options: BackendOptions, store: OrderedStore) {
    super(options, BACKEND_OPTIONS, () => store)
  }
}

/**
 * `create` for a backend over an ordered store, with all that the capability `durable` needs:
 *
 *     create: overStore(() => {
 *       const path = mkdtempSync(join(tmpdir(), 'store-'))
 *       return { open: () => new MyStore(path), remove: () => rmSync(path, { recursive: true }) }
 *     })
 *
 * @param make Makes the backend; the kit's own `Backend` by default.
 */
export function overStore(
  place: () => StorePlace,
  make: (bounds: Bounds, store: OrderedStore) => BackendUnderTest['backend'] = (bounds, store) =>
    new StoreBackend(bounds, store),
): CreateBackend {
  return (bounds) => {
    const { open, remove } = place()
    const openAgain = (): BackendUnderTest => {
      const store = new FaultyStore(open())
      return {
        backend: make(bounds, store),
        reopen: openAgain,
        crash: (underWay) => store.crash(underWay),
        holdCommits: () => store.holdCommits(),
        failWrites: () => store.failWrites(),
        close: remove,
      }
    }
    return openAgain()
  }
}
