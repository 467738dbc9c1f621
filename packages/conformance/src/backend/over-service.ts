import type { BackendOptions, SharedOptions, SharedStore } from '@mqtt-stack/core/backend'
import { BACKEND_OPTIONS, Backend, SHARED_OPTIONS } from '@mqtt-stack/core/backend'
import type { BackendUnderTest, Bounds, CreateBackend, ServiceUnderTest } from './backend-under-test.ts'
import { FaultySharedStore } from './faulty-shared-store.ts'

/** A place where several nodes keep one service; each test has one of its own. */
export interface ServicePlace extends ServiceUnderTest {
  /** A store over this place, for a node that begins; it may join more than once, one after the other. */
  open(node: string): SharedStore
  /** Takes the place away, when the test is over. */
  remove?(): void | Promise<void>
}

/** A backend over the stores that it is given, one each time that it joins. */
class ServiceBackend extends Backend<BackendOptions & SharedOptions> {
  constructor(options: BackendOptions, store: () => SharedStore) {
    super(options, { ...BACKEND_OPTIONS, ...SHARED_OPTIONS }, store)
  }
}

/**
 * `create` for a backend over a store that several nodes share, with all that the capability `distributed` needs:
 *
 *     create: overService(() => {
 *       const clock = new VirtualClock()
 *       const prefix = randomUUID()
 *       const pass = async (ms) => { await Promise.all([clock.advance(ms), setTimeout(ms)]) }
 *       return { clock, lease: 1_000, pass, left: () => countKeys(prefix), open: (node) => new MyStore(prefix, node) }
 *     })
 *
 * @param make Makes the backend; the kit's own `Backend` by default.
 */
export function overService(
  place: () => ServicePlace,
  make: (bounds: Bounds, store: () => SharedStore) => BackendUnderTest['backend'] = (bounds, store) =>
    new ServiceBackend(bounds, store),
): CreateBackend {
  return (bounds) => {
    const service = place()
    let count = 0
    const join = (): BackendUnderTest => {
      const name = `node-${++count}`
      let store: FaultySharedStore | undefined
      const backend = make(bounds, () => {
        store = new FaultySharedStore(service.open(name))
        return store
      })
      return {
        backend,
        service,
        join,
        crash: () => store?.kill(),
        cut: () => store?.cut() ?? (() => {}),
      }
    }
    const first = join()
    return { ...first, close: () => service.remove?.() }
  }
}
