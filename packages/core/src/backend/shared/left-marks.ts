import type { Cut } from './residence.ts'
import type { SharedNode } from './shared-node.ts'

/** Which nodes know that the sessions of a dead one come here: behind its mark each sends here what is for them. */
export class LeftMarks {
  readonly #node: SharedNode
  readonly #left: string
  readonly #asked = new Set<string>()
  /** Nodes that were asked and have not marked yet. */
  readonly missing: Set<string> = new Set<string>()
  /** Fulfils when all who are alive know. */
  announced: Promise<void> = Promise.resolve()
  #tag = 0

  constructor(node: SharedNode, left: string) {
    this.#node = node
    this.#left = left
  }

  /**
   * Asks all who are alive, and from now on those who join or come back.
   * @returns What ends that.
   */
  ask(cut: Cut): () => void {
    const { node, routes, peers } = this.#node
    const nodes = [...peers.live, node]
    const markers = [this.#left, node]
    this.#tag = cut.tag
    // What was sent in the name of one that is dead is in the inbox of the other too.
    cut.ask([...nodes, ...peers.known])
    for (const one of nodes) this.#add(one)
    const end = routes.askNewcomers(markers, cut.tag, (one) => {
      if (!this.#asked.has(one)) cut.wait(one)
      this.#add(one)
    })
    this.announced = routes.announce([], markers, [], cut.tag)
    this.announced.catch(() => {})
    return end
  }

  mark(tag: number, from: string): void {
    if (tag === this.#tag) this.missing.delete(from)
  }

  /** Whether what came of a node last has been sent here too. */
  knows(from: string): boolean {
    return this.#asked.has(from) && !this.missing.has(from)
  }

  /** Whoever has marked, and lapses, knows all the same. */
  #add(node: string): void {
    if (!this.#asked.has(node)) this.missing.add(node)
    this.#asked.add(node)
  }
}
