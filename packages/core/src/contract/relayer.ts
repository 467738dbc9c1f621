/** The one way of a message to those who subscribed: asked with relayMessage, then told with messagePublished. */
import { bounded } from '../time/index.ts'
import type { Chain } from './chain.ts'
import type { RelayContext, RelayStore } from './relay.ts'
import type { Stack } from './stack.ts'

/** For whoever brings messages into the broker. Make one in `start()`, and relay everything by it. */
export class Relayer {
  readonly #stack: Stack
  readonly #relay: Chain<'relayMessage'>
  readonly #published: Chain<'messagePublished'>

  constructor(stack: Stack) {
    this.#stack = stack
    this.#relay = stack.chain('relayMessage')
    this.#published = stack.chain('messagePublished')
  }

  /**
   * Executes relayMessage and, unless somebody vetoed it, tells messagePublished: nothing when all answered at once, a
   * promise otherwise. Throws, or rejects with, the first handler's error.
   */
  relay(ctx: RelayContext, store: RelayStore): void | Promise<void> {
    const { samples } = this.#stack
    const later =
      samples.on && samples.due()
        ? samples.relay(ctx, store, () => this.#relay.run(ctx, store))
        : this.#relay.run(ctx, store)
    if (!this.#published.answered) return later
    if (later === undefined) this.#tell(ctx, store)
    else return bounded(later.then(() => this.#tell(ctx, store)))
  }

  #tell({ client, publisher, origin, packet }: RelayContext, relayed: RelayStore): void {
    if (!relayed.vetoed) this.#stack.tell('messagePublished', { client, publisher, origin, packet, relayed })
  }
}
