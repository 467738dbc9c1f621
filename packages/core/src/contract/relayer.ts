/** The one way of a message to those who subscribed: asked with relayMessage, then told with messagePublished. */
import { bounded } from '../time/index.ts'
import type { Chain } from './chain.ts'
import type { MessageSamples } from './message-samples.ts'
import type { RelayContext, RelayStore } from './relay.ts'
import type { Stack } from './stack.ts'

/** For whoever brings messages into the broker. Make one in `start()`, and relay everything by it. */
export class Relayer {
  readonly #stack: Stack
  readonly #relay: Chain<'relayMessage'>
  readonly #published: Chain<'messagePublished'>
  readonly #samples: MessageSamples

  constructor(stack: Stack) {
    this.#stack = stack
    this.#samples = stack.samples
    this.#relay = stack.chain('relayMessage')
    this.#published = stack.chain('messagePublished')
  }

  /**
   * Executes relayMessage and, unless somebody vetoed it, tells messagePublished: nothing when all answered at once, a
   * promise otherwise. Throws, or rejects with, the first handler's error.
   */
  relay(ctx: RelayContext, store: RelayStore): void | Promise<void> {
    // No closure here: of each message one allocation is saved.
    const later =
      this.#samples.on && this.#samples.due() ? this.#sample(ctx, store) : this.#relay.run(ctx, store)
    if (!this.#published.answered) return later
    if (later !== undefined) return this.#tellLater(later, ctx, store)
    this.#tell(ctx, store)
  }

  #sample(ctx: RelayContext, store: RelayStore): void | Promise<void> {
    return this.#samples.relay(ctx, store, () => this.#relay.run(ctx, store))
  }

  #tellLater(later: Promise<void>, ctx: RelayContext, store: RelayStore): Promise<void> {
    return bounded(later.then(() => this.#tell(ctx, store)))
  }

  #tell({ client, publisher, origin, packet }: RelayContext, relayed: RelayStore): void {
    if (!relayed.vetoed) this.#stack.tell('messagePublished', { client, publisher, origin, packet, relayed })
  }
}
