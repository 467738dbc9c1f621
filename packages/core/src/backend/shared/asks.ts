import type { Sender } from './sender.ts'

/** Somebody who wants to know where in its own stream a node begins to know this one's routes. */
export interface Ask {
  /** Who hears of it. */
  readonly markers: readonly string[]
  /** The marks bear it. */
  readonly tag: number
  asked(node: string): void
}

/** Who wants marks of nodes that get this one's routes from now on. */
export class Asks {
  readonly #asks = new Set<Ask>()

  /** Answers with what ends it. */
  add(ask: Ask): () => void {
    this.#asks.add(ask)
    return () => this.#asks.delete(ask)
  }

  /** A node has been sent the routes of this one, which is the owner, as they are in this version. */
  tell(node: string, version: number, owner: string, sender: Sender): void {
    for (const { markers, tag, asked } of this.#asks) {
      asked(node)
      sender.send(node, {
        kind: 'routes',
        part: 'change',
        owner,
        version,
        changes: [],
        gone: [],
        markers,
        tag,
      })
    }
  }
}
