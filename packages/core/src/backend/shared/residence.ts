import type { Home } from './directory.ts'

/**
 * A moment in what every node sends: messages that a node matched before it, it has sent to the old home of a session
 * alone, and those behind it to the new one too. Each node says where it is in its own stream, by a mark.
 */
export class Cut {
  /** Tells it from others; a mark bears it. */
  readonly tag: number
  /** Nodes that have not marked yet; nothing before they are asked. */
  #waiting: Set<string> | undefined

  constructor(tag: number) {
    this.tag = tag
  }

  /** These nodes are asked for a mark, in this turn. */
  ask(nodes: Iterable<string>): void {
    this.#waiting = new Set(nodes)
  }

  /** This one is asked too. */
  wait(node: string): void {
    this.#waiting?.add(node)
  }

  mark(node: string): void {
    this.#waiting?.delete(node)
  }

  /** What this node sends is the old home's. */
  waitsFor(node: string): boolean {
    return this.#waiting?.has(node) !== false
  }
}

/** That a session lives at this node, where several nodes are one service. */
export class Residence {
  /** As the directory has it; nothing while it arrives. */
  home: Home | undefined
  /** While it arrives: whose messages it does not take yet. */
  cut: Cut | undefined = undefined
  /** Another node has it: what is left here goes without a word. */
  departed = false

  constructor(home: Home | undefined) {
    this.home = home
  }
}

/** All cuts that are waited for at this node. */
export class Cuts {
  readonly #cuts = new Map<number, Cut>()

  get isEmpty(): boolean {
    return this.#cuts.size === 0
  }

  begin(cut: Cut): void {
    this.#cuts.set(cut.tag, cut)
  }

  end(cut: Cut | undefined): void {
    if (cut !== undefined) this.#cuts.delete(cut.tag)
  }

  /** What comes from this node from now on is for those who arrive too. */
  mark(tag: number, node: string): void {
    this.#cuts.get(tag)?.mark(node)
  }
}
