import type { Home } from './directory.ts'

/**
 * A moment in what every node sends: messages that a node matched before it, it has sent to the old home of a session
 * alone, and those behind it to the new one too. Each node says where it is in its own stream, by a mark.
 */
export class Cut {
  /** Tells it from others; a mark bears it. */
  readonly tag: number
  /** Nodes that have not marked yet: what they send is the old home's. */
  readonly waiting: Set<string>

  constructor(tag: number, nodes: Iterable<string>) {
    this.tag = tag
    this.waiting = new Set(nodes)
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
